using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// What may follow what within a run. Without this a coordinator could ask for the same round again and again with parameters of its
/// choice, and learn about rows from the differences.
/// </summary>
internal static class StepOrderRule
{
    /// <summary>The release that this very order has already; null where the step is new.</summary>
    /// <exception cref="StepDeclinedException">The step may not be done now, or not with these inputs.</exception>
    public static ReleaseRecord? Check(WorkerState state, Study study, WorkOrder work)
    {
        var (run, round, kind, attempt) = work.Step;
        if (round.Value > study.Federation.Rounds)
            throw OutOfOrder($"The study has {study.Federation.Rounds} rounds; round {round} was ordered.");
        if (attempt > study.Federation.Attempts)
            throw OutOfOrder($"The study allows {study.Federation.Attempts} attempts of a step; attempt {attempt} was ordered.");
        if (kind.Part() == StepKind.Training && !study.Sums(kind))
            throw OutOfOrder($"The study's updates are summed in another way, which has no step like {work.Step}.");
        if (kind == StepKind.Evaluation && !study.EvaluatesAfter(round))
            throw OutOfOrder($"The study does not evaluate after round {round}; {work.Step} was ordered.");
        if (kind == StepKind.Profile && study.Model is BenchmarkModel)
            throw OutOfOrder("A benchmark reads no data, so it has no profile.");
        if (kind == StepKind.Comparison && (round.Value != 1 || attempt != 1))
            throw OutOfOrder($"A comparison is one step, asked once; {work.Step} was ordered.");
        if (kind == StepKind.Monitoring && attempt != 1)
            throw OutOfOrder($"Monitoring is one step, asked once; {work.Step} was ordered.");
        if (kind == StepKind.SiteMetrics && (!study.Evaluation.PerSite || round.Value != study.Federation.Rounds))
            throw OutOfOrder($"The study asks for {(study.Evaluation.PerSite ? $"per-site metrics of round {study.Federation.Rounds} only" : "no per-site metrics")}; {work.Step} was ordered.");
        if (!state.Newest.TryGetValue(run, out var newest)) // by this very rule, no other release of the run is of a later step or attempt
            return null;
        if (newest.Study != work.Study)
            throw new StepDeclinedException(Reason.StudyDigestWrong, $"The run {run} belongs to the study {newest.Study}; the order names {work.Study}.");
        if ((kind == StepKind.Comparison) != (newest.Step.Kind == StepKind.Comparison))
            throw OutOfOrder($"A comparison is a run of its own, and {newest.Step} was released in this one; {work.Step} was ordered.");
        if ((kind == StepKind.Monitoring) != (newest.Step.Kind == StepKind.Monitoring))
            throw OutOfOrder($"Monitoring is a run of its own, and {newest.Step} was released in this one; {work.Step} was ordered.");
        var order = (round.Value, kind.Part()).CompareTo((newest.Step.Round.Value, newest.Step.Kind.Part()));
        if (order < 0)
            throw OutOfOrder($"{newest.Step} was released already; {work.Step} lies before it.");
        var ofEvaluated = kind == StepKind.SiteMetrics && (newest.Step.Round, newest.Step.Kind) == (round, StepKind.Evaluation);
        if (order > 0 && !ofEvaluated)
            return null;
        // The first inputs of a step win, whatever its attempt; and per-site metrics are of what was evaluated.
        if (newest.Head.Manifest.Parameters != work.Parameters || newest.Head.Manifest.Constants != work.ConstantsDigest)
            throw new StepDeclinedException(Reason.ParametersWrong, $"{newest.Step} was released for other parameters or constants; a step is answered for one set of inputs only.");
        if (order > 0)
            return null;
        var within = work.Step.Order.CompareTo(newest.Step.Order);
        if (within < 0)
            throw OutOfOrder($"{newest.Step} was released already; {work.Step} is an older attempt, or an older step of it.");
        if (within > 0)
            return null;
        return state.Waiting.Contains(work.Step) ? newest : throw OutOfOrder($"{work.Step} was released and settled.");
    }

    private static StepDeclinedException OutOfOrder(string sentence) => new(Reason.RoundOutOfOrder, sentence);
}
