using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>What a version must keep to at this site; beyond it the version is taken out of use. Part <c>guard</c> of <c>scoring.yaml</c>, docs/reference/scoring.md.</summary>
public sealed record GuardBounds
{
    /// <summary>What holds where the configuration says nothing.</summary>
    public static GuardBounds Default { get; } = new();

    /// <summary>Length of the sliding window in which rows, errors and times are counted.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Least number of rows in the window before anything is said of them.</summary>
    public int LeastRows { get; init; } = 50;

    /// <summary>Greatest share of rows on which the model failed to run.</summary>
    public double Errors { get; init; } = 0.05;

    /// <summary>Greatest 99th percentile of the time that a row takes.</summary>
    public TimeSpan Latency { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Greatest share of rows that lack a value without which there is no score, or that have an implausible one.</summary>
    public double BadRows { get; init; } = 0.25;

    /// <summary>How many of the latest outcomes are looked at.</summary>
    public int Outcomes { get; init; } = 2000;

    /// <summary>Least number of outcomes of each class, or of numbers, before anything is said of them.</summary>
    public int LeastOutcomes { get; init; } = 50;

    /// <summary>Greatest distance of the share of positives from the mean probability; null: the study's own gate.</summary>
    public double? InTheLarge { get; init; }

    /// <summary>Least and greatest calibration slope; null: the study's own gate.</summary>
    public (double Least, double Greatest)? CalibrationSlope { get; init; }

    /// <summary>By how much, of itself, the AUROC may be below the reference, or the mean absolute error of a number above it.</summary>
    public double Fall { get; init; } = 0.05;

    /// <summary>Where a number is predicted: greatest distance from 0 of the mean of outcome less prediction, as a share of the reference's mean absolute error.</summary>
    public double Bias { get; init; } = 0.5;

    /// <summary>Failures of a model's session one after the other that open its circuit.</summary>
    public int BreakAfter { get; init; } = 5;

    /// <summary>How long an open circuit stays open before one row is tried.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(30);

    internal static GuardBounds Read(YamlFields fields)
    {
        var read = new GuardBounds
        {
            Window = Optional("window-minutes", key => TimeSpan.FromMinutes(fields.Integer(key, 1, 1440)), Default.Window),
            LeastRows = Optional("least-rows", key => (int)fields.Integer(key, 1, 1_000_000), Default.LeastRows),
            Errors = Optional("errors", key => fields.Number(key, 0, 1), Default.Errors),
            Latency = Optional("latency-ms", key => TimeSpan.FromMilliseconds(fields.Integer(key, 1, 60_000)), Default.Latency),
            BadRows = Optional("bad-rows", key => fields.Number(key, 0, 1), Default.BadRows),
            Outcomes = Optional("outcomes", key => (int)fields.Integer(key, 10, 100_000), Default.Outcomes),
            LeastOutcomes = Optional("least-outcomes", key => (int)fields.Integer(key, 2, 50_000), Default.LeastOutcomes),
            InTheLarge = Optional<double?>("in-the-large", key => fields.Number(key, 0.001, 1), null),
            CalibrationSlope = Optional<(double, double)?>("calibration-slope", _ => Slope(), null),
            Fall = Optional("fall", key => fields.Number(key, 0.001, 1), Default.Fall),
            Bias = Optional("bias", key => fields.Number(key, 0.001, 1), Default.Bias),
            BreakAfter = Optional("break-after", key => (int)fields.Integer(key, 1, 1000), Default.BreakAfter),
            Pause = Optional("pause-seconds", key => TimeSpan.FromSeconds(fields.Integer(key, 1, 3600)), Default.Pause),
        };
        fields.End("window-minutes", "least-rows", "errors", "latency-ms", "bad-rows", "outcomes", "least-outcomes", "in-the-large", "calibration-slope", "fall", "bias", "break-after", "pause-seconds");
        return read;

        (double, double)? Slope()
        {
            if (fields.Map("calibration-slope") is not { } slope)
                return null;
            var bounds = (slope.Number("least", 0, 1), slope.Number("greatest", 1, 100));
            slope.End("least", "greatest");
            return bounds;
        }

        T Optional<T>(string key, Func<string, T> value, T otherwise) => fields.Has(key) ? value(key) : otherwise;
    }
}
