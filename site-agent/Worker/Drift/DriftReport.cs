using System.Collections.Immutable;
using System.Globalization;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>What a steward asks about drift: the rows as they are now against those of the last run, against those before a day, or window by window.</summary>
/// <param name="core">For the exclusions.</param>
/// <param name="events">The site's event stores.</param>
/// <param name="secret">For the fingerprint of the rows.</param>
/// <param name="desk">Keeps the profile of the last run, and counts checks.</param>
public sealed class DriftReport(WorkerCore core, SiteEvents events, SiteSecret secret, DriftDesk desk)
{
    /// <summary>Checks a study over events.</summary>
    /// <param name="study">The study.</param>
    /// <param name="from">yyyy-MM-dd: rows predicted from that day on are held against those before it; empty: all rows against the last run's.</param>
    /// <param name="by">year, quarter or month: in windows, each held against the rows before the day, or without one before the first window; empty: in one.</param>
    /// <exception cref="StewardException">It cannot be checked; the message says why.</exception>
    public DriftReply Of(Study study, string from, string by = "")
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(by);
        if (study.Data.Cohort is null)
            throw new StewardException($"The study {study.Name} reads a table, whose rows have no dates; drift is checked before its rounds.");
        var source = events.Open(study.Data.Dataset);
        var cohort = ClinicalCohort.Of(study.Data, source, core.Exclusions().Contains, CancellationToken.None);
        using var hash = secret.BeginDataFingerprint();
        cohort.AppendTo(hash);
        var (rows, fingerprint) = (cohort.Rows, Sha256Digest.Of(hash));
        var (day, period) = (Day(from), Period(by));
        if (period is { } length)
            return Reply(desk.Check(study, $"by {length} from {from}", fingerprint, (_, number) => StudyDrift.Windows(study, rows, source.Clock, length, day, number)));
        if (day is not { } first)
        {
            return desk.Check(study, "last run", fingerprint, (profile, number) => Reply(
                StudyDrift.Check(study, profile ?? throw new StewardException($"No run of the study {study.Name} has trained here yet; name a day with --from, or windows with --by, to hold later rows against earlier ones."), StudyDrift.RowsOf(rows), number),
                $"{rows.Length} rows as they are now, against the training rows of the last run"));
        }

        var start = source.Clock.StartOfDay(first);
        var (before, after) = (rows.Where(row => row.Prediction < start).ToImmutableArray(), rows.Where(row => row.Prediction >= start).ToImmutableArray());
        if (before.IsEmpty || after.IsEmpty)
            throw new StewardException($"{before.Length} rows lie before {from} and {after.Length} from then on; both are needed.");
        return desk.Check(study, $"from {from}", fingerprint, (_, number) => Reply(
            StudyDrift.Check(study, StudyDrift.Profile(study, StudyDrift.RowsOf(before)), StudyDrift.RowsOf(after), number), $"{after.Length} rows from {from} on, against the {before.Length} before"));
    }

    /// <summary>A result's name, for people: what drifted, by which test.</summary>
    public static string Name(DriftResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return $"{result.Measurement.Subject} ({result.Measurement.Test})";
    }

    private static DateOnly? Day(string from) => from.Length == 0 ? null
        : DateOnly.TryParseExact(from, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day
        : throw new StewardException($"'{from}' is no day; write it as 2018-01-31.");

    private static DriftPeriod? Period(string by) => by switch
    {
        "" => null,
        "year" => DriftPeriod.Year,
        "quarter" => DriftPeriod.Quarter,
        "month" => DriftPeriod.Month,
        _ => throw new StewardException($"'{by}' is no window; write year, quarter or month."),
    };

    private static DriftReply Reply(DriftCheck check, string what)
    {
        var reply = new DriftReply { What = what, Number = (uint)check.Number, Alarms = (uint)check.Alarms.Count() };
        reply.Results.AddRange(check.Results.Select(Line));
        return reply;
    }

    private static DriftReply Reply(DriftTimeline check)
    {
        var reply = new DriftReply
        {
            What = $"{check.Windows.Length} windows, each against the {check.ReferenceRows} rows before the first", Number = (uint)check.Number, Alarms = (uint)check.Alarms,
        };
        reply.Windows.AddRange(check.Windows.Select(window =>
        {
            var one = new Protos.Steward.DriftWindow { Name = window.Name, Rows = (ulong)window.Rows };
            one.Results.AddRange(window.Results.Select(Line));
            return one;
        }));
        reply.First.AddRange(check.First.Select(alarm => new DriftFirst { Subject = alarm.Subject, Window = alarm.Window }));
        return reply;
    }

    private static DriftLine Line(DriftResult result) => new()
    {
        Name = Name(result),
        Subject = result.Measurement.Subject,
        Verdict = result.Verdict.ToString(),
        ReferenceRows = (ulong)result.Measurement.ReferenceRows,
        CurrentRows = (ulong)result.Measurement.CurrentRows,
        Effect = result.Measurement.Effect ?? double.NaN,
        Threshold = result.Threshold,
        NullQuantile = result.Measurement.NullQuantile ?? double.NaN,
        Q = result.Q ?? double.NaN,
    };
}
