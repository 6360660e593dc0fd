namespace FederatedClinicalMl.Numerics;

/// <summary>What the two-sample Kolmogorov-Smirnov test says.</summary>
/// <param name="Statistic">D, the largest difference of the distribution functions, in [0, 1].</param>
/// <param name="P">Probability of such a D or a larger one without drift.</param>
/// <param name="IsExact">Whether <paramref name="P"/> is of the finite sample's distribution, not of the limit.</param>
public readonly record struct KolmogorovSmirnovResult(double Statistic, double P, bool IsExact);

/// <summary>What counts tell of the two-sample Kolmogorov-Smirnov test on the values themselves.</summary>
/// <param name="Statistic">The largest difference at a boundary of cells; the values' own D is never smaller.</param>
/// <param name="ErrorBound">By how much the values' own D is larger at most; at most the mass of the reference's largest cell.</param>
/// <param name="P">Of the limit distribution at <paramref name="Statistic"/>, and so not too small: counts are ties, with which the test keeps its
/// level.</param>
public readonly record struct BinnedKolmogorovSmirnovResult(double Statistic, double ErrorBound, double P);

/// <summary>The two-sample Kolmogorov-Smirnov test (Smirnov 1939; Hodges 1958, "The significance probability of the Smirnov two-sample test").</summary>
public static class KolmogorovSmirnov
{
    /// <summary>Largest sample with an exact probability, as for SciPy's <c>ks_2samp(method='auto')</c>.</summary>
    public const int MaximumExact = 10_000;

    /// <summary>
    /// The test on values. The probability is exact where both samples have at most <see cref="MaximumExact"/> values, and equal to SciPy's
    /// <c>ks_2samp(method='exact')</c>. Above it is Kolmogorov's limit at D √(nm/(n+m)), SciPy's <c>kstwobign.sf</c>; SciPy's own <c>method='asymp'</c> takes
    /// the one-sample distribution at the rounded nm/(n+m) instead, which is another approximation of the same.
    /// </summary>
    /// <param name="reference">[n], none NaN, at least one.</param>
    /// <param name="current">[m], none NaN, at least one.</param>
    /// <exception cref="ArgumentException">A sample is empty or has a NaN.</exception>
    public static KolmogorovSmirnovResult Of(ReadOnlySpan<double> reference, ReadOnlySpan<double> current)
    {
        var (a, b) = (Sorted(reference), Sorted(current));
        var (n, m) = ((long)a.Length, (long)b.Length);
        // In units of 1 / (n m), so that ties of the difference are ties.
        var largest = 0L;
        for (var (i, j) = (0, 0); i < n && j < m;)
        {
            var value = Math.Min(a[i], b[j]);
            while (i < n && a[i] <= value)
                i++;
            while (j < m && b[j] <= value)
                j++;
            largest = Math.Max(largest, Math.Abs((i * m) - (j * n)));
        }

        var statistic = (double)largest / (n * m);
        return n <= MaximumExact && m <= MaximumExact
            ? new(statistic, ExactTail((int)n, (int)m, largest), true)
            : new(statistic, LimitTail(statistic, n, m), false);
    }

    /// <summary>The test on counts over the same ordered cells. Within a cell the difference changes by at most the smaller of its two masses.</summary>
    /// <param name="reference">[cells], not all 0.</param>
    /// <param name="current">[cells], not all 0.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a side has no values.</exception>
    public static BinnedKolmogorovSmirnovResult OfCounts(ReadOnlySpan<long> reference, ReadOnlySpan<long> current)
    {
        var (n, m) = CellGroups.Totals(reference, current);
        var (f, g, statistic, bound) = (0L, 0L, 0.0, 0.0);
        for (var cell = 0; cell < reference.Length; cell++)
        {
            var (below, above) = (((double)f / n, (double)g / m), ((double)(f += reference[cell]) / n, (double)(g += current[cell]) / m));
            statistic = Math.Max(statistic, Math.Abs(above.Item1 - above.Item2));
            // All of one side's values in the cell may come before all of the other's.
            bound = Math.Max(bound, Math.Max(above.Item1 - below.Item2, above.Item2 - below.Item1));
        }

        return new(statistic, bound - statistic, LimitTail(statistic, n, m));
    }

    /// <summary>The D whose limit tail is <paramref name="probability"/> at these sample sizes.</summary>
    public static double Quantile(double probability, long n, long m) => KolmogorovLimit.UpperQuantile(probability) / Scale(n, m);

    /// <summary>
    /// The share of the orders of n + m values, all equally likely, in which the difference reaches <paramref name="largest"/> / (n m): walks the lattice from
    /// (0, 0) to (n, m) and adds up what leaves the band. All terms are positive, so that a small tail keeps its digits.
    /// </summary>
    private static double ExactTail(int n, int m, long largest)
    {
        if (largest == 0)
            return 1;
        var outside = 0.0;
        var column = new double[m + 1]; // column[j]: probability to come to (i, j) and never have left the band.
        column[0] = 1;
        for (var i = 0; i <= n; i++)
        {
            for (var j = 0; j <= m; j++)
            {
                var here = i == 0 && j == 0 ? 1 : 0.0;
                double left = n + m - i - j + 1;
                if (i > 0)
                    here += column[j] * ((n - i + 1) / left);
                if (j > 0)
                    here += column[j - 1] * ((m - j + 1) / left);
                if (Math.Abs(((long)i * m) - ((long)j * n)) >= largest)
                {
                    outside += here;
                    here = 0;
                }

                column[j] = here;
            }
        }

        return Math.Min(1, outside);
    }

    private static double LimitTail(double statistic, long n, long m) => KolmogorovLimit.Upper(statistic * Scale(n, m));

    private static double Scale(long n, long m) => Math.Sqrt((double)n / (n + m) * m);

    private static double[] Sorted(ReadOnlySpan<double> values)
    {
        if (values.IsEmpty || values.ContainsAnyInRange(double.NaN, double.NaN))
            throw new ArgumentException("A sample has at least one value and no missing ones.", nameof(values));
        var sorted = values.ToArray();
        Array.Sort(sorted);
        return sorted;
    }
}
