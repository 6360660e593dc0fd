using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>
/// The payload of an evaluation release, and the merged result of an evaluation step: canonical JSON <c>{"histogram":{...}}</c>, null where a
/// site's test set is too small for its policy.
/// </summary>
/// <param name="Histogram">Scores on test rows; null where withheld.</param>
public sealed record EvaluationReport(ScoreHistogram? Histogram)
{
    /// <summary>The report of all sites together; a site that withheld its scores does not count.</summary>
    public static EvaluationReport Merge(IEnumerable<EvaluationReport> reports) => new(
        reports.Select(report => report.Histogram).OfType<ScoreHistogram>().Aggregate((ScoreHistogram?)null, (sum, next) => sum?.Merge(next) ?? next));

    /// <summary>The metrics; undefined ones where everything was withheld.</summary>
    public ClassifierMetrics Metrics => ClassifierMetrics.Of(Histogram);

    /// <summary>Canonical JSON.</summary>
    public byte[] Write() => CanonicalJson.Write(new JsonObject { ["histogram"] = Histogram?.ToJson() });

    /// <summary>Reads a report, strictly.</summary>
    /// <exception cref="FormatException">The bytes are something else.</exception>
    public static EvaluationReport Read(ReadOnlySpan<byte> json)
    {
        var fields = new JsonFields(CanonicalJson.Read(json), "evaluation");
        var histogram = fields.IsNull("histogram") ? null : ScoreHistogram.Read(fields.Node("histogram"), fields.PathOf("histogram"));
        fields.End();
        return new EvaluationReport(histogram);
    }
}
