using System.Collections.Concurrent;
using System.Collections.Immutable;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>What a steward asks of the quality of the site's events, and decides about flagged values; every decision is in the worker's log.</summary>
/// <param name="core">For exclusions and log.</param>
/// <param name="events">The stores.</param>
/// <param name="rules">The site's own rules.</param>
/// <param name="time">When values were counted.</param>
public sealed class QualityDesk(WorkerCore core, SiteEvents events, Func<QualityReading> rules, TimeProvider time)
{
    // Counts alone, and not on disk: they hold until the next import or decision, and the check that made them can be made again.
    private readonly ConcurrentDictionary<string, WaitingValues> _waiting = new(StringComparer.Ordinal);

    /// <summary>
    /// Logs decisions that were made and not logged, because the worker was killed in between. A file that cannot be read is passed over: where it
    /// holds anything that was logged, every study of its dataset is declined, and says so.
    /// </summary>
    public void Recover()
    {
        foreach (var dataset in events.WithDecisions)
        {
            try
            {
                core.RecordDecisions(dataset, events.Decisions(dataset));
            }
            catch (DatasetException)
            {
                continue;
            }
        }
    }

    /// <summary>Holds the rules against a dataset.</summary>
    /// <exception cref="StewardException">It cannot be read, quality.yaml has a fault, or the study is none of this dataset.</exception>
    public QualityReply Check(string dataset, Study? study, CancellationToken cancel) => DataDesk.Answer(() =>
    {
        var (source, basis) = (events.Open(dataset), (core.State.Exclusions, rules().Digest));
        var run = Run(source, dataset, study, findings: 0, cancel);
        var (report, waiting) = (run.Report, Count(dataset, study, source, run, basis));
        var quality = study?.Data.Quality;
        var reply = new QualityReply
        {
            Passed = report.Failing(quality).IsEmpty,
            Patients = (ulong)report.Patients,
            Events = (ulong)report.Events,
            Json = QualityReportJson.Write(report, quality),
            Html = QualityPage.Write(dataset, report, quality, study?.Name ?? ""),
            Waiting = (ulong)waiting.Count,
            WaitingSinceUnixSeconds = waiting.Since?.ToUnixTimeSeconds() ?? 0,
        };
        reply.KeepsOut.AddRange((quality ?? StudyQuality.Default).KeepsOut.Select(severity => severity.Word()));
        reply.Rules.AddRange(report.Results.Select(result => ResultOf(result, run.Queue.FirstOrDefault(queue => queue.Rule == result.Rule.Id))));
        reply.Loosened.AddRange(study is null ? report.Loosened.Select(result => result.Rule.Id) : []);
        return reply;
    });

    /// <summary>The flagged values, as a table.</summary>
    /// <inheritdoc cref="Check"/>
    public ReviewQualityReply Review(string dataset, Study? study, CancellationToken cancel) => DataDesk.Answer(() =>
    {
        var (source, basis) = (events.Open(dataset), (core.State.Exclusions, rules().Digest));
        var run = Run(source, dataset, study, QualityCheck.ShownFindings, cancel);
        Count(dataset, study, source, run, basis);
        var reply = new ReviewQualityReply { Csv = ReviewQueue.Write(run.Findings, source), Findings = (uint)run.Findings.Length };
        reply.More.AddRange(run.More.Select(rule => new ReviewRest { Rule = rule.Rule, Count = (ulong)rule.Count }));
        return reply;
    });

    /// <summary>Takes a table that was filled in.</summary>
    /// <exception cref="StewardException">A line has a fault, or nothing is decided.</exception>
    public DecideQualityReply Decide(string dataset, string csv, string steward) => DataDesk.Answer(() =>
    {
        core.RequireSoundLog();
        events.Decide(dataset, csv, steward);
        var batches = events.Decisions(dataset);
        core.RecordDecisions(dataset, batches);
        return new DecideQualityReply { Version = (uint)batches[^1].Mark.Version, Count = (uint)batches[^1].Decisions.Length };
    });

    /// <summary>The flagged values of a dataset that waited for a decision when they were last counted; null: nobody has counted them since the worker was started, the last import, the last decision, and the last change of rules and of who opted out.</summary>
    /// <param name="dataset">The dataset.</param>
    /// <param name="newest">Its last import.</param>
    public WaitingValues? Waiting(string dataset, StoreImport newest)
    {
        ArgumentNullException.ThrowIfNull(newest);
        return _waiting.TryGetValue(dataset, out var known) && known.Import == newest.Fingerprint && known.Decisions == core.State.Decisions.GetValueOrDefault(dataset, DecisionMark.None).Version
            && ReferenceEquals(known.Exclusions, core.State.Exclusions) && known.Rules == rules().Digest ? known : null;
    }

    // A study's rules flag more than the site's own: what is remembered is of these alone.
    private WaitingValues Count(string dataset, Study? study, ClinicalSource source, QualityRun run, (ImmutableHashSet<Sha256Digest> Exclusions, Sha256Digest Rules) basis)
    {
        var imports = source.Snapshot.Imports;
        var waiting = new WaitingValues(
            imports[^1].Fingerprint, basis.Exclusions, basis.Rules, run.Report.Decisions, run.Queue.Sum(queue => queue.Count), run.Queue.IsEmpty ? null : imports[run.Queue.Min(queue => queue.OldestImport) - 1].At, time.GetUtcNow());
        if (study is null)
            _waiting[dataset] = waiting;
        return waiting;
    }

    private QualityRun Run(ClinicalSource source, string dataset, Study? study, int? findings, CancellationToken cancel)
    {
        core.RequireSoundLog(); // or nobody would seem to have opted out, and nothing to have been decided
        DataDesk.RequireEventsOf(study, dataset);
        if (rules() is not { Faults: [] } own)
            throw new StewardException(ConfigurationFault.Lines("quality.yaml", rules().Faults));
        return QualityCheck.Of(source, new QualityScope(study?.Data, own.Site), core.Exclusions().Contains, findings, cancel);
    }

    private static QualityRuleResult ResultOf(QualityResult result, QualityQueue? waiting) => new()
    {
        Rule = result.Rule.Id,
        Dimension = result.Rule.Dimension.Word(),
        Severity = result.Rule.Severity.Word(),
        Sentence = result.Rule.Sentence,
        Of = result.Rule.Of.Word(),
        Checked = (ulong)result.Checked,
        Failed = (ulong)result.Failed,
        Kept = (ulong)result.Kept,
        MaximumShare = result.Rule.MaximumShare,
        Verdict = result.Verdict.Word(),
        Change = result.Rule.ChangeInWords(),
        Waiting = (ulong)(waiting?.Count ?? 0),
    };
}

/// <summary>How many flagged values of a dataset wait for a steward's decision.</summary>
/// <param name="Import">The import up to which they were counted.</param>
/// <param name="Exclusions">Who had opted out.</param>
/// <param name="Rules">SHA-256 of the site's own rules.</param>
/// <param name="Decisions">The batch of decisions up to which they were counted; 0: none.</param>
/// <param name="Count">How many, once for each rule that flags one.</param>
/// <param name="Since">When the first of them was imported; null: none waits.</param>
/// <param name="At">When they were counted.</param>
public sealed record WaitingValues(Sha256Digest Import, ImmutableHashSet<Sha256Digest> Exclusions, Sha256Digest Rules, int Decisions, long Count, DateTimeOffset? Since, DateTimeOffset At);
