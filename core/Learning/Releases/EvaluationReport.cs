using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>
/// The payload of an evaluation release, and the merged result of an evaluation step: canonical JSON <c>{"histogram":{...}}</c>, null where a
/// site's test set is too small for its policy; of a study that declares subgroups <c>{"histogram","subgroups"}</c>.
/// </summary>
/// <param name="Histogram">Scores on test rows; null where withheld.</param>
/// <param name="Subgroups">The same by subgroup; null where the study declares none.</param>
public sealed record EvaluationReport(ScoreHistogram? Histogram, SubgroupScores? Subgroups = null)
{
    /// <summary>The report of one site.</summary>
    /// <param name="study">The study.</param>
    /// <param name="logits">[rows], of test rows.</param>
    /// <param name="labels">[rows].</param>
    /// <param name="values">[rows, features], raw, row-major; NaN where missing.</param>
    /// <param name="minimum">The least count that its policy lets out, from 1.</param>
    public static EvaluationReport Of(Study study, double[] logits, bool[] labels, double[] values, int minimum)
    {
        ArgumentNullException.ThrowIfNull(study);
        var partitions = study.Evaluation.Subgroups;
        var (all, groups) = SubgroupSuppression.Suppress(
            logits, labels, [.. partitions.Select(partition => (SubgroupIndex.Of(study, partition, values), partition.Groups.Length))], minimum);
        return new EvaluationReport(all, partitions.IsEmpty ? null : SubgroupScores.Of(groups));
    }

    /// <summary>The report of all sites together; a site that withheld its scores, or a subgroup's, does not count.</summary>
    public static EvaluationReport Merge(IEnumerable<EvaluationReport> reports)
    {
        ArgumentNullException.ThrowIfNull(reports);
        return reports.Aggregate((sum, next) => new EvaluationReport(
            sum.Histogram is { } scores && next.Histogram is { } more ? scores.Merge(more) : sum.Histogram ?? next.Histogram,
            sum.Subgroups is { } groups && next.Subgroups is { } others ? groups.Merge(others) : null));
    }

    /// <summary>The metrics; undefined ones where everything was withheld.</summary>
    public ClassifierMetrics Metrics => ClassifierMetrics.Of(Histogram);

    /// <summary>Whether one site's release of this study, under a policy of this least count, can hold it.</summary>
    public bool Fits(Study study, int minimumCell)
    {
        ArgumentNullException.ThrowIfNull(study);
        return Histogram is not { IsPartition: false } // one site counts each row once
            && (study.Evaluation.Subgroups.IsEmpty ? Subgroups is null : Subgroups?.FitsSite(study, Histogram, minimumCell) == true);
    }

    /// <summary>Canonical JSON.</summary>
    public byte[] Write() => CanonicalJson.Write(ToJson());

    /// <summary>The JSON form.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject { ["histogram"] = Histogram?.ToJson() };
        if (Subgroups is not null)
            json["subgroups"] = Subgroups.ToJson();
        return json;
    }

    /// <summary>Reads a report, strictly.</summary>
    /// <exception cref="FormatException">The bytes are something else.</exception>
    public static EvaluationReport Read(ReadOnlySpan<byte> json)
    {
        var fields = new JsonFields(CanonicalJson.Read(json), "evaluation");
        var histogram = fields.IsNull("histogram") ? null : ScoreHistogram.Read(fields.Node("histogram"), fields.PathOf("histogram"));
        var subgroups = fields.Has("subgroups") ? SubgroupScores.Read(fields.Object("subgroups")) : null;
        fields.End();
        return new EvaluationReport(histogram, subgroups);
    }
}
