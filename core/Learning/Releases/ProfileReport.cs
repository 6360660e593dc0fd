using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>A number's part of a profile; both null where the site withholds it.</summary>
/// <param name="Moments">Count, missing values, sum and sum of squares, exact.</param>
/// <param name="Histogram">Counts over the study's public grid; cells may have been merged.</param>
public sealed record NumberProfile(Moments? Moments, ValueHistogram? Histogram);

/// <summary>A step of a cohort's flow, as it leaves a site.</summary>
/// <param name="Patients">Patients left; null where withheld.</param>
/// <param name="Rows">Rows left; null where withheld.</param>
public sealed record FlowCount(long? Patients, long? Rows);

/// <summary>
/// The payload of a profile release: what a site's rows of a study are like, training and test rows together; a column of the consortium's
/// Table 1. Canonical JSON <c>{"outcome","flow","features":[{"name","moments","histogram"} or {"name","counts"}]}</c>. No count from 1 to below the
/// site's minimum cell is in it, nor follows from what is in it by adding and subtracting. Suppression is not differential privacy.
/// </summary>
public sealed class ProfileReport
{
    /// <summary>Bins of a number's public grid, over its plausible range.</summary>
    public const int Bins = 64;

    private ProfileReport(CategoryCounts? outcome, NumberProfile? outcomes, ImmutableArray<FlowCount> flow, ImmutableArray<NumberProfile?> numbers, ImmutableArray<CategoryCounts?> categories) =>
        (Outcome, Outcomes, Flow, Numbers, Categories) = (outcome, outcomes, flow, numbers, categories);

    /// <summary>Rows by outcome: negative, positive; null where a number is predicted.</summary>
    public CategoryCounts? Outcome { get; }

    /// <summary>The outcomes where a number is predicted; else null.</summary>
    public NumberProfile? Outcomes { get; }

    /// <summary>Rows; null where withheld.</summary>
    public long? Rows => Outcome is { } outcome ? outcome.Rows : Outcomes!.Moments?.Count;

    /// <summary>How the rows came about, step by step (<see cref="CohortDefinition.Steps"/>); empty: the dataset is a table.</summary>
    public ImmutableArray<FlowCount> Flow { get; }

    /// <summary>[features]: null for a category.</summary>
    public ImmutableArray<NumberProfile?> Numbers { get; }

    /// <summary>[features]: by level; null for a number.</summary>
    public ImmutableArray<CategoryCounts?> Categories { get; }

