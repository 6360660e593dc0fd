using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Holds new rows against a training profile.</summary>
public static class DriftComparison
{
    /// <summary>Groups of a number's distribution for the population stability index: tenths of the reference.</summary>
    public const int Groups = 10;

    /// <summary>Measures all tests and decides.</summary>
    /// <param name="reference">The training profile.</param>
    /// <param name="values">[rows, features of the profile's design], row by row; NaN: missing.</param>
    /// <param name="labels">[rows]: 1, 0, or NaN where the outcome is not known yet.</param>
    /// <param name="options">Thresholds.</param>
    /// <param name="check">Number of the check of this model at this site, from 1.</param>
    /// <param name="random">For the permutations.</param>
    /// <exception cref="ArgumentException">The lengths do not fit, or an option lies outside of its range.</exception>
    public static DriftCheck Of(
        TrainingProfile reference, ReadOnlySpan<double> values, ReadOnlySpan<double> labels, DriftOptions options, int check, DeterministicRandom random)
    {
        ArgumentNullException.ThrowIfNull(options);
        return DriftDecision.Decide(Measure(reference, values, labels, options, random), options, check);
    }

    /// <summary>Measures all tests, to be decided with others.</summary>
    /// <inheritdoc cref="Of"/>
    public static IReadOnlyList<DriftMeasurement> Measure(
        TrainingProfile reference, ReadOnlySpan<double> values, ReadOnlySpan<double> labels, DriftOptions options, DeterministicRandom random)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(random);
        options.Check();
        var current = TrainingProfile.Of(reference.Design, values, labels);
        var measurements = new List<DriftMeasurement>();
        for (var feature = 0; feature < reference.Features.Length; feature++)
            measurements.AddRange(Feature(reference.Features[feature], current.Features[feature], options.Alpha));
        measurements.Add(Share(DriftTest.LabelPrevalence, null, (reference.Positives, reference.Labelled), (current.Positives, current.Labelled), options.Alpha));
        measurements.AddRange(Correlations(reference, current, options.Alpha));
        if (reference.Sketch is { } sketch)
        {
            var rows = TrainingProfile.SketchRows(reference.Design, values, labels.Length);
            MeanEmbeddingResult? result = Math.Min(reference.Rows, current.Rows) < MeanEmbedding.MinimumRows
                ? null
                : MeanEmbedding.Of(sketch, rows, options.Alpha, random);
            measurements.Add(new(DriftTest.MeanEmbedding, null, null, reference.Rows, current.Rows, result?.Discrepancy, result?.NullQuantile, result?.P));
        }

        return measurements;
    }

    private static IEnumerable<DriftMeasurement> Feature(FeatureProfile reference, FeatureProfile current, double alpha)
    {
        var (name, n, m) = (reference.Feature.Name, reference.Present, current.Present);
        var (before, after) = (reference.CellCounts(), current.CellCounts());
        var isNumber = reference.Feature.Kind == ProfileFeatureKind.Number;
        var second = isNumber ? DriftTest.KolmogorovSmirnov : DriftTest.ChiSquare;
        if (n == 0 || m == 0)
        {
            yield return new(DriftTest.PopulationStability, name, null, n, m, null, null, null);
            yield return new(second, name, null, n, m, null, null, null);
        }
        else
        {
            var (p, q) = isNumber ? CellGroups.ByMass(before, after, Groups) : CellGroups.ByExpected(before, after);
            var psi = PopulationStability.OfCounts(p, q);
            yield return new(DriftTest.PopulationStability, name, null, n, m, psi.Index, PopulationStability.Quantile(alpha, psi.Cells, n, m), psi.P);
            if (isNumber)
            {
                var ks = KolmogorovSmirnov.OfCounts(before, after);
                yield return new(second, name, null, n, m, ks.Statistic, KolmogorovSmirnov.Quantile(alpha, n, m), ks.P);
            }
            else
            {
                var chi = ChiSquareTest.OfCounts(p, q);
                // V of a table of two rows is √(χ² / (n + m)).
                var quantile = Math.Sqrt(NullDistributions.ChiSquareQuantile(alpha, chi.DegreesOfFreedom) / (n + m));
                yield return new(second, name, null, n, m, chi.CramersV, quantile, chi.P);
            }
        }

        yield return Share(DriftTest.Missingness, name, (reference.Missing, n + reference.Missing), (current.Missing, m + current.Missing), alpha);
    }

    private static DriftMeasurement Share(DriftTest test, string? feature, (long Hits, long Rows) reference, (long Hits, long Rows) current, double alpha)
    {
        if (reference.Rows == 0 || current.Rows == 0)
            return new(test, feature, null, reference.Rows, current.Rows, null, null, null);
        var result = TwoProportions.Of(reference.Hits, reference.Rows, current.Hits, current.Rows);
        // With so few hits a normal approximation says too much. That nobody has or everybody has is no approximation.
        double? p = result.SmallestExpected >= CellGroups.LeastExpected || result.SmallestExpected == 0 ? result.P : null;
        return new(
            test, feature, null, reference.Rows, current.Rows, Math.Abs(result.Effect), TwoProportions.Quantile(alpha, reference.Rows, current.Rows), p);
    }

    private static IEnumerable<DriftMeasurement> Correlations(TrainingProfile reference, TrainingProfile current, double alpha)
    {
        var features = reference.Design.Correlated.Select(index => reference.Design.Features[index].Name).ToArray();
        for (var first = 0; first < features.Length; first++)
        {
            for (var second = first + 1; second < features.Length; second++)
            {
                var (before, after) = (reference.Correlations[first, second], current.Correlations[first, second]);
                var measurement = new DriftMeasurement(DriftTest.Correlation, features[first], features[second], before.Count, after.Count, null, null, null);
                if (before is { Count: >= 4, Correlation: { } r } && after is { Count: >= 4, Correlation: { } s })
                {
                    var result = CorrelationChange.Of(r, before.Count, s, after.Count);
                    var quantile = CorrelationChange.Quantile(alpha, before.Count, after.Count);
                    measurement = measurement with { Effect = Math.Abs(result.Effect), NullQuantile = quantile, P = result.P };
                }

                yield return measurement;
            }
        }
    }
}
