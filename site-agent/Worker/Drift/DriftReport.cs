using System.Collections.Immutable;
using System.Globalization;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>What a steward asks about drift: the rows as they are now against those of the last run, or against those before a day.</summary>
/// <param name="core">For the exclusions.</param>
/// <param name="events">The site's event stores.</param>
/// <param name="desk">Keeps the profile of the last run.</param>
public sealed class DriftReport(WorkerCore core, SiteEvents events, DriftDesk desk)
{
    /// <summary>Checks a study over events.</summary>
    /// <param name="study">The study.</param>
    /// <param name="from">yyyy-MM-dd: rows predicted from that day on are held against those before it; empty: all rows against the last run's.</param>
    /// <exception cref="StewardException">It cannot be checked; the message says why.</exception>
    public DriftReply Of(Study study, string from)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(from);
        if (study.Data.Cohort is null)
            throw new StewardException($"The study {study.Name} reads a table, whose rows have no dates; drift is checked when a new run of it begins.");
        var source = events.Open(study.Data.Dataset);
        var rows = ClinicalCohort.Of(study.Data, source, core.Exclusions().Contains, CancellationToken.None).Rows;
        if (from.Length == 0)
        {
            var all = desk.Check(study, RowsOf(rows)) ?? throw new StewardException($"No run of the study {study.Name} has trained here yet; name a day with --from to hold later rows against earlier ones.");
            return Reply(all, $"{rows.Length} rows as they are now, against the training rows of the last run");
        }

        if (!DateOnly.TryParseExact(from, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            throw new StewardException($"'{from}' is no day; write it as 2018-01-31.");
        var start = source.Clock.StartOfDay(day);
        var (before, after) = (rows.Where(row => row.Prediction < start).ToImmutableArray(), rows.Where(row => row.Prediction >= start).ToImmutableArray());
        if (before.IsEmpty || after.IsEmpty)
            throw new StewardException($"{before.Length} rows lie before {from} and {after.Length} from then on; both are needed.");
        var reference = StudyDrift.Profile(study, RowsOf(before));
        return Reply(StudyDrift.Check(study, reference, RowsOf(after), check: 1), $"{after.Length} rows from {from} on, against the {before.Length} before");
    }

    /// <summary>A result's name, for people: what drifted, by which test.</summary>
    public static string Name(DriftResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        var of = result.Measurement switch
        {
            { OtherFeature: { } other, Feature: { } feature } => $"{feature} and {other}",
            { Feature: { } feature } => feature,
            { Test: DriftTest.LabelPrevalence } => "outcome",
            _ => "all numbers together",
        };
        return $"{of} ({result.Measurement.Test})";
    }

    private static CohortRows RowsOf(ImmutableArray<ClinicalRow> rows) =>
        new([.. rows.SelectMany(row => row.Values)], [.. rows.Select(row => row.Positive ? 1f : 0f)]);

    private static DriftReply Reply(DriftCheck check, string what)
    {
        var reply = new DriftReply { What = what, Number = (uint)check.Number, Alarms = (uint)check.Alarms.Count() };
        reply.Results.AddRange(check.Results.Select(result => new DriftLine
        {
            Name = Name(result),
            Verdict = result.Verdict.ToString(),
            ReferenceRows = (ulong)result.Measurement.ReferenceRows,
            CurrentRows = (ulong)result.Measurement.CurrentRows,
            Effect = result.Measurement.Effect ?? double.NaN,
            Threshold = result.Threshold,
            NullQuantile = result.Measurement.NullQuantile ?? double.NaN,
            Q = result.Q ?? double.NaN,
        }));
        return reply;
    }
}
