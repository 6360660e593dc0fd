using System.Globalization;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>Every kind of release of a run: what it is, how often, how large, and of how many patients.</summary>
internal static class LeavesSection
{
    public static PageSection Of(PageFacts facts)
    {
        var study = facts.Study;
        var again = study.Federation.Attempts > 1 ? $" A step that comes to nothing is tried again, {study.Federation.Attempts} times in all at the most, and each try may leave." : "";
        List<PageItem> items = [new("Counted", $"For one run that goes as planned.{again} 'site-worker studies preview' prints what would leave first, computed from this hospital's own data.")];
        items.AddRange(Training(facts));
        if (!facts.ReadsData)
            return new("What will leave, and how often", [.. items]);
        if (PreprocessingConstants.NeedPreparation(study))
            items.Add(Preparation(facts));
        if (facts.Evaluations > 0)
            items.Add(Evaluation(facts));
        if (!study.Evaluation.Subgroups.IsEmpty)
            items.Add(Subgroups(facts));
        if (study.Evaluation.PerSite)
            items.Add(OwnMetrics(facts));
        items.Add(Comparison(facts));
        items.Add(Profile(facts));
        items.Add(Monitoring(facts));
        items.Add(new("With all of it", "The hospital's name, a fingerprint of the rows under a key that only this hospital has, sizes, the version of the software and the kind of processor. Of a step that is not done, one word of a closed list that says why."));
        return new("What will leave, and how often", [.. items]);
    }

    private static IEnumerable<PageItem> Training(PageFacts facts)
    {
        var (study, federation) = (facts.Study, facts.Study.Federation);
        var form = Form(facts);
        var made = !facts.ReadsData ? "It is a constant."
            : study.Privacy is { } dp ? string.Create(CultureInfo.InvariantCulture, $"It is the sum of what patients drawn by chance ({dp.SamplingRate:0.####} in each of {PageFacts.Count(study.Training.LocalSteps ?? 1, "step", "steps")}) would change, with {dp.Placement switch { NoisePlacement.Central => "no", NoisePlacement.Distributed => "a part of the", _ => "" }}{(dp.Placement == NoisePlacement.Site ? "" : " ")}noise. {Least(facts)}")
            : $"It is made of all training rows together. {Least(facts)}";
        var weight = federation.Weighting == Weighting.Equal ? "Every hospital counts alike." : $"With it goes how much it counts: the number of training rows, up to {federation.MaximumWeight.ToString(CultureInfo.InvariantCulture)}.";
        yield return new("An update of the model", $"{Rounds(facts)}: {PageFacts.Count(facts.Dimension, "number", "numbers")} {form}. {made} {weight}");
        if (!federation.IsMasked)
            yield break;
        var messages = federation.IsEncrypted ? 2 : 4;
        yield return new("Messages of the masks", $"{PageFacts.Times((long)messages * facts.Rounds)}, {messages} in each round: {(federation.IsEncrypted ? "keys" : "keys, sealed shares")} and signatures. They are made of nothing about patients.");
        if (federation.IsEncrypted)
            yield return new("This hospital's part of opening the sum", $"{Rounds(facts)}{Opened(facts)}: made of the encrypted sum of all hospitals, not of this one's rows.");
    }

    // How an update travels, and in how many bytes; an encrypted one's length is the ring's.
    private static string Form(PageFacts facts)
    {
        var (study, n) = (facts.Study, facts.Hospitals);
        if (!study.Federation.IsMasked)
            return $"in the clear, {Bytes(UpdateFormats.For(study.Federation.Encoding).PayloadLength(facts.Dimension))}";
        if (study.Federation.IsEncrypted)
            return n < MemberList.MinimumCount ? "under masks and encrypted" : $"under masks and encrypted, {Bytes(StudyTerms.PlanOf(study, n, facts.Dimension)!.Upload.Length + MaskedInput.Length)}";
        return n < MemberList.MinimumCount ? "under masks" : $"under masks, {Bytes(((long)facts.Dimension * StudyTerms.WordOf(study, n).Bytes()) + MaskedInput.Length)}";
    }

    private static string Opened(PageFacts facts) =>
        facts.Hospitals >= MemberList.MinimumCount && StudyTerms.PlanOf(facts.Study, facts.Hospitals, facts.Dimension)?.Decryption is { } threshold ? $", {Bytes(threshold.Share.Length + DecryptedSum.Length)}" : "";

    private static string Least(PageFacts facts) => facts.Policy.Policy is { } policy
        ? $"With fewer than {PageFacts.Count(policy.MinimumTrainingRows, "training row", "training rows")} nothing is computed (minimum-training-rows){(facts.KnowsPatients ? "; the policy counts rows, of which a patient may have several" : "")}." : "";

    private static PageItem Preparation(PageFacts facts) => new("Counts and means", $"Once, before the first round, of {PageFacts.Count(facts.Study.Data.Features.Count(feature => feature.NeedsPreparation), "feature", "features")}: how many training rows have a value and how many none, the sum and the sum of squares.{Withheld(facts, " Those of fewer than {0} values are withheld (minimum-cell), and so are smaller counts of missing ones.")}");

