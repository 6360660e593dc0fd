namespace FederatedClinicalMl.Tests.Privacy;

/// <summary>Pearson's chi-square: how far counts are from what probabilities make expect.</summary>
internal static class GoodnessOfFit
{
    /// <summary>
    /// About standard normal where the samples are of the distribution (Wilson and Hilferty 1931). Cells that expect fewer than 10 are counted together.
    /// </summary>
    public static double Deviation(IReadOnlyDictionary<long, long> counts, IReadOnlyDictionary<long, double> weights)
    {
        double samples = counts.Values.Sum();
        var total = weights.Values.Sum();
        var (statistic, freedom, restExpected, restCount) = (0.0, -1, 0.0, samples);
        foreach (var (key, weight) in weights)
        {
            var (expected, count) = (samples * weight / total, counts.GetValueOrDefault(key));
            if (expected < 10)
            {
                restExpected += expected;
                continue;
            }

            restCount -= count;
            statistic += (count - expected) * (count - expected) / expected;
            freedom++;
        }

        if (restExpected + restCount > 1)
        {
            restExpected = Math.Max(restExpected, 1e-3);
            statistic += (restCount - restExpected) * (restCount - restExpected) / restExpected;
            freedom++;
        }

        return (Math.Cbrt(statistic / freedom) - (1 - (2 / (9.0 * freedom)))) / Math.Sqrt(2 / (9.0 * freedom));
    }

    public static Dictionary<long, long> Count(IEnumerable<long> samples) => samples.CountBy(sample => sample).ToDictionary(pair => pair.Key, pair => (long)pair.Value);
}
