using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>Tells facts from runs' journals: of each run what was added since it was looked at. Not for several threads at once.</summary>
public sealed class RunSignals(IRunJournal journal, ResultStore results, ServedSignals served)
{
    private static readonly MonitoredSignal[] s_pooled =
        [MonitoredSignal.Auroc, MonitoredSignal.Brier, MonitoredSignal.CalibrationSlope, MonitoredSignal.MeanAbsoluteError, MonitoredSignal.RootMeanSquaredError, MonitoredSignal.RSquared];

    private readonly Dictionary<RunId, Course> _runs = [];

    /// <summary>Puts on the board what has happened to a run.</summary>
    public void Look(RunId run, FactBoard board)
    {
        ArgumentNullException.ThrowIfNull(board);
        if (!_runs.TryGetValue(run, out var course))
            _runs[run] = course = new Course();
        foreach (var (sequence, happened) in journal.Read(run, course.Sequence))
        {
            course.Sequence = sequence;
            Tell(course, happened, board);
            if (happened.Ends)
                _runs.Remove(run);
        }
    }

    private void Tell(Course course, RunEvent happened, FactBoard board)
    {
        // Asked every day of whoever is there: that nobody was, or that a site tells nothing, is no failure of a study's run.
        if (course.OnlyWatches |= happened is RunCreated { Plan.Monitoring: not null })
        {
            if (happened is RunMonitored)
                served.Heard();
            return;
        }

        var study = course.Study;
        switch (happened)
        {
            case RunCreated created:
                course.Study = study = Subject.Of(("study", created.Plan.Name));
                foreach (var signal in s_pooled)
                    board.Forget(signal, study); // a new run begins where it begins: that is no fall
                Put(MonitoredSignal.RoundsHeldBack, 0);
                break;
            case RunFailed or RunCancelled or RunRegistered or RunProfiled:
                Put(MonitoredSignal.RunFailed, happened is RunFailed ? 1 : 0);
                Put(MonitoredSignal.RunCancelled, happened is RunCancelled ? 1 : 0);
                Put(MonitoredSignal.StepsAbandoned, 0);
                break;
            case RoundHeldBack:
                Put(MonitoredSignal.RoundsHeldBack, ++course.HeldBack);
                break;
            case StepAbandoned:
                Put(MonitoredSignal.StepsAbandoned, ++course.Abandoned);
                break;
            case SiteDeclined declined:
                board.Take(new Fact(MonitoredSignal.SiteDeclined, Subject.Of(("site", declined.Site.Value), ("reason", declined.Reason.ToString())), happened.At, 1));
                break;
            case ReleaseAccepted accepted:
                foreach (var series in board.Of(MonitoredSignal.SiteDeclined.Name).Where(series => series.Last.Subject["site"] == accepted.Site.Value).ToList())
                    board.Take(series.Last with { At = happened.At, Number = 0 });
                break;
            case StepCommitted committed:
                Put(MonitoredSignal.StepsAbandoned, course.Abandoned = 0);
                Tell(committed, study, board);
                break;
        }

        void Put(MonitoredSignal signal, double number) => board.Take(new Fact(signal, study, happened.At, number));
    }

    private void Tell(StepCommitted committed, Subject study, FactBoard board)
    {
        if (committed.Step.Kind == StepKind.Evaluation && results.Contains(committed.Result))
        {
            var evaluation = EvaluationReport.Read(results.Read(committed.Result));
            var (scores, errors) = (evaluation.Metrics, evaluation.Number?.Metrics); // the one or the other is undefined
            Put(MonitoredSignal.Auroc, study, scores.Auroc);
            Put(MonitoredSignal.Brier, study, scores.Brier);
            Put(MonitoredSignal.CalibrationSlope, study, scores.CalibrationSlope);
            Put(MonitoredSignal.MeanAbsoluteError, study, errors?.MeanAbsoluteError?.Value);
            Put(MonitoredSignal.RootMeanSquaredError, study, errors?.RootMeanSquaredError?.Value);
            Put(MonitoredSignal.RSquared, study, errors?.RSquared?.Value);
        }
        else if (committed.Step.Kind == StepKind.SiteMetrics && results.Contains(committed.Result))
        {
            foreach (var (site, report) in SiteMetrics.Read(results.Read(committed.Result)).Sites)
            {
                var subject = Subject.Of(("study", study["study"]!), ("site", site.Value));
                Put(MonitoredSignal.SiteAuroc, subject, report.Metrics?.Auroc);
                Put(MonitoredSignal.SiteMeanAbsoluteError, subject, RegressionMetrics.Of(report.Errors).MeanAbsoluteError?.Value);
            }
        }

        void Put(MonitoredSignal signal, Subject subject, double? number)
        {
            if (number is { } known && double.IsFinite(known))
                board.Take(new Fact(signal, subject, committed.At, known));
        }
    }

    private sealed class Course
    {
        public long Sequence { get; set; }

        public Subject Study { get; set; } = Subject.None;

        public int HeldBack { get; set; }

        public int Abandoned { get; set; }

        public bool OnlyWatches { get; set; }
    }
}
