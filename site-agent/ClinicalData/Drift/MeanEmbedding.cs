using System.Numerics.Tensors;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>What the maximum mean discrepancy of a sketch and rows says.</summary>
/// <param name="Discrepancy">The squared discrepancy, unbiased: about 0 without drift, and so often below it.</param>
/// <param name="NullQuantile">The quantile that was asked for, of permutations.</param>
/// <param name="P">Probability of such a discrepancy or a larger one without drift.</param>
public readonly record struct MeanEmbeddingResult(double Discrepancy, double NullQuantile, double P);

/// <summary>
/// The kernel two-sample test (Gretton et al. 2012, JMLR 13) of a reference of which only the <see cref="FourierSketch"/> is left against rows that are there.
/// </summary>
/// <remarks>
/// <para>
/// Without drift the reference's rows are as the rows here. So the null is had from these alone: they are split at random into halves, again and again (a
/// permutation test of half against half), and the discrepancy of the halves is scaled from their sizes to those of the comparison, (1/n + 1/m) / (2/h). Two
/// sketches without rows on either side have a discrepancy and no null: means say nothing about spread, and that comparison is not assessable.
/// </para>
/// <para>
/// B permutations cannot give a probability below 1/(B + 1), and of a hundred tests the false discovery rate asks for less. The probability therefore is of
/// the limit that the permutations approximate, Σ λ (χ²₁ - 1) over the eigenvalues λ of the embeddings' covariance, by the chi-square that has its first three
/// cumulants (Buckley and Eagleson 1988, "An approximation to the distribution of quadratic forms in normal random variables", Austral. J. Statist. 30A).
/// </para>
/// </remarks>
public static class MeanEmbedding
{
    /// <summary>Number of permutations.</summary>
    public const int Permutations = 199;

    /// <summary>Most rows that the null is had from, drawn at random; the discrepancy itself is of all.</summary>
    public const int MaximumNullRows = 5000;

    /// <summary>Least rows.</summary>
    public const int MinimumRows = 4;

    /// <summary>Compares rows with a sketch.</summary>
    /// <param name="reference">Of at least <see cref="MinimumRows"/> rows.</param>
    /// <param name="rows">[rows, dimension], finite, at least <see cref="MinimumRows"/>.</param>
    /// <param name="probability">In (0, 1): that of the null quantile's tail.</param>
    /// <param name="random">Chooses rows and permutations.</param>
    public static MeanEmbeddingResult Of(FourierSketch reference, ReadOnlySpan<double> rows, double probability, DeterministicRandom random)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(random);
        var current = FourierSketch.Of(reference.Basis, rows);
        if (reference.Count < MinimumRows || current.Count < MinimumRows)
            throw new ArgumentException($"Both sides need at least {MinimumRows} rows.", nameof(rows));
        var discrepancy = reference.UnbiasedDiscrepancy(current)!.Value;
        var scale = (1.0 / reference.Count) + (1.0 / current.Count);
        var embeddings = Centred(reference.Basis, rows, random);
        return new(discrepancy, scale * HalvesQuantile(embeddings, probability, random), Tail(embeddings, discrepancy / scale));
    }

    // [rows][components]: the embeddings of an even number of rows, with factor 1/√D, less their mean.
    private static double[][] Centred(FourierBasis basis, ReadOnlySpan<double> rows, DeterministicRandom random)
    {
        var order = Enumerable.Range(0, rows.Length / basis.Dimension).ToArray();
        random.Shuffle(order.AsSpan());
        var embeddings = new double[Math.Min(order.Length, MaximumNullRows) / 2 * 2][];
        var mean = new double[basis.Components];
        for (var i = 0; i < embeddings.Length; i++)
        {
            embeddings[i] = new double[basis.Components];
            basis.Embed(rows.Slice(order[i] * basis.Dimension, basis.Dimension), embeddings[i]);
            TensorPrimitives.Multiply(embeddings[i], 1 / Math.Sqrt(basis.Frequencies), embeddings[i]);
            TensorPrimitives.Add(mean, embeddings[i], mean);
        }

        TensorPrimitives.Divide(mean, embeddings.Length, mean);
        foreach (var embedding in embeddings)
            TensorPrimitives.Subtract(embedding, mean, embedding);
        return embeddings;
    }

    // Per unit of 1/n + 1/m. With a mean of 0 the two halves' means are opposite, d and -d: the biased discrepancy is 4|d|². The unbiased one differs from it
    // by the rows' products with themselves, whose mean over permutations is that of the biased ones themselves.
    private static double HalvesQuantile(double[][] embeddings, double probability, DeterministicRandom random)
    {
        var half = embeddings.Length / 2;
        var draws = new double[Permutations];
        var sum = new double[embeddings[0].Length];
        for (var draw = 0; draw < draws.Length; draw++)
        {
            random.Shuffle(embeddings.AsSpan());
            Array.Clear(sum);
            foreach (var embedding in embeddings.AsSpan(0, half))
                TensorPrimitives.Add(sum, embedding, sum);
            draws[draw] = 4 * TensorPrimitives.SumOfSquares<double>(sum) / half / 2;
        }

        Array.Sort(draws);
        return draws[Math.Min(draws.Length - 1, (int)Math.Ceiling((1 - probability) * (draws.Length + 1)) - 1)] - Variance(embeddings);
    }

    // The trace of the covariance.
    private static double Variance(double[][] embeddings) => embeddings.Sum(embedding => TensorPrimitives.SumOfSquares<double>(embedding)) / (embeddings.Length - 1);

    private static double Tail(double[][] embeddings, double standardised)
    {
        var covariance = Covariance(embeddings);
        var (second, third) = (0.0, 0.0); // tr C², tr C³
        foreach (var (i, row) in covariance.Index())
        {
            second += TensorPrimitives.SumOfSquares<double>(row);
            for (var j = 0; j < row.Length; j++)
                third += covariance[i][j] * TensorPrimitives.Dot<double>(row, covariance[j]);
        }

        if (third <= 0)
            return standardised > 0 ? 0 : 1; // The rows are all the same.
        // Cumulants 2 tr C² and 8 tr C³ of the sum, which has mean 0.
        var degrees = second * second * second / (third * third);
        return NullDistributions.ChiSquareTail(degrees + (standardised * Math.Sqrt(degrees / second)), degrees);
    }

    private static double[][] Covariance(double[][] embeddings)
    {
        var covariance = new double[embeddings[0].Length][];
        for (var i = 0; i < covariance.Length; i++)
        {
            covariance[i] = new double[covariance.Length];
            foreach (var embedding in embeddings)
                TensorPrimitives.MultiplyAdd(embedding, embedding[i], covariance[i], covariance[i]);
            TensorPrimitives.Divide(covariance[i], embeddings.Length - 1, covariance[i]);
        }

        return covariance;
    }
}
