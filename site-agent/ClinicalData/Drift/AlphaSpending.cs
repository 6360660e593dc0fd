namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// What repeated checks may spend: the k-th gets alpha · 6 / (π² k²). As Σ 1/k² = π²/6 (Euler 1735), all that ever are get alpha together, and by the union
/// bound an alarm without any drift in an endless row of checks has at most that probability. Fixed sequences that add up to alpha are what online testing
/// spends from (Foster and Stine 2008, "α-investing", JRSS B 70(2); Javanmard and Montanari 2018, "Online rules for control of false discovery rate", Ann.
/// Statist. 46(2)); this one needs no end to be known.
/// </summary>
public static class AlphaSpending
{
    /// <summary>The share of alpha of a check.</summary>
    /// <param name="check">Number of the check of one model at one site, from 1.</param>
    public static double Share(int check)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(check, 1);
        return 6 / (Math.PI * Math.PI * check * check);
    }
}
