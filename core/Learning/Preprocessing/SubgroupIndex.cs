using System.Collections.Immutable;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>In which subgroup a row is, by its raw value; the model's constants play no part.</summary>
public static class SubgroupIndex
{
    /// <summary>The subgroup of each row.</summary>
    /// <param name="study">The study.</param>
    /// <param name="partition">One of its partitions.</param>
    /// <param name="values">[rows, features], raw, row-major; NaN where missing. None lacks a value without which the study leaves a row out.</param>
    /// <returns>[rows]: index into <see cref="SubgroupPartition.Groups"/>.</returns>
    public static int[] Of(Study study, SubgroupPartition partition, double[] values)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(partition);
        ArgumentNullException.ThrowIfNull(values);
        var features = study.Data.Features;
        var column = ColumnOf(study, partition);
        var groupOf = new int[values.Length / features.Length];
        for (var row = 0; row < groupOf.Length; row++)
            groupOf[row] = Of(partition, features[column], values[(row * features.Length) + column]);
        return groupOf;
    }

    /// <summary>The subgroups of a row, one of each of the study's partitions.</summary>
    /// <param name="study">The study.</param>
    /// <param name="row">[features], raw; NaN where missing.</param>
    public static ImmutableArray<int> Of(Study study, ReadOnlySpan<float> row)
    {
        ArgumentNullException.ThrowIfNull(study);
        var partitions = study.Evaluation.Subgroups;
        var groups = ImmutableArray.CreateBuilder<int>(partitions.Length);
        foreach (var partition in partitions)
        {
            var column = ColumnOf(study, partition);
            groups.Add(Of(partition, study.Data.Features[column], row[column]));
        }

        return groups.MoveToImmutable();
    }

    /// <summary>Index of the feature by which a partition divides.</summary>
    public static int ColumnOf(Study study, SubgroupPartition partition)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(partition);
        return study.Data.Features.Index().First(feature => feature.Item.Name == partition.Feature).Index;
    }

    private static int Of(SubgroupPartition partition, Feature feature, double raw)
    {
        var value = InputEncoder.Plausible(feature, raw);
        return float.IsNaN(value) ? partition.Groups.Length - 1
            : feature.Type == FeatureType.Category ? feature.Levels.IndexOf(feature.Levels.First(level => (float)level == value))
            : partition.Bands.Count(band => value >= (float)band);
    }
}
