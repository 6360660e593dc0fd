using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>What a <see cref="TrainingProfile"/> keeps of one feature: histogram and moments of a number, or the counts of a category.</summary>
public sealed class FeatureProfile
{
    private FeatureProfile(ProfileFeature feature, ValueHistogram? histogram, Moments? moments, CategoryCounts? categories) =>
        (Feature, Histogram, Moments, Categories) = (feature, histogram, moments, categories);

    /// <summary>The feature.</summary>
    public ProfileFeature Feature { get; }

    /// <summary>A number's values, implausible ones too; null for a category.</summary>
    public ValueHistogram? Histogram { get; }

    /// <summary>Moments of a number's plausible values; null for a category.</summary>
    public Moments? Moments { get; }

    /// <summary>A category's counts; null for a number.</summary>
    public CategoryCounts? Categories { get; }

    /// <summary>Rows without a value.</summary>
    public long Missing => (Histogram?.Missing ?? Categories?.Missing)!.Value;

    /// <summary>Rows with a value.</summary>
    public long Present => CellCounts().Sum();

    /// <summary>Counts of the values' cells: below the range, bins, above; or levels, other.</summary>
    public long[] CellCounts() => Histogram?.CellCounts() ?? [.. Categories!.Cells[..^1].Select(cell => cell!.Value)];

    /// <summary>The value, or NaN where a number lies outside of the plausible range.</summary>
    internal static double Plausible(ProfileFeature feature, double value) => value >= feature.Minimum && value <= feature.Maximum ? value : double.NaN;

    internal static FeatureProfile Of(ProfileFeature feature, double[] column)
    {
        if (feature.Kind == ProfileFeatureKind.Category)
            return new FeatureProfile(feature, null, null, CategoryCounts.Of(feature.Levels.Length, column));
        var plausible = Array.ConvertAll(column, value => Plausible(feature, value));
        var moments = Moments.Of(MomentGrid.For(feature.Minimum, feature.Maximum), plausible);
        return new FeatureProfile(feature, ValueHistogram.Of(GridOf(feature), column), moments, null);
    }

    internal FeatureProfile Merge(FeatureProfile other) =>
        new(Feature, Histogram?.Merge(other.Histogram!), Moments?.Merge(other.Moments!), Categories?.Merge(other.Categories!));

    internal JsonObject ToJson() => Categories is { } categories
        ? new JsonObject { ["categories"] = categories.ToJson() }
        : new JsonObject { ["histogram"] = Histogram!.ToJson(), ["moments"] = Moments!.ToJson() };

    internal static FeatureProfile Read(JsonNode? node, ProfileFeature feature, long rows, string path)
    {
        var fields = new JsonFields(node, path);
        if (feature.Kind == ProfileFeatureKind.Category)
        {
            var categories = CategoryCounts.Read(fields.Node("categories"), feature.Levels.Length, fields.PathOf("categories"));
            fields.End();
            if (categories.Rows != rows || categories.Cells.Contains(null))
                fields.Fail("categories", "count all rows and withhold nothing");
            return new FeatureProfile(feature, null, null, categories);
        }

        var histogram = ValueHistogram.Read(fields.Node("histogram"), GridOf(feature), fields.PathOf("histogram"));
        var moments = Moments.Read(fields.Node("moments"), MomentGrid.For(feature.Minimum, feature.Maximum), fields.PathOf("moments"));
        fields.End();
        if (histogram.CellCounts() is not { } cells || histogram.Count + histogram.Missing != rows)
            fields.Fail("histogram", "count all rows, in the cells of its grid");
        else if (moments.Count + moments.Missing != rows || moments.Count != histogram.Count - cells[0] - cells[^1])
            fields.Fail("moments", "be of the values in the histogram's range");
        return new FeatureProfile(feature, histogram, moments, null);
    }

    private static HistogramGrid GridOf(ProfileFeature feature) => HistogramGrid.Uniform(feature.Minimum, feature.Maximum, ProfileDesign.Bins);
}
