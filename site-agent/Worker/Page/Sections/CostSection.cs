using System.Globalization;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>What the study costs of the patients' privacy, by the ledger's own count; without differential privacy, that nothing bounds it.</summary>
internal static class CostSection
{
    private const string Heading = "What it costs of the patients' privacy";

    public static PageSection Of(PageFacts facts) => new(Heading, [.. !facts.ReadsData ? [new("Nothing", "No patient's data are read.")] : facts.Study.Privacy is { } dp ? Private(facts, dp) : Unbounded(facts)]);

    private static IEnumerable<PageItem> Unbounded(PageFacts facts)
    {
        yield return new("No bound", "This study is not under differential privacy. Nothing bounds what all that leaves together tells about one patient; no ledger counts it, and no ceiling stops it.", attention: true);
        var least = facts.Policy.Policy is { } policy ? string.Create(CultureInfo.InvariantCulture, $" below {policy.MinimumCell}") : "";
        yield return new("Withheld counts", $"Counts{least} are withheld, which stops the plainest disclosures. That is not differential privacy: the difference between two releases, after one patient was added, is that patient.");
    }

    private static IEnumerable<PageItem> Private(PageFacts facts, StudyPrivacy dp)
    {
        var who = facts.KnowsPatients ? $"each patient, all rows together (at most {dp.RowsPerPatient} in a step or an evaluation)" : "each row, which the study takes for a patient of its own";
        var evaluation = dp.Evaluation is { } counts ? Text($"; of counts of scores {counts.NoiseMultiplier:0.###} times") : "";
        var deviation = Text($"a standard deviation of {dp.NoiseMultiplier:0.###} times what a patient can change{evaluation}. It is charged before it is computed, or is not made.");
        yield return dp.Placement == NoisePlacement.Central
            ? new("Noise", $"NONE IN THE UPDATES OF THIS HOSPITAL: trusted, not enforced. The coordinator is to add it to the sum of all hospitals, for {who}: {deviation}", attention: true)
            : new("Noise", $"Everything that is computed from patients has noise for {who}: in each step of training {(dp.Placement == NoisePlacement.Distributed ? "in the sum of all hospitals " : "")}{deviation}");
        yield return new("What epsilon means", "With one patient more or less in the data, the probability of whatever is seen of these releases is at most e^epsilon times as great, plus delta: 2.7 times for epsilon 1, 20 times for epsilon 3. Less is more private.");
        if (facts.Mechanisms is not { } mechanisms)
        {
            yield return new("One run", "Cannot be said: what the study declares cannot be run, or would not be private. The policy's finding says why.", attention: true);
            yield break;
        }

        if (facts.Policy.Policy?.Privacy is not { } ceilings)
        {
            yield return new("Ceilings", "This site's policy has none (privacy in policy.yaml), so nothing may be spent, and the study cannot be approved.", attention: true);
            yield break;
        }

        var alone = PrivacyFilter.Under(ceilings.Study);
        yield return new("One run", Text($"Epsilon {alone.EpsilonAfter(mechanisms.Cost):0.####} at delta {ceilings.Study.Delta.ToDouble():0.##e+0} by itself, for {PageFacts.Count(facts.Rounds, "round", "rounds")} of training and {PageFacts.Count(facts.Evaluations, "count", "counts")} of scores, if no step is tried again; what is tried again is charged again."));
        yield return new("The whole study", Text($"Over all its runs at most epsilon {ceilings.Study.Epsilon.ToDouble():0.####} at delta {ceilings.Study.Delta.ToDouble():0.##e+0} (privacy.study in policy.yaml): then this hospital refuses, whoever asks. Costs of several runs add up to less than their sum."));
        if (!facts.State.Ledger.Behind.IsEmpty)
            yield return new("The ledger", "Others hold a newer head of this hospital's ledger than its log has: nothing is charged until that is resolved ('site-worker ledger show').", attention: true);
        if (facts.Population is not { } population)
        {
            yield return new("Whose budget", "datasets.yaml maps no data set of this name, so there is no population that it could be charged to.", attention: true);
            yield break;
        }

        foreach (var account in LedgerAccount.Of(facts.State.Ledger, ceilings, population, [facts.Study.Digest], facts.Today))
            yield return Account(account, population, mechanisms.Cost);
    }

    private static PageItem Account(LedgerAccount account, string population, RenyiCurve run)
    {
        var (ceiling, after, fits) = (account.Ceiling.Epsilon.ToDouble(), account.EpsilonBeside(run), account.AdmitsBeside(run));
        var which = account.Scope switch { "total" => "All studies, for ever", "year" => "All studies, in any 365 days", _ => "This study, all runs" };
        return new(which, Text($"Of the population '{population}' epsilon {account.SpentEpsilon:0.####} of {ceiling:0.####} is spent (privacy.{account.Scope}), {account.HeldEpsilon:0.####} with what open runs have reserved. ")
            + (fits ? Text($"After one more run it would be {after:0.####}, and {Math.Max(0, ceiling - after):0.####} would be left.") : Text($"ONE MORE RUN DOES NOT FIT: it would be {after:0.####}, so this hospital refuses it at its first step.")), attention: !fits);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
