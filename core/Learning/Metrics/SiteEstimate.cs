namespace FederatedClinicalMl.Learning;

/// <summary>What one site says of a quantity, for its combination over sites.</summary>
/// <param name="Value">The estimate; finite.</param>
/// <param name="Variance">Its variance within the site; finite and above 0, as none is certain.</param>
public readonly record struct SiteEstimate(double Value, double Variance);
