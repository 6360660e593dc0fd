using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>What a steward asks of the quality of the site's events, and decides about flagged values; every decision is in the worker's log.</summary>
/// <param name="core">For exclusions and log.</param>
/// <param name="events">The stores.</param>
/// <param name="rules">The site's own rules.</param>
public sealed class QualityDesk(WorkerCore core, SiteEvents events, Func<QualityReading> rules)
{
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
        var report = Run(events.Open(dataset), dataset, study, findings: 0, cancel).Report;
        var quality = study?.Data.Quality;
        var reply = new QualityReply
        {
            Passed = report.Failing(quality).IsEmpty,
            Patients = (ulong)report.Patients,
            Events = (ulong)report.Events,
            Json = QualityReportJson.Write(report, quality),
            Html = QualityPage.Write(dataset, report, quality, study?.Name ?? ""),
        };
        reply.KeepsOut.AddRange((quality ?? StudyQuality.Default).KeepsOut.Select(severity => severity.Word()));
        reply.Rules.AddRange(report.Results.Select(ResultOf));
        reply.Loosened.AddRange(study is null ? report.Loosened.Select(result => result.Rule.Id) : []);
        return reply;
    });

    /// <summary>The flagged values, as a table.</summary>
    /// <inheritdoc cref="Check"/>
    public ReviewQualityReply Review(string dataset, Study? study, CancellationToken cancel) => DataDesk.Answer(() =>
    {
        var source = events.Open(dataset);
        var run = Run(source, dataset, study, QualityCheck.ShownFindings, cancel);
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

    private QualityRun Run(ClinicalSource source, string dataset, Study? study, int findings, CancellationToken cancel)
    {
        core.RequireSoundLog(); // or nobody would seem to have opted out, and nothing to have been decided
        DataDesk.RequireEventsOf(study, dataset);
        if (rules() is not { Faults: [] } own)
            throw new StewardException($"quality.yaml:{rules().Faults[0]}");
        return QualityCheck.Of(source, new QualityScope(study?.Data, own.Site), core.Exclusions().Contains, findings, cancel);
    }

    private static QualityRuleResult ResultOf(QualityResult result) => new()
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
    };
}
