using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>
/// What a site tells of the use of a version in a window: no count from 1 to below its policy's minimum is in it, nor follows from what is in it. Suppression is not differential privacy, and the counts are of
/// rows: a patient who was scored ten times is ten rows.
/// </summary>
public sealed class MonitoredUsage
{
    /// <summary>Places beside a feature's cells: missing, implausible.</summary>
    private const int BesideFeature = 2;

    private MonitoredUsage(
        long answered, bool failing, long? unscoredMissing, long? unscoredOther, PartitionedRows scores, PartitionedRows latency, ImmutableArray<PartitionedRows> features, JointDrift? joint) =>
        (Answered, Failing, UnscoredMissing, UnscoredOther, Scores, Latency, Features, Joint) = (answered, failing, unscoredMissing, unscoredOther, scores, latency, features, joint);

    /// <summary>Rows that it answered with a score.</summary>
    public long Answered { get; }

    /// <summary>Whether it failed to run on at least the minimum of rows. How many is not told: another version answers them then and counts them.</summary>
    public bool Failing { get; }

    /// <summary>Rows that it answered without a score for want of a value; null where withheld, as with the next.</summary>
    public long? UnscoredMissing { get; }

    /// <summary>Rows that it answered without a score for another reason.</summary>
    public long? UnscoredOther { get; }

    /// <summary>The rows by logit, on the grid of <see cref="ScoreHistogram"/>; where a number is predicted, by prediction, in as many equal cells of the outcome's range.</summary>
    public PartitionedRows Scores { get; }

    /// <summary>The rows by how long they took, in <see cref="LatencyBins"/>.</summary>
    public PartitionedRows Latency { get; }

    /// <summary>[features]: the rows by the cells of <see cref="DayReport.CellsOf"/>; beside them those without a value, and those with an implausible one.</summary>
    public ImmutableArray<PartitionedRows> Features { get; }

    /// <summary>How far all numbers together are from the rows on which the study's last run trained there; null: not to be had.</summary>
    public JointDrift? Joint { get; }

    /// <summary>What leaves of the reports of a window's days; null: so few rows were answered that nothing does.</summary>
    /// <param name="study">The model's study.</param>
    /// <param name="sum">The reports of all days of the window.</param>
    /// <param name="minimum">The least count that the site's policy lets out, from 1.</param>
    /// <param name="reference">The sketch of the rows on which the study's last run trained at the site; null: there is none.</param>
    public static MonitoredUsage? Of(Study study, DayReport sum, int minimum, FourierSketch? reference = null)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(sum);
        ArgumentOutOfRangeException.ThrowIfLessThan(minimum, 1);
        if (!MayLeave(sum.Answered))
            return null;
        var features = study.Data.Features;
        return new MonitoredUsage(
            sum.Answered, sum.Errors >= minimum, Told(sum.UnscoredMissing), Told(sum.UnscoredOther),
            PartitionedRows.Of(sum.Scores, [], ordered: true, minimum), PartitionedRows.Of(sum.Latency, [], ordered: true, minimum),
            [.. features.Select((feature, i) => PartitionedRows.Of(sum.Values(i), [sum.Absent(i).Missing, sum.Absent(i).Implausible], feature.Type == FeatureType.Number, minimum, sum.Bands(i)))],
            JointDrift.Of(reference, sum.Sketch, minimum));

        bool MayLeave(long count) => count == 0 || count >= minimum;

        long? Told(long count) => MayLeave(count) ? count : null;
    }

    /// <summary>Whether no count from 1 to <paramref name="minimum"/> - 1 is in it or follows from it.</summary>
    public bool Fits(int minimum) =>
        new[] { Answered, UnscoredMissing, UnscoredOther }.All(count => count is null or 0 || count >= minimum)
        && (Joint is null || Answered >= JointDrift.LeastRows) && Scores.Fits(Answered, minimum) && Latency.Fits(Answered, minimum) && Features.All(feature => feature.Fits(Answered, minimum));

    internal JsonObject ToJson(Study study)
    {
        var json = Counts(study);
        if (Joint is not null)
            json["joint"] = Joint.ToJson(); // absent otherwise: what was written before there was any reads as it did
        return json;
    }

    private JsonObject Counts(Study study) => new()
    {
        ["answered"] = Answered,
        ["failing"] = Failing,
        ["unscored"] = new JsonObject { ["missing"] = UnscoredMissing, ["other"] = UnscoredOther },
        ["scores"] = Scores.ToJson(),
        ["latency"] = Latency.ToJson(),
        ["features"] = new JsonArray([.. study.Data.Features.Select((feature, i) =>
        {
            var json = Features[i].ToJson();
            json["name"] = feature.Name;
            return json;
        })]),
    };

    internal static MonitoredUsage Read(Study study, JsonNode? node, string path)
    {
        var declared = study.Data.Features;
        var fields = new JsonFields(node, path);
        var unscored = fields.Object("unscored");
        var index = 0;
        var usage = new MonitoredUsage(
            fields.Integer("answered", 0, ValueHistogram.MaximumCount), fields.Flag("failing"), Count(unscored, "missing"), Count(unscored, "other"),
            PartitionedRows.Read(fields.Node("scores"), ScoreHistogram.GridBins, 0, fields.PathOf("scores")),
            PartitionedRows.Read(fields.Node("latency"), LatencyBins.Count, 0, fields.PathOf("latency")),
            [.. fields.List("features", declared.Length, (item, at) => ReadFeature(declared[index++], item, at))],
            fields.Has("joint") ? JointDrift.Read(fields.Object("joint")) : null);
        unscored.End();
        fields.End();
        if (usage.Features.Length != declared.Length)
            fields.Fail("features", "have each feature of the study once");
        if (usage.Scores.Withheld > 0 || usage.Latency.Withheld > 0 || !usage.Fits(1))
            fields.Fail("answered", $"be what the scores, the latencies and the cells of each feature add up to, and at least {JointDrift.LeastRows} beside 'joint'");
        return usage;
    }

    private static PartitionedRows ReadFeature(Feature feature, JsonNode? node, string path)
    {
        var named = new JsonFields(node, path);
        if (named.Text("name", 128) != feature.Name)
            named.Fail("name", $"be '{feature.Name}'");
        var cells = new JsonObject { ["to"] = named.Node("to")?.DeepClone(), ["counts"] = named.Node("counts")?.DeepClone(), ["beside"] = named.Node("beside")?.DeepClone() };
        named.End();
        var rows = PartitionedRows.Read(cells, DayReport.CellsOf(feature), BesideFeature, path);
        if (feature.Type == FeatureType.Number && rows.Cells.Skip(1).Any(cell => cell.Count is null))
            named.Fail("counts", "withhold none but the first of a number's cells");
        return rows;
    }

    private static long? Count(JsonFields fields, string name) => fields.IsNull(name) ? null : fields.Integer(name, 0, ValueHistogram.MaximumCount);
}
