namespace FederatedClinicalMl.ClinicalData;

/// <summary>The seven components of the score, in the order of its chart. Oxygen saturation comes with the scale that it is scored on.</summary>
public enum News2Component
{
    /// <summary>Breaths per minute.</summary>
    RespiratoryRate,

    /// <summary>Peripheral oxygen saturation, in per cent.</summary>
    OxygenSaturation,

    /// <summary>Whether the patient gets oxygen: 1, or breathes air: 0.</summary>
    SupplementalOxygen,

    /// <summary>Systolic blood pressure, in mm[Hg].</summary>
    SystolicPressure,

    /// <summary>Beats per minute.</summary>
    Pulse,

    /// <summary>Level of consciousness, as a number of <see cref="ClinicalData.Consciousness"/>.</summary>
    Consciousness,

    /// <summary>Body temperature, in Cel.</summary>
    Temperature,
}

/// <summary>Levels of consciousness (ACVPU).</summary>
public enum Consciousness
{
    /// <summary>Alert.</summary>
    Alert,

    /// <summary>New confusion.</summary>
    Confusion,

    /// <summary>Responds to voice.</summary>
    Voice,

    /// <summary>Responds to pain.</summary>
    Pain,

    /// <summary>Unresponsive.</summary>
    Unresponsive,
}

/// <summary>Why there is no score.</summary>
public enum News2Gap
{
    /// <summary>A component was not measured, or its value is implausible.</summary>
    Missing,

    /// <summary>The patient is under 16 years old, for whom the score is not made.</summary>
    Under16,

    /// <summary>The patient's age is not known.</summary>
    AgeUnknown,

    /// <summary>The patient is pregnant, for whom the score is not made.</summary>
    Pregnant,
}

/// <summary>One set of the seven components; null where one was not measured.</summary>
/// <param name="RespiratoryRate">Per minute.</param>
/// <param name="OxygenSaturation">In per cent.</param>
/// <param name="OnOxygen">Whether the patient gets oxygen.</param>
/// <param name="SystolicPressure">In mm[Hg].</param>
/// <param name="Pulse">Per minute.</param>
/// <param name="Consciousness">Level of consciousness.</param>
/// <param name="Temperature">In Cel.</param>
/// <param name="Scale2">
/// Whether saturation is scored on scale 2, of patients with hypercapnic respiratory failure whose target is 88 to 92 %. Only where a clinician's decision
/// is coded (<see cref="News2.Scale2"/>): guessed from a diagnosis it would hide that the others are short of oxygen.
/// </param>
public sealed record News2Vitals(
    double? RespiratoryRate = null, double? OxygenSaturation = null, bool? OnOxygen = null, double? SystolicPressure = null, double? Pulse = null,
    Consciousness? Consciousness = null, double? Temperature = null, bool Scale2 = false)
{
    /// <summary>The set with one component more.</summary>
    /// <param name="component">Which.</param>
    /// <param name="value">Its number, as a <see cref="News2Source"/> gives it.</param>
    public News2Vitals With(News2Component component, double value) => component switch
    {
        News2Component.RespiratoryRate => this with { RespiratoryRate = value },
        News2Component.OxygenSaturation => this with { OxygenSaturation = value },
        News2Component.SupplementalOxygen => this with { OnOxygen = value > 0 },
        News2Component.SystolicPressure => this with { SystolicPressure = value },
        News2Component.Pulse => this with { Pulse = value },
        News2Component.Consciousness => this with { Consciousness = (Consciousness)value },
        News2Component.Temperature => this with { Temperature = value },
        _ => throw new ArgumentOutOfRangeException(nameof(component)),
    };
}

/// <summary>A score, or why there is none.</summary>
/// <param name="Score">From 0 to 20; null: there is none.</param>
/// <param name="Gap">Why there is none.</param>
/// <param name="Component">With <see cref="News2Gap.Missing"/>: the first component that is missing.</param>
public readonly record struct News2Result(int? Score, News2Gap? Gap = null, News2Component? Component = null)
{
    /// <inheritdoc/>
    public override string ToString() => Gap switch
    {
        null => $"{Score}",
        News2Gap.Missing => $"missing: {Component}",
        News2Gap.Under16 => "not applicable: under 16",
        News2Gap.AgeUnknown => "not applicable: age unknown",
        _ => "not applicable: pregnant",
    };
}

