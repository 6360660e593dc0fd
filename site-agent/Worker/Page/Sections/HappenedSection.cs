using System.Globalization;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>What has left for the study, run by run, and what this site refused and why.</summary>
internal static class HappenedSection
{
    public static PageSection Of(PageFacts facts)
    {
        var releases = facts.State.Releases.Values.Where(release => release.Study == facts.Study.Digest).ToLookup(release => release.Step.Run);
        var declined = facts.State.Declined.GetValueOrDefault(facts.Study.Digest, []);
        var runs = releases.Select(run => (Run: run.Key, At: run.Min(release => release.At))).Concat(declined.Select(step => (step.Step.Run, step.At)))
            .GroupBy(run => run.Run, (run, all) => (Run: run, At: all.Min(one => one.At))).OrderBy(run => run.At).ThenBy(run => run.Run.Value, StringComparer.Ordinal);
        var items = runs.SelectMany(run => (IEnumerable<PageItem>)[.. Left(facts, run.Run, [.. releases[run.Run]]), .. Refused(facts, declined.Where(step => step.Step.Run == run.Run))]).ToList();
        if (declined.Count == DeclinedStep.MostOfStudy)
            items.Add(new("More refusals", $"After {DeclinedStep.MostOfStudy} of a study no further one is kept; the worker's daily log files have them."));
        return new("What has happened here", [.. items.DefaultIfEmpty(new("Nothing", "Nothing was computed for this study, and nothing has left for it."))]);
    }

    private static IEnumerable<PageItem> Left(PageFacts facts, RunId run, IReadOnlyList<ReleaseRecord> releases)
    {
        if (releases.Count == 0)
            yield break;
        var rounds = releases.Where(release => release.Step.Round != RoundNumber.Preparation).Select(release => release.Step.Round).Distinct().Count();
        var kinds = string.Join(", ", releases.OrderBy(release => release.Step.Kind).GroupBy(release => Word(release.Step.Kind)).Select(word => $"{word.Count()} times {word.Key}"));
        var waiting = releases.Count(release => facts.State.Waiting.Contains(release.Step));
        var charged = facts.State.Ledger.Runs.TryGetValue(run, out var plan)
            ? $" {PageFacts.Count(plan.Released, "release", "releases")} charged to the ledger{(plan.IsOpen ? $", {PageFacts.Count(plan.Left.Values.Sum(times => (long)times), "charge", "charges")} still reserved" : "; the run is over there")}." : "";
        yield return new($"Run {run}", string.Create(CultureInfo.InvariantCulture,
            $"Answered {rounds} of {PageFacts.Count(facts.Rounds, "round", "rounds")}, from {releases.Min(release => release.At):u} to {releases.Max(release => release.At):u}: {kinds}; {PageFacts.Count(releases.Sum(release => release.Head.FileLength), "byte", "bytes")} in all. The coordinator has yet to say of {PageFacts.Count(waiting, "release", "releases")} what became of {(waiting == 1 ? "it" : "them")}.{charged}"));
    }

    // One sentence for each reason of a run, the first time; the rest is counted.
    private static IEnumerable<PageItem> Refused(PageFacts facts, IEnumerable<DeclinedStep> declined)
    {
        foreach (var reason in declined.GroupBy(step => step.Reason))
        {
            var (first, more) = (reason.First(), reason.Count() - 1);
            var where = first.Step.Kind.IsWithoutParameters() ? Word(first.Step.Kind) : $"round {first.Step.Round} of {facts.Rounds} ({Word(first.Step.Kind)})";
            var again = more == 0 ? "" : $" For the same reason it refused {PageFacts.Count(more, "later step", "later steps")} of the run.";
            yield return new("Refused", string.Create(CultureInfo.InvariantCulture, $"This hospital refused {where} of run {first.Step.Run} at {first.At:u}, because {Why(first.Reason)}. {first.Sentence}{again}"), attention: true);
        }
    }

    private static string Why(Reason reason) => reason switch
    {
        Reason.PrivacyBudgetSpent => "a ceiling of its privacy ledger would have been exceeded",
        Reason.PrivacyLedgerUnresolved => "its privacy ledger could not vouch for what was spent",
        Reason.AggregationRefused => "the members or messages of the masked round were not as they have to be",
        Reason.DatasetMissing or Reason.DataUnfit or Reason.DataQuality or Reason.TooFewRows => "its data were not fit for it",
        Reason.ProfileAwaitsSteward => "a steward has to look at the profile first",
        _ => "its policy does not allow it",
    };

    private static string Word(StepKind kind) => kind switch
    {
        StepKind.Preparation => "counts and means",
        StepKind.Training => "its update",
        StepKind.Evaluation => "counts of scores or sums of errors",
        StepKind.SiteMetrics => "its own results",
        StepKind.Profile => "a profile",
        StepKind.Comparison => "how two models compare here",
        StepKind.Monitoring => "what a model did here",
        StepKind.Decryption => "its part of opening the sum",
        _ => "a message of the masks",
    };
}
