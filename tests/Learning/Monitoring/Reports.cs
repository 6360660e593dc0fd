using CsCheck;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Learning.Monitoring;

/// <summary>Days of a scoring program, for tests.</summary>
internal static class Reports
{
    internal static readonly Study Study = StudyText.Of("""
        {name: age, unit: a, range: [0, 120], missing: mean}
        {name: stage, type: category, levels: [1, 2, 3], missing: no-level}
        """, evaluation: "{every: 1, subgroups: [{feature: age, bands: [40, 65]}, {feature: stage}]}"); // no band ends where a cell does

    internal static readonly ServedVersion Version = new(ModelVersion.Parse("1.2.0"), Sha256Digest.Of("model"u8));

    internal static readonly FourierBasis Basis = FourierBasis.Of("reports", 1, 8, Math.Sqrt(2));

    internal static readonly DateOnly Monday = new(2027, 3, 1);

    // A row: logit (NaN: none), age, stage, what came of it (null: not known), and microseconds.
    internal static readonly Gen<(float Logit, float Age, float Stage, bool? Outcome, int Time)> Row = Gen.Select(
        Gen.Frequency((12, Gen.Float[-4, 4]), (1, Gen.Const(float.NaN))),
        Gen.Frequency((6, Gen.Float[20, 90]), (3, Gen.OneOf(Gen.Float[38, 42], Gen.Float[63, 67])), (1, Gen.OneOf(float.NaN, 900f))),
        Gen.OneOf(1f, 1f, 1f, 2f, 3f, float.NaN, 7f),
        Gen.OneOf<bool?>(null, false, false, true),
        Gen.Int[10, 5_000]);

    internal static DayReport Of(DateOnly day, IEnumerable<(float Logit, float Age, float Stage, bool? Outcome, int Time)> rows, int shadows = 0)
    {
        var report = new DayReport("heart", Version.Version, Version.Model, day, Study, Basis);
        foreach (var row in rows)
        {
            report.CountAnswer(row.Logit, float.IsNaN(row.Logit) ? DayReport.MissingReason : null, TimeSpan.FromMicroseconds(row.Time), [row.Age, row.Stage], [Scaled(row.Age)]);
            if (row.Outcome is { } positive && !float.IsNaN(row.Logit))
                report.CountOutcome(row.Logit, positive, SubgroupIndex.Of(Study, [row.Age, row.Stage]));
        }

        for (var i = 0; i < shadows; i++)
            report.CountShadow();
        return report;
    }

    // As a sketch takes an age: a decade is 1, and what is missing or implausible 0.
    internal static double Scaled(float age) => age is >= 0 and <= 120 ? (age - 60) / 10 : 0;

    internal static MonitoredWindow Window(DayReport sum, int minimum, ReportSchedule schedule = ReportSchedule.Daily, FourierSketch? reference = null)
    {
        var usage = MonitoredUsage.Of(Study, sum, minimum, reference);
        return new MonitoredWindow(schedule.WindowOf(sum.Day), usage, MonitoredOutcomes.Of(Study, usage, sum, minimum, withAreas: true));
    }
}
