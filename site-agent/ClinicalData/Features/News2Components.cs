using System.Collections.Immutable;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>One way in which a component is recorded. An event that has a number but no unit here, or a coded value that is no level here, says nothing.</summary>
/// <param name="Component">Which component.</param>
/// <param name="Events">Events that record it.</param>
/// <param name="Unit">What an event's number is converted into (UCUM); null: numbers say nothing.</param>
/// <param name="Levels">What an event's coded value means; empty: coded values say nothing.</param>
/// <param name="Finding">What an event means that has neither number nor coded value, because its own code is the answer; null: nothing.</param>
/// <param name="Above">Of supplemental oxygen: a number greater than this means 1, else 0.</param>
public sealed record News2Source(
    News2Component Component, EventSelection Events, string? Unit, ImmutableArray<CodedLevel> Levels, double? Finding = null, double? Above = null);

/// <summary>Where the components are found. The latest event of all sources of a component counts.</summary>
public static partial class News2
{
    // ACVPU: LOINC 67775-7 "Level of responsiveness" has the answers of AVPU; new confusion is none of them, and is sent as LA6560-2 "Confused".
    // SNOMED CT: NHS Digital's CareConnect guide for NEWS2 observations. Codes that end in 1000000101 and the like are of the UK edition.
    private static readonly ImmutableArray<CodedLevel> s_consciousness =
    [
        Level((int)Consciousness.Alert, ("loinc", "LA9340-6"), ("snomed", "248234008")),
        Level((int)Consciousness.Confusion, ("loinc", "LA6560-2"), ("snomed", "130987000")),
        Level((int)Consciousness.Voice, ("loinc", "LA17108-4"), ("snomed", "300202002")),
        Level((int)Consciousness.Pain, ("loinc", "LA17107-6"), ("snomed", "450847001")),
        Level((int)Consciousness.Unresponsive, ("loinc", "LA9343-0"), ("snomed", "422768004")),
    ];

    private static readonly ImmutableArray<CodedLevel> s_onOxygen =
    [
        Level(0, ("snomed", "373067005"), ("loinc", "LA32-8"), ("snomed", "722742002")),
        Level(1, ("snomed", "373066001"), ("loinc", "LA33-6"), ("snomed", "371825009")),
    ];

    private static readonly ImmutableArray<CodedLevel> s_onAir =
    [
        Level(0, ("snomed", "373066001"), ("loinc", "LA33-6")),
        Level(1, ("snomed", "373067005"), ("loinc", "LA32-8")),
    ];

    /// <summary>Every way in which every component is recorded, in the order of the components.</summary>
    public static ImmutableArray<News2Source> Components { get; } =
    [
        Measured(News2Component.RespiratoryRate, "/min", ("loinc", "9279-1"), ("snomed", "86290005")),
        Measured(News2Component.OxygenSaturation, "%", ("loinc", "2708-6"), ("loinc", "59408-5"), ("snomed", "431314004")),

        // Inhaled oxygen flow rate, and inhaled oxygen concentration: air has 21 %.
        Measured(News2Component.SupplementalOxygen, "L/min", ("loinc", "3151-8")) with { Above = 0 },
        Measured(News2Component.SupplementalOxygen, "%", ("loinc", "3150-0")) with { Above = 21 },

        // "Patient on oxygen" is a finding, a question with yes and no, and the name of a flow; "breathing room air" is a finding, and a question.
        Measured(News2Component.SupplementalOxygen, "L/min", ("snomed", "371825009")) with { Above = 0, Levels = s_onOxygen, Finding = 1 },
        new(News2Component.SupplementalOxygen, Observation(("snomed", "722742002")), null, s_onAir, 0),

        Measured(News2Component.SystolicPressure, "mm[Hg]", ("loinc", "8480-6"), ("snomed", "72313002"), ("snomed", "271649006")),
        Measured(News2Component.Pulse, "/min", ("loinc", "8867-4"), ("snomed", "364075005"), ("snomed", "78564009")),
        new(News2Component.Consciousness, Observation(("loinc", "67775-7"), ("loinc", "80288-4"), ("snomed", "1104441000000107")), null, s_consciousness),
        Measured(News2Component.Temperature, "Cel", ("loinc", "8310-5"), ("loinc", "8331-1"), ("snomed", "386725007"), ("snomed", "276885007")),
    ];

    /// <summary>Observations that say that saturation was scored on scale 2 ("oxygen saturation scale 2 score"), which nothing else says.</summary>
    public static EventSelection Scale2 { get; } = Observation(("snomed", "1104321000000108"));

    /// <summary>Observations that say that saturation was scored on scale 1: the later of the two says which scale holds.</summary>
    public static EventSelection Scale1 { get; } = Observation(("snomed", "1104311000000102"));

    /// <summary>
    /// Conditions that say that the patient is pregnant, from their onset until they ended, and at most <see cref="LongestPregnancy"/>: an end is often not
    /// recorded. Of ICD's chapter of pregnancy without abortion, delivery, puerperium and what follows them.
    /// </summary>
    public static EventSelection Pregnancy { get; } = new(
        [EventType.Condition],
        [
            .. Codes("snomed", "77386006", "72892002", "47200007"),
            .. Codes("icd-10-cm", "Z33.1", "Z34*", "O09*", "O1*", "O2*", "O3*", "O4*"),
            .. Codes("icd-10", "Z33*", "Z34*", "O1*", "O2*", "O3*", "O4*"),
            .. Codes("icd-9", "V22*", "V23*"),
        ]);

    /// <summary>How long a recorded pregnancy counts at most: 44 weeks.</summary>
    public static TimeSpan LongestPregnancy { get; } = TimeSpan.FromDays(308);

    /// <summary>Least and greatest plausible number of a component, in its unit; a number outside counts as missing.</summary>
    public static (double Least, double Greatest) Plausible(News2Component component) => component switch
    {
        News2Component.RespiratoryRate => (1, 100),
        News2Component.OxygenSaturation => (40, 100),
        News2Component.SystolicPressure => (30, 300),
        News2Component.Pulse => (20, 300),
        News2Component.Temperature => (25, 45),
        _ => (0, double.MaxValue),
    };

    private static News2Source Measured(News2Component component, string unit, params ReadOnlySpan<(string System, string Code)> codes) =>
        new(component, Observation(codes), unit, []);

    private static EventSelection Observation(params ReadOnlySpan<(string System, string Code)> codes) => new([EventType.Observation], Codes(codes));

    private static CodedLevel Level(int level, params ReadOnlySpan<(string System, string Code)> codes) => new(level, Codes(codes));

    private static IEnumerable<StudyCode> Codes(string system, params IEnumerable<string> codes) => codes.Select(code => new StudyCode(system, code));

    private static ImmutableArray<StudyCode> Codes(ReadOnlySpan<(string System, string Code)> codes)
    {
        var all = ImmutableArray.CreateBuilder<StudyCode>(codes.Length);
        foreach (var (system, code) in codes)
            all.Add(new StudyCode(system, code));
        return all.ToImmutable();
    }
}
