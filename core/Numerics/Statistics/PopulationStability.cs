namespace FederatedClinicalMl.Numerics;

/// <summary>The usual bands of the population stability index (Siddiqi 2006, "Credit Risk Scorecards").</summary>
public enum PsiBand
{
    /// <summary>Below 0.1: no change to speak of.</summary>
    Stable = 1,

    /// <summary>From 0.1: some change.</summary>
    Moderate = 2,

    /// <summary>From 0.25: a large change.</summary>
    Major = 3,
}

/// <summary>A population stability index.</summary>
/// <param name="Index">The index, from 0.</param>
/// <param name="Cells">B, the number of cells.</param>
/// <param name="P">Probability of such an index or a larger one without drift.</param>
public readonly record struct PsiResult(double Index, int Cells, double P)
{
    /// <summary>Its band.</summary>
    public PsiBand Band => Index < PopulationStability.ModerateFrom ? PsiBand.Stable : Index < PopulationStability.MajorFrom ? PsiBand.Moderate : PsiBand.Major;
}

/// <summary>
/// The population stability index Σ (q - p) ln(q / p) over cells, Jeffreys' symmetric divergence. Without drift, PSI / (1/n + 1/m) is about chi-square with B
/// - 1 degrees of freedom (Yurdakul 2018, "Statistical properties of population stability index", Western Michigan University).
/// </summary>
/// <remarks>
/// Zero cells: each cell of either side counts half a row more, p = (count + 1/2) / (n + B/2), so that an empty one is neither infinite nor left out (the
/// prior of Jeffreys, as Krichevsky and Trofimov 1981).
/// </remarks>
public static class PopulationStability
{
    /// <summary>From where a change is moderate.</summary>
    public const double ModerateFrom = 0.1;

    /// <summary>From where a change is major.</summary>
    public const double MajorFrom = 0.25;

    /// <summary>The index of counts over the same cells.</summary>
    /// <param name="reference">[cells], not all 0.</param>
    /// <param name="current">[cells], not all 0.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a side has no values.</exception>
    public static PsiResult OfCounts(ReadOnlySpan<long> reference, ReadOnlySpan<long> current)
    {
        var (n, m) = CellGroups.Totals(reference, current);
        var (cells, index) = (reference.Length, 0.0);
        for (var cell = 0; cell < cells; cell++)
        {
            var p = (reference[cell] + 0.5) / (n + (0.5 * cells));
            var q = (current[cell] + 0.5) / (m + (0.5 * cells));
            index += (q - p) * Math.Log(q / p);
        }

        return new(index, cells, cells == 1 ? 1 : ChiSquared.Upper(index / Scale(n, m), cells - 1));
    }

    /// <summary>The index whose tail without drift is <paramref name="probability"/> with so many cells at these sample sizes.</summary>
    public static double Quantile(double probability, int cells, long n, long m) => cells == 1 ? 0 : ChiSquared.Quantile(1 - probability, cells - 1) * Scale(n, m);

    private static double Scale(long n, long m) => (1.0 / n) + (1.0 / m);
}
