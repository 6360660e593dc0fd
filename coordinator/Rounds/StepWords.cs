using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>What a step collects, in words.</summary>
public static class StepWords
{
    /// <summary>The words for one kind.</summary>
    public static string Of(StepKind kind) => kind switch
    {
        StepKind.SiteMetrics => "per-site metrics",
        StepKind.KeyAgreement => "key agreement",
        StepKind.KeyMaking => "key making",
        _ => kind.ToString().ToLowerInvariant(),
    };
}
