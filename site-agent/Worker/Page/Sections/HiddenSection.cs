using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>Who sees what, and from whom it is hidden, as the study sums updates: docs/threat-model.md, "What each mode hides".</summary>
internal static class HiddenSection
{
    public static PageSection Of(PageFacts facts)
    {
        var isMasked = facts.Study.Federation.IsMasked;
        List<PageItem> items = [];
        if (facts.ReadsData)
            items.Add(new("Patients' rows", "Hidden from everybody outside: what is computed from them leaves, the rows stay on this hospital's machine, save for what a steward takes out."));
        items.Add(new("Somebody on the network", "Sees who sends when and how many bytes, and none of the contents."));
        items.Add(new("This hospital's gateway", isMasked
            ? "Carries what leaves and can change nothing of it. It reads counts; of updates, only words that masks have made random."
            : "Carries what leaves and can change nothing of it. It reads everything that leaves, updates included."));
        items.Add(Coordinator(facts));
        if (isMasked && facts.ReadsData && (facts.Study.Privacy is null || facts.Evaluations > 0))
            items.Add(Statistics(facts));
        if (isMasked)
            items.Add(Colluders(facts));
        items.Add(Others(facts));
        return new("Who sees what, and from whom it is hidden", [.. items]);
    }

    private static PageItem Coordinator(PageFacts facts) => facts.Study.Federation.Aggregation switch
    {
        Aggregation.Plain => new("The coordinator", $"SEES THIS HOSPITAL'S UPDATE of every round by itself, {(facts.Study.Privacy is null ? "in the clear" : "with its noise")}, and so does whoever operates it; also this hospital's counts and how much it counts.", attention: true),
        Aggregation.Secure => new("The coordinator", $"Learns the sum of the updates of at least {Threshold(facts)} and no hospital's own{Confirmed}"),
        Aggregation.EncryptedConsortium => new("The coordinator", $"Learns the sum of the updates of {All(facts)}, because each of them opens it and tells it, and no hospital's own{Confirmed} Whoever copies ciphertexts alone learns not even the sum, unless a hospital gives the key away."),
        _ => new("The coordinator", $"Learns the sum of the updates of {All(facts)}, because all together open it, and no hospital's own{Confirmed} Whoever copies ciphertexts alone learns not even the sum."),
    };

    private const string Confirmed = ". That holds where stewards have compared the hospitals' keys with each other, past the coordinator.";

    private static PageItem Statistics(PageFacts facts) => new("What masks do not hide", facts.Study.Privacy is null
        ? "The coordinator sees this hospital's counts, means and scores as they leave, and how much it counts: masks are over updates alone."
        : "The coordinator sees this hospital's counts of scores, with their noise: masks are over updates alone.");

    // Of a study that names nobody the number is not known before a run; masked ones name everybody.
    private static PageItem Colluders(PageFacts facts)
    {
        var (study, n) = (facts.Study, facts.Hospitals);
        if (n < MemberList.MinimumCount)
            return new("If hospitals help the coordinator", "The study names no hospitals, so it cannot be said how many may.", attention: true);
        if (study.Federation.IsEncrypted)
        {
            return new("If hospitals help the coordinator", $"Only where all {n - 1} other hospitals work together with it do they learn this hospital's update, as the sum less their own. Fewer learn what is in the sum of the rest. "
                + $"Where this site's policy counts them (minimum-honest-survivors), {Held(StudyTerms.Colluders(n))} assumed.");
        }

        var (threshold, colluders) = (StudyTerms.ThresholdOf(study, n), StudyTerms.Colluders(n));
        return new("If hospitals help the coordinator", $"{Assumed(n - 1, colluders, threshold)} If more do, they may learn this hospital's own update.{Fewer(study, n)}");
    }

    private static string Assumed(int others, int colluders, int threshold) => colluders == 0
        ? "None is assumed to: there are too few hospitals."
        : $"If {PageFacts.Count(colluders, "works", "work")} together with it, of the {others} other hospitals, they learn their own updates and the sum of the rest, of at least {threshold - colluders} hospitals. So many are assumed.";

    // The coordinator chooses who of the named takes part, and of fewer members fewer are assumed to collude.
    private static string Fewer(Study study, int n)
    {
        var least = Math.Max(Math.Max(study.Federation.Quorum, study.Federation.Required.Length), MemberList.MinimumCount);
        return least >= n ? "" : $" The coordinator may leave hospitals out of a round, down to {least}; of so few, {Held(StudyTerms.Colluders(least))} assumed, with {StudyTerms.ThresholdOf(study, least)} in the sum at the least.";
    }

    private static string Held(int colluders) => colluders == 1 ? "1 such hospital is" : $"{(colluders == 0 ? "no" : colluders)} such hospitals are";

    private static PageItem Others(PageFacts facts)
    {
        const string Lead = "The other hospitals";
        var update = facts.Study.Federation.IsMasked ? "Learn no more of this hospital's update than the sum of all tells" : "Do not see this hospital's update; they get the parameters that all updates together gave";
        var two = facts.Hospitals == 2 ? ". There are two hospitals: each can take its own part off, and has the other's" : "";
        return new(Lead, $"{update}{two}. Every hospital, and whoever follows the run, gets the model and the merged results.", attention: two.Length > 0);
    }

    private static string Threshold(PageFacts facts) =>
        facts.Hospitals < MemberList.MinimumCount ? "two thirds of the hospitals" : $"{StudyTerms.ThresholdOf(facts.Study, facts.Hospitals)} of the {facts.Hospitals} hospitals";

    private static string All(PageFacts facts) => facts.Hospitals < MemberList.MinimumCount ? "all hospitals" : $"all {facts.Hospitals} hospitals";
}
