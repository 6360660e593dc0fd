namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>What became of drawn patients. Counts of patients, without noise: they stay at the site.</summary>
/// <param name="Unclipped">Gradients within C.</param>
/// <param name="Clipped">Longer ones, cut to C.</param>
/// <param name="NotFinite">Gradients that are not finite, or made of numbers beyond what rounding is bounded for: left out.</param>
/// <param name="WithoutRows">Drawn patients who have no rows.</param>
public readonly record struct PrivateCounts(long Unclipped, long Clipped, long NotFinite, long WithoutRows)
{
    /// <summary>Of two steps together.</summary>
    public PrivateCounts And(PrivateCounts other) =>
        new(Unclipped + other.Unclipped, Clipped + other.Clipped, NotFinite + other.NotFinite, WithoutRows + other.WithoutRows);
}
