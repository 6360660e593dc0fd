using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>A report as canonical JSON, for scripts.</summary>
public static class QualityReportJson
{
    /// <summary>The report.</summary>
    /// <param name="report">What was found.</param>
    /// <param name="study">What the study says that asks; null: none asks.</param>
    public static string Write(QualityReport report, StudyQuality? study)
    {
        ArgumentNullException.ThrowIfNull(report);
        return Encoding.UTF8.GetString(CanonicalJson.Write(new JsonObject
        {
            ["import"] = report.Import,
            ["fingerprint"] = report.Fingerprint.ToString(),
            ["mapping"] = report.Mapping,
            ["decisions"] = report.Decisions,
            ["patients"] = report.Patients,
            ["events"] = report.Events,
            ["keeps-out"] = new JsonArray([.. (study ?? StudyQuality.Default).KeepsOut.Select(severity => JsonValue.Create(severity.Word()))]),
            ["passed"] = report.Failing(study).IsEmpty,
            ["loosened"] = new JsonArray([.. (study is null ? report.Loosened : []).Select(result => JsonValue.Create(result.Rule.Id))]),
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
        ["change"] = result.Rule.AsItComes is { } asItComes
            ? new JsonObject { ["severity"] = asItComes.Severity.Word(), ["maximum-share"] = asItComes.MaximumShare, ["reason"] = result.Rule.Reason }
            : null,
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

    /// <summary>What the site has changed about a rule, from what it comes with, and why; empty: nothing.</summary>
    public static string ChangeInWords(this QualityRuleInfo rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        return rule.AsItComes is { } asItComes
            ? string.Create(CultureInfo.InvariantCulture, $"comes as {asItComes.Severity.Word()} with {asItComes.MaximumShare * 100:0.####} % allowed. {rule.Reason}")
            : "";
    }

    /// <summary>A verdict.</summary>
    public static string Word(this QualityVerdict verdict) => verdict switch
    {
        QualityVerdict.NotChecked => "not checked",
        QualityVerdict.Passed => "passed",
        _ => "failed",
    };
}