    /// <summary>Profiles rows, and withholds what is too small.</summary>
    /// <param name="study">The study.</param>
    /// <param name="values">[rows, features], raw, row-major; NaN where missing.</param>
    /// <param name="labels">[rows]: 1 positive, 0 negative; where a number is predicted, the number.</param>
    /// <param name="flow">Patients and rows at each step; empty for a table.</param>
    /// <param name="minimum">The least count that the site's policy lets out, from 1.</param>
    public static ProfileReport Of(Study study, ReadOnlySpan<double> values, ReadOnlySpan<float> labels, IEnumerable<(int Patients, int Rows)> flow, int minimum)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(flow);
        ArgumentOutOfRangeException.ThrowIfLessThan(minimum, 1);
        var features = study.Data.Features;
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, labels.Length * features.Length);
        var (numbers, categories) = (new NumberProfile?[features.Length], new CategoryCounts?[features.Length]);
        var column = new double[labels.Length];
        for (var j = 0; j < features.Length; j++)
        {
            for (var i = 0; i < column.Length; i++)
                column[i] = ValueOf(features[j], values[(i * features.Length) + j]);
            if (features[j].Type == FeatureType.Category)
                categories[j] = CategoryCounts.Of(features[j].Levels.Length, column).Suppress(minimum);
            else
                numbers[j] = Profiled(features[j].Minimum, features[j].Maximum, column, minimum);
        }

        var outcomes = study.Data.Label.Number?.OutcomesOf(labels) ?? [.. labels.ToArray().Select(label => (double)label)];
        var steps = flow.ToList();
        var (patients, rows) = (Chain([.. steps.Select(step => (long)step.Patients)], minimum), Chain([.. steps.Select(step => (long)step.Rows)], minimum));
        return new ProfileReport(
            study.Data.Label.Number is null ? CategoryCounts.Of(2, outcomes).Suppress(minimum) : null,
            study.Data.Label.Number is { } number ? Profiled(number.Minimum, number.Maximum, outcomes, minimum) : null,
            [.. patients.Zip(rows, (p, r) => new FlowCount(p, r))], [.. numbers], [.. categories]);
    }

    /// <summary>The public grid of a number.</summary>
    public static HistogramGrid GridOf(Feature feature)
    {
        ArgumentNullException.ThrowIfNull(feature);
        return GridOf(feature.Minimum, feature.Maximum);
    }

    /// <summary>The public grid of a number that is predicted.</summary>
    public static HistogramGrid GridOf(NumericOutcome number)
    {
        ArgumentNullException.ThrowIfNull(number);
        return GridOf(number.Minimum, number.Maximum);
    }

    /// <summary>Whether every count in it is 0 or at least <paramref name="minimum"/>.</summary>
    public bool Fits(int minimum)
    {
        return (Outcome is null || AllFit(Outcome.Cells)) && AllFit(Flow.SelectMany(step => new[] { step.Patients, step.Rows }))
            && Categories.All(counts => counts is null || AllFit(counts.Cells))
            && Numbers.Append(Outcomes).All(number => number is null || (AllFit([number.Moments?.Count, number.Moments?.Missing]) && (number.Histogram is null || AllFit(number.Histogram.Cells.Select(cell => (long?)cell.Count)))));

        bool AllFit(IEnumerable<long?> counts) => counts.All(count => count is null or 0 || count >= minimum);
    }

    /// <summary>Canonical JSON.</summary>
    public byte[] Write(Study study) => CanonicalJson.Write(ToJson(study));

    /// <summary>The JSON form.</summary>
    public JsonObject ToJson(Study study)
    {
        ArgumentNullException.ThrowIfNull(study);
        return new JsonObject
        {
            ["outcome"] = Outcome?.ToJson() ?? new JsonObject { ["histogram"] = Outcomes!.Histogram?.ToJson(), ["moments"] = Outcomes.Moments?.ToJson() },
            ["flow"] = new JsonArray([.. Flow.Select(step => new JsonObject { ["patients"] = step.Patients, ["rows"] = step.Rows })]),
            ["features"] = new JsonArray([.. study.Data.Features.Select((feature, j) => new JsonObject
            {
                ["name"] = feature.Name,
                [Categories[j] is null ? "moments" : "counts"] = Categories[j] is { } counts ? counts.ToJson() : Numbers[j]!.Moments?.ToJson(),
                ["histogram"] = Numbers[j]?.Histogram?.ToJson(),
            })]),
        };
    }

    /// <summary>Reads a report of a study, strictly.</summary>
    /// <exception cref="FormatException">The bytes are something else.</exception>
    public static ProfileReport Read(Study study, ReadOnlySpan<byte> json) => Read(study, CanonicalJson.Read(json), "profile");

    internal static ProfileReport Read(Study study, JsonNode? node, string path)
    {
        ArgumentNullException.ThrowIfNull(study);
        var declared = study.Data.Features;
        var fields = new JsonFields(node, path);
        var outcome = study.Data.Label.Number is null ? CategoryCounts.Read(fields.Node("outcome"), 2, fields.PathOf("outcome")) : null;
        var outcomes = study.Data.Label.Number is { } range ? ReadNumber(range.Minimum, range.Maximum, fields.Object("outcome")) : null;
        var steps = study.Data.Cohort?.Steps.Length ?? 0;
        var flow = fields.List("flow", steps, (item, at) =>
        {
            var step = new JsonFields(item, at);
            var read = new FlowCount(CountOf(step, "patients"), CountOf(step, "rows"));
            step.End();
            return read;
        });
        if (flow.Length != steps)
            fields.Fail("flow", $"have {steps} steps, as the study's cohort has");
        var index = 0;
        var features = fields.List("features", declared.Length, (item, at) => ReadFeature(declared[index++], new JsonFields(item, at)));
        fields.End();
        if (features.Length != declared.Length)
            fields.Fail("features", $"have {declared.Length} items, one for each feature");
        return new ProfileReport(outcome, outcomes, [.. flow], [.. features.Select(feature => feature.Number)], [.. features.Select(feature => feature.Category)]);
    }

    private static (NumberProfile? Number, CategoryCounts? Category) ReadFeature(Feature feature, JsonFields fields)
    {
        if (fields.Text("name", 128) != feature.Name)
            fields.Fail("name", $"be '{feature.Name}'");
        if (feature.Type != FeatureType.Category)
            return (ReadNumber(feature.Minimum, feature.Maximum, fields), null);
        if (!fields.IsNull("histogram"))
            fields.Fail("histogram", "be null for a category");
        var counts = CategoryCounts.Read(fields.Node("counts"), feature.Levels.Length, fields.PathOf("counts"));
        fields.End();
        return (null, counts);
    }

    private static NumberProfile ReadNumber(double minimum, double maximum, JsonFields fields)
    {
        var moments = fields.IsNull("moments") ? null : Moments.Read(fields.Node("moments"), MomentGrid.For(minimum, maximum), fields.PathOf("moments"));
        var histogram = fields.IsNull("histogram") ? null : ValueHistogram.Read(fields.Node("histogram"), GridOf(minimum, maximum), fields.PathOf("histogram"));
        if (moments is null != histogram is null || (moments is not null && (moments.Count != histogram!.Count || moments.Missing != histogram.Missing)))
            fields.Fail("histogram", "count the same values as the moments, or be null with them");
        fields.End();
        return new NumberProfile(moments, histogram);
    }

    private static HistogramGrid GridOf(double minimum, double maximum) => HistogramGrid.Uniform(minimum, maximum, Bins);

    private static NumberProfile Profiled(double minimum, double maximum, ReadOnlySpan<double> column, int least) =>
        Suppressed(Moments.Of(MomentGrid.For(minimum, maximum), column), ValueHistogram.Of(GridOf(minimum, maximum), column), least);

    // With the number of rows known, either count of present and missing values tells the other: where one is small, neither leaves, nor the sums.
    private static NumberProfile Suppressed(Moments moments, ValueHistogram histogram, int minimum) =>
        IsSmall(moments.Count, minimum) || IsSmall(moments.Missing ?? 0, minimum) ? new NumberProfile(null, null) : new NumberProfile(moments, histogram.Suppress(minimum));

    private static bool IsSmall(long count, int minimum) => count > 0 && count < minimum;

    // From the last step upwards a count is withheld that would tell how few one step, or several, left out.
    private static long?[] Chain(long[] counts, int minimum)
    {
        var published = new long?[counts.Length];
        long? below = null;
        for (var i = counts.Length - 1; i >= 0; i--)
        {
            if (IsSmall(counts[i], minimum) || (below is { } last && IsSmall(counts[i] - last, minimum)))
                continue;
            published[i] = below = counts[i];
        }

        return published;
    }

    private static double ValueOf(Feature feature, double raw)
    {
        var value = InputEncoder.Plausible(feature, raw);
        return float.IsNaN(value) ? double.NaN : feature.Type == FeatureType.Number ? raw : feature.Levels.IndexOf(feature.Levels.First(level => (float)level == value));
    }

    private static long? CountOf(JsonFields fields, string name) => fields.IsNull(name) ? null : fields.Integer(name, 0, ValueHistogram.MaximumCount);
}
