using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>What is still to be done, and how.</summary>
internal static class OpenSection
{
    public static PageSection Of(PageFacts facts)
    {
        var items = new List<PageItem>();
        var beyond = facts.Findings.Where(finding => !finding.Passed).Select(finding => finding.Rule).ToList();
        if (beyond.Count > 0)
            items.Add(new("Beyond the policy", $"{(facts.IsDecided ? "Nothing is computed for it" : "It cannot be approved")} because of: {string.Join(", ", beyond)}. What each says is above. Refuse the study, have it submitted again otherwise, or change policy.yaml if that is meant.", attention: true));
        items.AddRange(Members(facts));
        if (facts is { ReadsData: true, Population: null })
            items.Add(new("The data set", $"datasets.yaml maps nothing under '{facts.Study.Data.Dataset}'. Say there which file it is, or nothing is computed.", attention: true));
        if (facts.ReadsData && !facts.KnowsPatients && !facts.State.Exclusions.IsEmpty)
            items.Add(new("Patients who opted out", $"{PageFacts.Count(facts.State.Exclusions.Count, "patient has", "patients have")}, and the study names no column by which they could be left out: this hospital takes no part until that is otherwise.", attention: true));
        if (facts.Record.Decision == Decision.Pending)
        {
            var digest = facts.Study.Digest;
            items.Add(new("Look at what would leave", $"site-worker studies preview {digest.Value.Short}"));
            items.Add(new("Decide", $"site-worker studies approve {digest} or, to have no part in it, site-worker studies refuse {digest}"));
        }

        return new(facts.Record.Decision == Decision.Pending ? "What to do before you approve" : "What is open", [.. items.DefaultIfEmpty(new("Nothing", "There is nothing to be done."))]);
    }

    private static IEnumerable<PageItem> Members(PageFacts facts)
    {
        foreach (var (site, state) in facts.Members.Where(member => member.State == "other"))
            yield return new($"The key of {site}", site == facts.Site ? "The study gives this hospital another key than its worker's. Find out why; it has to be submitted again." : $"The study names another key than was confirmed. Compare again with the steward of {site}, past the coordinator.", attention: true);
        var unconfirmed = facts.Members.Where(member => member.State == "unconfirmed").Select(member => member.Site).ToList();
        if (unconfirmed.Count == 0)
            yield break;
        var rule = facts.Policy.Policy?.Members == MembersRule.Named ? "The policy does not ask for it (members: named), and then masks are worth the coordinator's word." : "Until then no masked round is joined, whether or not you approve.";
        yield return new("Compare keys", $"NOT CONFIRMED: {string.Join(", ", unconfirmed)}. Have each one's steward read the fingerprint out by telephone, past the coordinator, and record it: site-worker members confirm {unconfirmed[0]} FINGERPRINT. {rule}", attention: true);
    }
}
