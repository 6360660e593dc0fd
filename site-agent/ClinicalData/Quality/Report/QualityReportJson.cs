using System.Text;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>A report as canonical JSON, for scripts.</summary>
public static class QualityReportJson
{
    /// <summary>The report.</summary>
    /// <param name="report">What was found.</param>
    /// <param name="quality">What keeps the site out.</param>
    public static string Write(QualityReport report, StudyQuality quality)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(quality);
        return Encoding.UTF8.GetString(CanonicalJson.Write(new JsonObject
        {
            ["import"] = report.Import,
            ["fingerprint"] = report.Fingerprint.ToString(),
            ["mapping"] = report.Mapping,
            ["decisions"] = report.Decisions,
            ["patients"] = report.Patients,
            ["events"] = report.Events,
            ["keeps-out"] = new JsonArray([.. quality.KeepsOut.Select(severity => JsonValue.Create(severity.Word()))]),
            ["passed"] = report.Failing(quality.KeepsOut).IsEmpty,
            ["rules"] = new JsonArray([.. report.Results.Select(Json)]),
            ["histograms"] = new JsonArray([.. report.Histograms.Select(Json)]),
            ["measures"] = new JsonArray([.. report.Spreads.Select(Json)]),
        }));
    }

    private static JsonObject Json(QualityResult result) => new()
    {
        ["rule"] = result.Rule.Id,
        ["dimension"] = result.Rule.Dimension.Word(),
        ["severity"] = result.Rule.Severity.Word(),
        ["sentence"] = result.Rule.Sentence,
        ["of"] = result.Rule.Of.Word(),
        ["maximum-share"] = result.Rule.MaximumShare,
        ["checked"] = result.Checked,
        ["failed"] = result.Failed,
        ["kept"] = result.Kept,
        ["share"] = result.Share,
        ["verdict"] = result.Verdict.Word(),
    };

    private static JsonObject Json(NumberHistogram histogram) => new()
    {
        ["name"] = histogram.Name,
        ["unit"] = histogram.Unit,
        ["minimum"] = histogram.Minimum,
        ["maximum"] = histogram.Maximum,
        ["bins"] = new JsonArray([.. histogram.Bins.Select(count => JsonValue.Create(count))]),
        ["below"] = histogram.Below,
        ["above"] = histogram.Above,
    };

    private static JsonObject Json(MeasureSpread spread) => new()
    {
        ["system"] = spread.Concept.System,
        ["code"] = spread.Concept.Code,
        ["unit"] = spread.Unit.Code,
        ["numbers"] = spread.Numbers,
        ["outside-iqr"] = spread.OutsideIqr,
        ["outside-z"] = spread.OutsideZ,
    };
}

/// <summary>Words of the rules' enumerations, as people and files write them.</summary>
public static class QualityWords
{
    /// <summary>A dimension.</summary>
    public static string Word(this QualityDimension dimension) => dimension.ToString().ToLowerInvariant();

    /// <summary>A severity.</summary>
    public static string Word(this QualitySeverity severity) => severity.ToString().ToLowerInvariant();

    /// <summary>What is counted.</summary>
    public static string Word(this QualityUnit unit) => unit.ToString().ToLowerInvariant();

    /// <summary>A verdict.</summary>
    public static string Word(this QualityVerdict verdict) => verdict switch
    {
        QualityVerdict.NotChecked => "not checked",
        QualityVerdict.Passed => "passed",
        _ => "failed",
    };
}
