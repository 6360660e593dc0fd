namespace FederatedClinicalMl.Privacy;

/// <summary>
/// From a Renyi divergence at one order to (epsilon, delta): Canonne, Kamath and Steinke 2020, proposition 12 (the same bound: Balle, Barthe, Gaboardi,
/// Hsu and Sato 2020, theorem 21). Both results are upper bounds, rounding included.
/// </summary>
internal static class RenyiConversion
{
    // Each formula is a handful of operations; this is several times what they can lose, relative to their largest term.
    private const double Rounding = 1e-14;

    /// <summary>The epsilon that a divergence of an order gives at a delta; not below 0.</summary>
    public static double Epsilon(int order, double divergence, double delta)
    {
        var shrink = Math.Log((order - 1.0) / order);
        var price = (Math.Log(delta) + Math.Log(order)) / (order - 1);
        var slack = Rounding * (divergence + Math.Abs(shrink) + ((Math.Abs(Math.Log(delta)) + Math.Log(order)) / (order - 1)));
        return Math.Max(0, divergence + shrink - price + slack);
    }

    /// <summary>The delta that a divergence of an order gives at an epsilon; not above 1.</summary>
    public static double Delta(int order, double divergence, double epsilon)
    {
        var exponent = ((order - 1) * (divergence - epsilon)) + (order * Math.Log((order - 1.0) / order)) - Math.Log(order - 1);
        var slack = Rounding * (((order - 1) * (divergence + epsilon)) + 2 + Math.Log(order));
        return double.IsNaN(exponent) ? 1 : Math.Min(1, Math.Exp(exponent + slack));
    }
}
