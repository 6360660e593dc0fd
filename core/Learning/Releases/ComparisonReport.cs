using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>
/// The payload of a release of a comparison: canonical JSON <c>{"against":{...},"areas":{...},"withheld":null}</c>. The manifest names the candidate, and <c>against</c> the other model, so that the
/// site's signature holds for both.
/// </summary>
/// <param name="Against">The model that the candidate was compared with.</param>
/// <param name="Report">The areas of the candidate and of the other model on the same rows, in this order, or of a number their errors; or why they are withheld.</param>
public sealed record ComparisonReport(ComparedModel Against, CorrelatedAreasReport Report)
{
    /// <summary>Of whose curves it tells, in order.</summary>
    internal const int Curves = 2;

    /// <summary>Whether a release whose manifest names this <see cref="ReleaseManifest.MinimumCell"/> can hold it.</summary>
    public bool Fits(int minimumCell) => Report.Fits(minimumCell, minimumCell);

    /// <summary>Whether it can be of this study: withheld, or of what it predicts.</summary>
    public bool Fits(Study study)
    {
        ArgumentNullException.ThrowIfNull(study);
        return study.Data.Label.Number is null ? Report.Errors is null : Report.Areas is null;
    }

    /// <summary>Canonical JSON.</summary>
    public byte[] Write()
    {
        var json = Report.ToJson();
        json["against"] = Against.ToJson();
        return CanonicalJson.Write(json);
    }

    /// <summary>Reads a report, strictly: areas that no scores of two models can have are refused.</summary>
    /// <exception cref="FormatException">The bytes are something else.</exception>
    public static ComparisonReport Read(ReadOnlySpan<byte> json)
    {
        var fields = new JsonFields(CanonicalJson.Read(json), "comparison");
        var report = new ComparisonReport(ComparedModel.Read(fields.Node("against"), fields.PathOf("against")), ReadAreas(fields));
        fields.End();
        return report;
    }

    internal static CorrelatedAreasReport ReadAreas(JsonFields fields)
    {
        var report = CorrelatedAreasReport.Read(fields);
        if (report.Areas is { Areas.Length: not Curves })
            fields.Fail("areas", "be of two models");
        return report;
    }
}
