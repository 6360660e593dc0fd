namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// The false discovery rate of many tests (Benjamini and Hochberg 1995, "Controlling the false discovery rate", JRSS B 57(1)). It holds for independent tests
/// and for positively dependent ones (Benjamini and Yekutieli 2001), as those of one feature are.
/// </summary>
public static class BenjaminiHochberg
{
    /// <summary>The q-value of each test: the least rate at which it is rejected, min over k' ≥ k of p(k') · tests / k'.</summary>
    /// <param name="p">[tests], in [0, 1].</param>
    /// <returns>[tests], in the same order.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A probability is none.</exception>
    public static double[] Adjust(ReadOnlySpan<double> p)
    {
        foreach (var value in p)
        {
            if (value is not (>= 0 and <= 1))
                throw new ArgumentOutOfRangeException(nameof(p), "A probability lies in [0, 1].");
        }

        var keys = p.ToArray();
        var order = Enumerable.Range(0, keys.Length).ToArray();
        Array.Sort(keys, order);
        var q = new double[keys.Length];
        var least = 1.0;
        for (var rank = keys.Length; rank >= 1; rank--)
        {
            least = Math.Min(least, keys[rank - 1] * keys.Length / rank);
            q[order[rank - 1]] = least;
        }

        return q;
    }
}
