using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>
/// The payload of a preparation release: the moments of a site's training rows, for just those features whose constants the protocol
/// leaves open. Canonical JSON: <c>{"features":[{"name","moments"}]}</c>; moments that a site withholds are null.
/// </summary>
public sealed class PreparationReport
{
    private readonly ImmutableArray<(Feature Feature, Moments? Moments)> _features;

    private PreparationReport(ImmutableArray<(Feature Feature, Moments? Moments)> features) => _features = features;

    /// <summary>The moments of a feature; null where they are not known.</summary>
    public Moments? Of(string feature) => _features.FirstOrDefault(item => item.Feature.Name == feature).Moments;

    /// <summary>Computes the report of a site.</summary>
    /// <param name="study">The study.</param>
    /// <param name="rows">Raw training rows, [rows, features], row-major, NaN where missing. Rows that the study leaves out do not count.</param>
    public static PreparationReport Compute(Study study, ReadOnlySpan<double> rows)
    {
        ArgumentNullException.ThrowIfNull(study);
        var features = study.Data.Features;
        if (features.IsEmpty || rows.Length % features.Length != 0)
            throw new ArgumentException($"Rows must hold {features.Length} values each; here are {rows.Length} values.", nameof(rows));
        var kept = new List<double[]>(rows.Length / features.Length);
        for (var start = 0; start < rows.Length; start += features.Length)
        {
            var row = new double[features.Length];
            for (var i = 0; i < row.Length; i++)
                row[i] = InputEncoder.Plausible(features[i], rows[start + i]);
            if (!features.Where((feature, i) => feature.Missing == MissingRule.ExcludeRow && double.IsNaN(row[i])).Any())
                kept.Add(row);
        }

        return new PreparationReport([.. Needed(study).Select(item =>
            (item.Feature, (Moments?)Moments.Of(GridOf(item.Feature), [.. kept.Select(row => row[item.Index])])))]);
    }

    /// <summary>
    /// The report with what is too small withheld: moments of fewer than <paramref name="minimum"/> values, and counts of missing values
    /// from 1 to below it. Suppression is not differential privacy: counts of other features may betray a withheld one.
    /// </summary>
    public PreparationReport Suppress(int minimum) => new([.. _features.Select(item => (item.Feature, item.Moments switch
    {
        null => null,
        var moments when moments.Count < minimum => null,
        { Missing: > 0 } moments when moments.Missing < minimum => moments.WithholdMissing(),
        var moments => moments,
    }))]);

    /// <summary>The moments of all sites together; a site that withheld a feature does not count towards it.</summary>
    /// <param name="reports">At least one, of the same study.</param>
    public static PreparationReport Merge(IReadOnlyCollection<PreparationReport> reports)
    {
        ArgumentNullException.ThrowIfNull(reports);
        ArgumentOutOfRangeException.ThrowIfLessThan(reports.Count, 1);
        return new([.. reports.First()._features.Select(item =>
            (item.Feature, reports.Select(report => report.Of(item.Feature.Name)).OfType<Moments>()
                .Aggregate((Moments?)null, (sum, moments) => sum?.Merge(moments) ?? moments)))]);
    }

    /// <summary>Canonical JSON.</summary>
    public byte[] Write()
    {
        var list = new JsonArray();
        foreach (var (feature, moments) in _features)
            list.Add(new JsonObject { ["name"] = feature.Name, ["moments"] = moments?.ToJson() });
        return CanonicalJson.Write(new JsonObject { ["features"] = list });
    }

    /// <summary>Reads the report of a study, strictly.</summary>
    /// <exception cref="FormatException">The bytes are something else.</exception>
    public static PreparationReport Read(Study study, ReadOnlySpan<byte> json)
    {
        ArgumentNullException.ThrowIfNull(study);
        var needed = Needed(study).Select(item => item.Feature).ToArray();
        var fields = new JsonFields(CanonicalJson.Read(json), "preparation");
        var index = 0;
        var features = fields.List("features", needed.Length, (node, path) =>
        {
            var feature = needed[index++];
            var item = new JsonFields(node, path);
            if (item.Text("name", feature.Name.Length) != feature.Name)
                item.Fail("name", $"be '{feature.Name}'");
            var moments = item.IsNull("moments") ? null : Moments.Read(item.Node("moments"), GridOf(feature), item.PathOf("moments"));
            item.End();
            return (feature, moments);
        });
        fields.End();
        if (features.Length != needed.Length)
            fields.Fail("features", $"have {needed.Length} items, one for each feature whose constants the protocol leaves open");
        return new PreparationReport([.. features]);
    }

    private static IEnumerable<(int Index, Feature Feature)> Needed(Study study) =>
        study.Data.Features.Index().Where(item => item.Item.NeedsPreparation);

    private static MomentGrid GridOf(Feature feature) => MomentGrid.For(feature.Minimum, feature.Maximum);
}
