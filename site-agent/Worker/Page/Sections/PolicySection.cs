namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>The policy's findings, rule by rule; those that fail first.</summary>
internal static class PolicySection
{
    public static PageSection Of(PageFacts facts) => new("What this hospital's policy says of it",
    [
        .. facts.Findings.OrderBy(finding => finding.Passed).Select(finding => new PageItem($"{(finding.Passed ? "within" : "BEYOND")} {finding.Rule}", finding.Sentence, attention: !finding.Passed)),
    ]);
}
