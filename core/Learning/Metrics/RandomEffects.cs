using System.Globalization;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Learning;

/// <summary>
/// A quantity over sites that differ: each site has a true value of its own, drawn about a common mean with variance τ². τ² by DerSimonian and Laird 1986
/// ("Meta-analysis in clinical trials", Controlled Clinical Trials 7), the mean's interval by Hartung and Knapp 2001 (Statistics in Medicine 20) and Sidik and Jonkman 2002 (ibid. 21).
/// </summary>
/// <remarks>
/// The interval is t with k - 1 degrees of freedom, and its standard error is √(q/Σw) with w = 1/(v + τ²) and q = Σ w (y - μ)²/(k - 1). Where a few sites happen to agree q is near 0, and the
/// interval narrower than the sites' own errors allow, so that a gate would be passed by chance: as Knapp and Hartung 2003 (Statistics in Medicine 22) do and Röver, Knapp and Friede 2015 (BMC Medical
/// Research Methodology 15:99) recommend, q counts as 1 where it is less. Of one site nothing is known of others: its own normal interval is given, and no heterogeneity.
/// </remarks>
public sealed record RandomEffects
{
    private RandomEffects(int sites, Estimate mean, double standardError, double tauSquared) => (Sites, Mean, StandardError, TauSquared) = (sites, mean, standardError, tauSquared);

    /// <summary>k, from 1.</summary>
    public int Sites { get; }

    /// <summary>The mean μ over sites, with its 95 % interval.</summary>
    public Estimate Mean { get; }

    /// <summary>The mean's standard error, by which its interval is wide.</summary>
    public double StandardError { get; }

    /// <summary>τ², the variance between sites; 0 of one site.</summary>
    public double TauSquared { get; }

    /// <summary>q before it counts as 1 at least; null of one site.</summary>
    public double? HartungKnapp { get; private init; }

    /// <summary>Cochran's Q (Cochran 1954, Biometrics 10); null of one site.</summary>
    public double? Q { get; private init; }

    /// <summary>The chance of such a Q or a greater one where all sites have one true value: chi-squared with k - 1 degrees of freedom. Null of one site.</summary>
    public double? QChance { get; private init; }

    /// <summary>
    /// I², the share of the variation between estimates that is not from rows (Higgins and Thompson 2002, Statistics in Medicine 21), with the 95 % interval that follows from that of τ² by the
    /// Q-profile (Viechtbauer 2007, Statistics in Medicine 26): wide, where sites are few. Null of one site.
    /// </summary>
    public Estimate? ISquared { get; private init; }

    /// <summary>
    /// Where the true value of one more site would be found, 95 times of 100: t with k - 2 degrees of freedom (Higgins, Thompson and Spiegelhalter 2009, Journal of the
    /// Royal Statistical Society A 172;
    /// with this standard error Partlett and Riley 2017, Statistics in Medicine 36). Null of fewer than three sites.
    /// </summary>
    public Estimate? Prediction { get; private init; }

    /// <summary>Combines the estimates of sites.</summary>
    /// <param name="estimates">One for each site, in any order, at least one; on a scale on which they are about normal: areas as logits, differences as they are.</param>
    /// <exception cref="ArgumentException">There are none, or one is not finite or has no variance.</exception>
    public static RandomEffects Of(IReadOnlyCollection<SiteEstimate> estimates)
    {
        ArgumentNullException.ThrowIfNull(estimates);
        if (estimates.Count == 0 || estimates.Any(site => !double.IsFinite(site.Value) || !(site.Variance > 0 && double.IsNormal(site.Variance) && double.IsNormal(1 / site.Variance))))
            throw new ArgumentException("Of each site, and at least of one, a finite estimate with a variance above 0 is needed.", nameof(estimates));
        // In one order, so that sums do not depend on who came first.
        SiteEstimate[] sites = [.. estimates.OrderBy(site => site.Value).ThenBy(site => site.Variance)];
        var k = sites.Length;
        if (k == 1)
            return new RandomEffects(1, Estimate.Around(sites[0].Value, Estimate.Z * Math.Sqrt(sites[0].Variance)), Math.Sqrt(sites[0].Variance), 0);

        var (weight, _, q) = Weighted(sites, 0);
        var scale = Coupling(sites) / weight;
        var tauSquared = Math.Max(0, (q - (k - 1)) / scale);
        var (randomWeight, mean, spread) = Weighted(sites, tauSquared);
        var error = Math.Sqrt(Math.Max(1, spread / (k - 1)) / randomWeight);
        var typical = (k - 1) / scale; // the variance within a site that stands for all in I² (Higgins and Thompson 2002, equation 9)
        return new RandomEffects(k, Estimate.Around(mean, StudentT.Quantile(0.975, k - 1) * error), error, tauSquared)
        {
            HartungKnapp = spread / (k - 1),
            Q = q,
            QChance = ChiSquared.Upper(q, k - 1),
            ISquared = new Estimate(Share(tauSquared), Share(Profile(sites, 0.975)), Share(Profile(sites, 0.025))),
            Prediction = k < 3 ? null : Estimate.Around(mean, StudentT.Quantile(0.975, k - 2) * Math.Sqrt(tauSquared + (error * error))),
        };

        double Share(double variance) => variance / (variance + typical);
    }

    /// <summary>How it came about, for people: "random effects over 5 sites, I² = 34 % (0 to 76 %)".</summary>
    public string Basis => ISquared is { } share
        ? string.Create(CultureInfo.InvariantCulture, $"random effects over {Sites} sites, I² = {100 * share.Value:0} % ({100 * share.Low:0} to {100 * share.High:0} %)")
        : "one site alone, which tells nothing of how sites differ";

    // (Σw)² - Σw², by products of pairs: as a difference it could be 0 where one site weighs most.
    private static double Coupling(SiteEstimate[] sites) => sites.Select((one, i) => sites.Skip(i + 1).Sum(other => 2 / (one.Variance * other.Variance))).Sum();

    // The τ² at which Q with weights 1/(v + τ²), which falls with τ², is a quantile of chi-squared; 0 where it is below that at once.
    private static double Profile(SiteEstimate[] sites, double probability)
    {
        var quantile = ChiSquared.Quantile(probability, sites.Length - 1);
        return Weighted(sites, 0).Q <= quantile ? 0 : Bisection.Solve(variance => Weighted(sites, variance).Q, quantile);
    }

    private static (double Weight, double Mean, double Q) Weighted(SiteEstimate[] sites, double tauSquared)
    {
        var weight = sites.Sum(site => 1 / (site.Variance + tauSquared));
        var mean = sites.Sum(site => site.Value / (site.Variance + tauSquared)) / weight;
        return (weight, mean, sites.Sum(site => (site.Value - mean) * (site.Value - mean) / (site.Variance + tauSquared)));
    }
}