    private static PageItem Evaluation(PageFacts facts) => IsOfNumber(facts)
        ? new("Sums of errors", $"{Evaluations(facts)}: how many test rows there are, the sums and sums of squares of the outcome and of how far the model is off, the sum of how far it is off either way and, with 8 significant bits, that of fourth powers.{Withheld(facts, " Nothing where the test rows are fewer than {0} (minimum-cell).")}")
        : new("Counts of scores", facts.Study.Privacy?.Evaluation is { } dp
            ? $"{Evaluations(facts)}: how many test rows with and without the outcome have a score in each of {dp.Bins} fixed bins, with noise."
            : $"{Evaluations(facts)}: how many test rows with and without the outcome have which score.{Withheld(facts, " Bins are put together until each count is 0 or at least {0} (minimum-cell).")}");

    private static PageItem Subgroups(PageFacts facts) => new(IsOfNumber(facts) ? "Sums of errors by subgroup" : "Counts of scores by subgroup", $"With them, the same of subgroups {string.Join("; ", facts.Study.Evaluation.Subgroups.Select(partition => $"by {partition.Feature} ({string.Join(", ", partition.Groups)})"))}.{Withheld(facts, $" A subgroup with 1 to below {{0}} test rows{(IsOfNumber(facts) ? "" : " with or without the outcome")} is withheld (minimum-cell), and others with it, so that it does not follow by subtraction.")}");

    private static PageItem OwnMetrics(PageFacts facts) => facts.Policy.Policy?.PerSiteMetrics == true
        ? new("This hospital's own results", $"Once, after the last round, beside its name, to whoever may follow the run: {TestRows(facts)}, and how well the model does here{(facts.Policy.Policy.Comparisons && !IsOfNumber(facts) ? ", also by the rows themselves, not by bins alone" : "")}.{Nothing(facts)}", attention: true)
        : new("This hospital's own results", "The study asks for them; the policy withholds them (per-site-metrics), and only that is said.");

    private static PageItem Comparison(PageFacts facts) => new("How its model compares with another", (facts.Study.Privacy, facts.Policy.Policy?.Comparisons) switch
    {
        ({ }, _) => "Nothing: it would have no noise.",
        (_, true) => $"Where an admin or a researcher asks for it, in a run of its own that counts as a round, against a model of another study that is approved here and has the same rows: beside this hospital's name, {TestRows(facts)}, how well each of the two models does here, and how sure that is.{Nothing(facts)}",
        _ => "Nothing but that the policy withholds it (per-site-metrics).",
    });

    private static PageItem Profile(PageFacts facts) => new("A profile of the rows", (facts.Study.Privacy, facts.Policy.Policy?.Profile) switch
    {
        ({ }, _) => "None: it would have no noise.",
        (_, ProfileRule.Ask) => $"Where the researcher asks for one, and only once a steward has approved exactly it (profile: ask){Table1(facts)}",
        (_, ProfileRule.Release) => $"Where the researcher asks for one (profile: release); a second one that differs waits for a steward{Table1(facts)}",
        _ => "None (profile: withhold).",
    });

    private static PageItem Monitoring(PageFacts facts) => new("What its models do here", facts.Study.Privacy is not null
        ? "Nothing: it would have no noise."
        : $"Nothing, unless a steward allows a line of its models to be served here and to be told of (models allow --report): then, of each whole day, week or month, beside this hospital's name, {(IsOfNumber(facts) ? "of how many rows a number of which size was predicted" : "how many rows were scored with which score")}, how long it took, the values of each feature, two rounded figures of how far all numbers together are from the rows last trained on here and, once, {(IsOfNumber(facts) ? "exact sums of the outcomes and of the predictions' errors" : "the outcomes by score")}{(facts.Study.Evaluation.Subgroups.IsEmpty ? "" : $", also of each of the study's subgroups{(!IsOfNumber(facts) && facts.Policy.Policy is { Comparisons: true } ? ", with the area under its ROC curve and a standard error, in thousandths" : "")}")}.{Withheld(facts, " No count from 1 to below {0} (minimum-cell) is in it. Counts are of scores, of which a patient may have several, and patients who opted out of studies are among them.")}");

    private static bool IsOfNumber(PageFacts facts) => facts.Study.Data.Label.Number is not null;

    private static string TestRows(PageFacts facts) => IsOfNumber(facts) ? "its number of test rows" : "its numbers of test rows with and without the outcome";

    private static string Nothing(PageFacts facts) => Withheld(facts, IsOfNumber(facts) ? " Nothing where they are fewer than {0} (minimum-cell)." : " Nothing where one of the numbers is below {0} (minimum-cell).");

    private static string Table1(PageFacts facts) =>
        $": counts, means, deviations and histograms of each feature and the outcome, beside this hospital's name.{Withheld(facts, " No count from 1 to below {0} (minimum-cell) is in it.")}";

    private static string Withheld(PageFacts facts, string sentence) =>
        facts.Policy.Policy is { } policy ? string.Format(CultureInfo.InvariantCulture, sentence, policy.MinimumCell) : "";

    private static string Rounds(PageFacts facts) => $"{Capital(PageFacts.Times(facts.Rounds))}, once in each round";

    private static string Evaluations(PageFacts facts) => $"{Capital(PageFacts.Times(facts.Evaluations))} a run";

    private static string Capital(string words) => char.ToUpperInvariant(words[0]) + words[1..];

    private static string Bytes(long bytes) => PageFacts.Count(bytes, "byte", "bytes");
}
