using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>What this study's way of working does not protect against: those lines of docs/threat-model.md that apply to it, and no other.</summary>
internal static class NotProtectedSection
{
    public static PageSection Of(PageFacts facts)
    {
        List<PageItem> items = [];
        if (facts.ReadsData)
        {
            items.AddRange(facts.Study.Privacy is { } dp ? Private(facts, dp) : Unbounded(facts));
            items.Add(new("What has left", "Cannot be called back. Revoking the approval destroys what is unsent; what a model has learnt stays in it, also of a patient who opts out later."));
        }

        if (facts.Study.Federation.IsMasked)
            items.AddRange(Masked(facts));
        items.AddRange(Always(facts));
        return new("What this does NOT protect against", [.. items]);
    }

    private static IEnumerable<PageItem> Unbounded(PageFacts facts)
    {
        var (isMasked, isOfNumber) = (facts.Study.Federation.IsMasked, facts.Study.Data.Label.Number is not null);
        if (!isMasked)
            yield return new("Conclusions from updates", "From an update the coordinator may reconstruct training rows, above all of small batches and few local steps, and tell whether a known record was used.", attention: true);
        yield return new("Conclusions from the model", "Whoever has the model, and every hospital in each round, may find out whether a record was used to make it. The fewer hospitals, the more it tells of each.");
        yield return new("Crafted parameters", "The coordinator may send parameters chosen so that "
            + (isMasked ? "the sum of the updates tells" : "the update tells") + " more than honest ones would make it. This worker checks their shape and digest, not what they are meant for.");
        yield return new("Many questions", "Each round and each study tells a little. The policy bounds the rounds of one study; what all studies tell together is added up by nobody.");
        if (facts.Evaluations > 0)
            yield return isOfNumber
                ? new("Exact sums of errors", "Who knows all test rows of a sum but one, and the model, knows the outcome of that one. The fewer rows a sum has, the less has to be known.")
                : new("Merged counts of scores", "Where the bins of one hospital have an edge that no other has, what lies between is of that hospital alone.");
        if (facts.Study.Evaluation.PerSite)
            yield return new("Results by hospital", "Where all others tell their own, much of the last one's follows from the merged ones, also where its policy withholds them.");
        if (facts.Policy.Policy?.Comparisons == true)
            yield return new("How models compare here", $"The {(isOfNumber ? "errors" : "areas")} are of rows, {(isOfNumber ? "" : "not of bins, ")}and exact: who asks with crafted parameters may find out {(isOfNumber ? "the outcome of a patient" : "whether a patient had the outcome")} whose other values are known. Each question counts as a round.", attention: true);
        if (facts.Policy.Policy?.Profile is ProfileRule.Ask or ProfileRule.Release)
            yield return new("Profiles of similar studies", "Two studies over nearly the same patients have two profiles whose difference is of few: nothing compares them.");
    }

    private static IEnumerable<PageItem> Private(PageFacts facts, StudyPrivacy dp)
    {
        if (!facts.KnowsPatients)
            yield return new("A patient with several rows", "Is protected for each row alone: the study names no column that says whose they are.", attention: true);
        yield return new("Whether this hospital takes part", "And the closed word why not: too few rows, too many faults, somebody who opted out. These are exact comparisons without noise; a hospital at a threshold tells of single patients by them.");
        yield return new("That rows have changed", "The keyed fingerprint is the same while the rows are: that somebody was imported or opted out between two rounds shows, though not who.");
        yield return new("Time", "How long a step takes depends on how many patients were drawn: nothing is padded.");
        yield return new("What is released besides", "Studies without differential privacy over the same patients, rows that a steward takes out, and what a steward passes on of a preview are not counted.");
        if (dp.Placement == NoisePlacement.Distributed)
        {
            yield return new("Noise that others leave out", facts.Hospitals < MemberList.MinimumCount
                ? "Each hospital adds a part of the noise. Where others add less, or tell what they added, the sum has less noise than was charged."
                : $"Each hospital adds a part of the noise, so that the sum has enough although {PageFacts.Count(StudyTerms.Colluders(facts.Hospitals), "hospital tells", "hospitals tell")} the coordinator what it added. Where more do, or some add less, the sum has less noise than was charged.", attention: true);
        }

        if (dp.Placement == NoisePlacement.Central)
            yield return new("A coordinator that adds no noise", "Or that is broken into: it sees the sum of the updates without any, and no hospital can check what it adds. What the ledger counts holds for those who get the model, if it does.", attention: true);

        yield return new("Patients of several hospitals", "A patient known to k hospitals is counted at each, and protected by no more than the k ceilings together. At this hospital, two data sets count as different patients unless datasets.yaml gives them one population.");
        yield return new("A spent budget", "A coordinator can use up this hospital's budget, or hold it reserved, with runs that come to nothing. That is never more than the ceiling.");
        yield return new("A worker put back to an older copy", facts.Study.Federation.IsMasked
            ? "Is told so by the coordinator, which has seen its newest ledger head, and by the other hospitals, each of which has seen the one before this round's charge. A coordinator that keeps its own back, and leaves out whoever has seen it, lets it spend again."
            : "Is told so by the coordinator, which has seen its newest ledger head. A coordinator that keeps that back lets it spend again.");
    }

    private static IEnumerable<PageItem> Masked(PageFacts facts)
    {
        if (facts.Policy.Policy?.Members == MembersRule.Named)
            yield return new("Keys that nobody compares", "This site's policy asks for no comparison (members: named): a coordinator that put its own keys into the study sees this hospital's own update.", attention: true);
        else
            yield return new("Keys that are not really compared", "Whoever types what the screen shows, or hears it from the consortium's admin, has confirmed the coordinator's word.");
        if (facts.ReadsData)
        {
            yield return new("The sum itself", facts.Study.Privacy is null
                ? "It hides no more than a sum of so few hospitals hides. Two runs over different members, from the same parameters, differ by what those added who are in one alone: the policy bounds the rounds of all runs together, and refuses no second run."
                : "It hides no more of a hospital's update than a sum of so few hides. What it tells of one patient is bounded by the noise.");
        }

        if (facts.Study.Federation.Aggregation == Aggregation.EncryptedThreshold)
            yield return new("The parts of opening the sum", "Tell hardly more than the sum, a statistical distance below 2^-40 a round, where the ciphertexts are those of honest hospitals. A crafted one may tell this hospital's key of that attempt; what can be read then is masked.");
    }

    private static IEnumerable<PageItem> Always(PageFacts facts)
    {
        yield return new("A hospital that spoils the model", "Within the allowed range of an update a hospital can poison the model or plant a backdoor" + (facts.Study.Federation.IsMasked ? ", and under masks nobody sees it." : "."));
        yield return new("Traffic", "Times and sizes of what is sent are seen by whoever carries it.");
        yield return new("This hospital's own machine", "Whoever administers it can read everything and sign in the worker's name. A worker that is itself compromised can hide data in its updates.");
    }
}
