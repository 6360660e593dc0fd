using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>What is kept of the rows that a model was trained on, so that later ones can be held against them: counts and sums only, no row.</summary>
/// <remarks>Its counts are exact, small ones too: it stays where the rows are. What leaves is suppressed first, part by part.</remarks>
public sealed class TrainingProfile
{
    private const int Version = 1;

    private TrainingProfile(
        ProfileDesign design, long rows, ImmutableArray<FeatureProfile> features, long labelled, long positives,
        CorrelationSums correlations, FourierSketch? sketch) =>
        (Design, Rows, Features, Labelled, Positives, Correlations, Sketch) = (design, rows, features, labelled, positives, correlations, sketch);

    /// <summary>What it counts.</summary>
    public ProfileDesign Design { get; }

    /// <summary>Rows.</summary>
    public long Rows { get; }

    /// <summary>[features].</summary>
    public ImmutableArray<FeatureProfile> Features { get; }

    /// <summary>Rows with a label.</summary>
    public long Labelled { get; }

    /// <summary>Rows with a positive label.</summary>
    public long Positives { get; }

    /// <summary>Sums for the correlations of <see cref="ProfileDesign.Correlated"/>, of plausible values.</summary>
    public CorrelationSums Correlations { get; }

    /// <summary>The sketch of all numbers together, as <see cref="SketchRows"/> has them; null where the design has none.</summary>
    public FourierSketch? Sketch { get; }

    /// <summary>Profiles rows.</summary>
    /// <param name="design">What to count.</param>
    /// <param name="values">[rows, features], row by row. A number in the feature's unit, or the index of a level; NaN: missing.</param>
    /// <param name="labels">[rows]: 1 positive, 0 negative, NaN not (yet) known.</param>
    /// <exception cref="ArgumentException">The lengths do not fit, or a label is something else.</exception>
    public static TrainingProfile Of(ProfileDesign design, ReadOnlySpan<double> values, ReadOnlySpan<double> labels)
    {
        ArgumentNullException.ThrowIfNull(design);
        CheckLength(design, values, labels.Length);
        var (labelled, positives) = (0L, 0L);
        foreach (var label in labels)
        {
            if (label is not (0 or 1 or double.NaN))
                throw new ArgumentException("A label is 0, 1 or missing.", nameof(labels));
            labelled += double.IsNaN(label) ? 0 : 1;
            positives += label.Equals(1) ? 1 : 0;
        }

        var features = new FeatureProfile[design.Features.Length];
        var column = new double[labels.Length];
        for (var feature = 0; feature < features.Length; feature++)
        {
            for (var row = 0; row < column.Length; row++)
                column[row] = values[(row * features.Length) + feature];
            features[feature] = FeatureProfile.Of(design.Features[feature], column);
        }

        var correlated = new double[labels.Length * design.Correlated.Length];
        for (var i = 0; i < correlated.Length; i++)
        {
            var feature = design.Correlated[i % design.Correlated.Length];
            correlated[i] = FeatureProfile.Plausible(design.Features[feature], values[(i / design.Correlated.Length * features.Length) + feature]);
        }

        return new TrainingProfile(
            design, labels.Length, [.. features], labelled, positives, CorrelationSums.Of(design.CorrelatedGrids, correlated),
            design.Basis is { } basis ? FourierSketch.Of(basis, SketchRows(design, values, labels.Length)) : null);
    }

    /// <summary>The rows of the sketch: each number less its centre, divided by its spread; 0 where it is missing or implausible.</summary>
    /// <param name="design">The design.</param>
    /// <param name="values">[rows, features], row by row.</param>
    /// <param name="rows">Number of rows.</param>
    /// <returns>[rows, numbers], row by row.</returns>
    public static double[] SketchRows(ProfileDesign design, ReadOnlySpan<double> values, int rows)
    {
        ArgumentNullException.ThrowIfNull(design);
        CheckLength(design, values, rows);
        var numbers = design.Numbers;
        var scaled = new double[rows * numbers.Length];
        var i = 0;
        for (var row = 0; row < rows; row++)
        {
            foreach (var number in numbers)
            {
                var feature = design.Features[number];
                var value = FeatureProfile.Plausible(feature, values[(row * design.Features.Length) + number]);
                scaled[i++] = double.IsNaN(value) ? 0 : (value - feature.Centre) / feature.Spread;
            }
        }

        return scaled;
    }

    /// <summary>The profile of both populations together; in any order the same to the bit.</summary>
    /// <exception cref="ArgumentException">The designs differ.</exception>
    public TrainingProfile Merge(TrainingProfile other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (!Design.IsSameAs(other.Design))
            throw new ArgumentException("Profiles of different designs cannot be merged.", nameof(other));
        return new TrainingProfile(
            Design, checked(Rows + other.Rows), [.. Features.Zip(other.Features, (mine, theirs) => mine.Merge(theirs))],
            Labelled + other.Labelled, Positives + other.Positives, Correlations.Merge(other.Correlations), Sketch?.Merge(other.Sketch!));
    }

    /// <summary>JSON with the fields version, design, rows, features, labelled, positives, correlations and sketch.</summary>
    public JsonObject ToJson() => new()
    {
        ["version"] = Version,
        ["design"] = Design.ToJson(),
        ["rows"] = Rows,
        ["features"] = new JsonArray([.. Features.Select(feature => (JsonNode)feature.ToJson())]),
        ["labelled"] = Labelled,
        ["positives"] = Positives,
        ["correlations"] = Correlations.ToJson(),
        ["sketch"] = Sketch?.ToJson(),
    };

    /// <summary>The canonical bytes of <see cref="ToJson"/>.</summary>
    public byte[] Write() => CanonicalJson.Write(ToJson());

    /// <summary>Reads what <see cref="ToJson"/> writes, strictly: parts that cannot be of the same rows are refused.</summary>
    /// <exception cref="FormatException">The JSON is something else.</exception>
    public static TrainingProfile Read(JsonNode? node, string path)
    {
        var fields = new JsonFields(node, path);
        fields.Integer("version", Version, Version);
        var design = ProfileDesign.Read(fields.Node("design"), fields.PathOf("design"));
        var rows = fields.Integer("rows", 0, FourierSketch.MaximumCount);
        var at = 0;
        var features = fields.List("features", design.Features.Length, (item, where) => FeatureProfile.Read(item, design.Features[at++], rows, where));
        var labelled = fields.Integer("labelled", 0, rows);
        var positives = fields.Integer("positives", 0, labelled);
        var correlations = CorrelationSums.Read(fields.Node("correlations"), design.CorrelatedGrids, fields.PathOf("correlations"));
        var sketch = design.Basis is { } basis ? FourierSketch.Read(fields.Node("sketch"), basis, fields.PathOf("sketch")) : null;
        if (design.Basis is null && !fields.IsNull("sketch"))
            fields.Fail("sketch", "be null where no feature is a number");
        fields.End();
        if (features.Length != design.Features.Length)
            fields.Fail("features", "have one item for each feature of the design");
        if (correlations.Pairs.Any(pair => pair.Count > rows))
            fields.Fail("correlations", "be of these rows");
        if (sketch is not null && sketch.Count != rows)
            fields.Fail("sketch", "be of these rows");
        return new TrainingProfile(design, rows, [.. features], labelled, positives, correlations, sketch);
    }

    private static void CheckLength(ProfileDesign design, ReadOnlySpan<double> values, int rows)
    {
        if (values.Length != (long)rows * design.Features.Length)
            throw new ArgumentException($"{values.Length} values are not {rows} rows of {design.Features.Length} features.", nameof(values));
    }
}
