namespace FederatedClinicalMl.Numerics;

/// <summary>Kolmogorov's limit distribution of the two-sample statistic (Kolmogorov 1933, "Sulla determinazione empirica di una legge di distribuzione").</summary>
public static class KolmogorovLimit
{
    /// <summary>
    /// P(K > <paramref name="x"/>): 2 Σ (-1)^(k-1) exp(-2 k² x²); for small x, where that converges slowly, by its other series,
    /// 1 - √(2π)/x Σ exp(-(2k-1)² π² / (8 x²)).
    /// </summary>
    public static double Upper(double x)
    {
        if (x < 0.04)
            return 1; // The other series is below 1e-300.
        var sum = 0.0;
        if (x < 0.82)
        {
            for (var k = 1; k <= 9; k += 2)
                sum += Math.Exp(-k * k * Math.PI * Math.PI / (8 * x * x));
            return 1 - (Math.Sqrt(2 * Math.PI) / x * sum);
        }

        for (var k = 1; k <= 7; k++)
            sum += (k % 2 == 1 ? 2 : -2) * Math.Exp(-2.0 * k * k * x * x);
        return sum;
    }

    /// <summary>The x whose upper tail is <paramref name="probability"/>, in (0, 1), by bisection.</summary>
    public static double UpperQuantile(double probability)
    {
        var (low, high) = (0.0, 27.0);
        for (var i = 0; i < 60; i++)
        {
            var middle = (low + high) / 2;
            (low, high) = Upper(middle) > probability ? (middle, high) : (low, middle);
        }

        return high;
    }
}