/// <summary>
/// The National Early Warning Score 2: how acutely ill a patient is, from one set of vital signs. Source: Royal College of Physicians, National Early
/// Warning Score (NEWS) 2: Standardising the assessment of acute-illness severity in the NHS, London 2017, chart 1 (the scoring system), which also says
/// that it is not for children under 16 years and not for pregnant women.
/// </summary>
public static partial class News2
{
    private const int LeastAge = 16;

    // For each component with bands: the points below each bound, and those from the last on.
    private static readonly (double Below, int Points)[] s_respiratoryRate = [(9, 3), (12, 1), (21, 0), (25, 2), (double.PositiveInfinity, 3)];
    private static readonly (double Below, int Points)[] s_scale1 = [(92, 3), (94, 2), (96, 1), (double.PositiveInfinity, 0)];
    private static readonly (double Below, int Points)[] s_scale2OnAir = [(84, 3), (86, 2), (88, 1), (double.PositiveInfinity, 0)];
    private static readonly (double Below, int Points)[] s_scale2OnOxygen = [(84, 3), (86, 2), (88, 1), (93, 0), (95, 1), (97, 2), (double.PositiveInfinity, 3)];
    private static readonly (double Below, int Points)[] s_systolicPressure = [(91, 3), (101, 2), (111, 1), (220, 0), (double.PositiveInfinity, 3)];
    private static readonly (double Below, int Points)[] s_pulse = [(41, 3), (51, 1), (91, 0), (111, 1), (131, 2), (double.PositiveInfinity, 3)];

    // In tenths of a degree, because 35.1 has no exact double.
    private static readonly (double Below, int Points)[] s_temperature = [(351, 3), (361, 1), (381, 0), (391, 1), (double.PositiveInfinity, 2)];

    /// <summary>
    /// The score of one set. Numbers are rounded to what the chart distinguishes, whole ones and tenths of a degree: 100.4 [degF] is 38.0 Cel, however it was converted.
    /// </summary>
    /// <param name="vitals">The set.</param>
    /// <param name="age">Completed years; null: not known.</param>
    /// <param name="pregnant">Whether the patient is known to be pregnant.</param>
    public static News2Result Score(News2Vitals vitals, int? age, bool pregnant)
    {
        ArgumentNullException.ThrowIfNull(vitals);
        if (age is not { } years)
            return new News2Result(null, News2Gap.AgeUnknown);
        if (years < LeastAge)
            return new News2Result(null, News2Gap.Under16);
        if (pregnant)
            return new News2Result(null, News2Gap.Pregnant);
        return Number(vitals.RespiratoryRate, News2Component.RespiratoryRate) is not { } rate ? Missing(News2Component.RespiratoryRate)
            : Number(vitals.OxygenSaturation, News2Component.OxygenSaturation) is not { } saturation ? Missing(News2Component.OxygenSaturation)
            : vitals.OnOxygen is not { } onOxygen ? Missing(News2Component.SupplementalOxygen)
            : Number(vitals.SystolicPressure, News2Component.SystolicPressure) is not { } pressure ? Missing(News2Component.SystolicPressure)
            : Number(vitals.Pulse, News2Component.Pulse) is not { } pulse ? Missing(News2Component.Pulse)
            : vitals.Consciousness is not { } consciousness ? Missing(News2Component.Consciousness)
            : Number(vitals.Temperature, News2Component.Temperature) is not { } temperature ? Missing(News2Component.Temperature)
            : new News2Result(
                Points(s_respiratoryRate, Whole(rate)) + Points(!vitals.Scale2 ? s_scale1 : onOxygen ? s_scale2OnOxygen : s_scale2OnAir, Whole(saturation))
                + (onOxygen ? 2 : 0) + Points(s_systolicPressure, Whole(pressure)) + Points(s_pulse, Whole(pulse))
                + (consciousness == Consciousness.Alert ? 0 : 3) + Points(s_temperature, Whole(temperature * 10)));
    }

    private static News2Result Missing(News2Component component) => new(null, News2Gap.Missing, component);

    // An implausible number is no measurement: scored, a saturation of 970 would be the best there is.
    private static double? Number(double? value, News2Component component)
    {
        var (least, greatest) = Plausible(component);
        return value >= least && value <= greatest ? value : null;
    }

    private static double Whole(double value) => Math.Round(value, MidpointRounding.AwayFromZero);

    private static int Points((double Below, int Points)[] bands, double value) => Array.Find(bands, band => value < band.Below).Points;
}
