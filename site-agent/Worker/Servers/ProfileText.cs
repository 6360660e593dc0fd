using System.Globalization;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>A profile in lines to read, for the steward who decides whether it leaves: a person cannot judge the bytes themselves.</summary>
public static class ProfileText
{
    /// <summary>A line for each step of the flow, for the outcome and for each feature.</summary>
    /// <param name="study">The study.</param>
    /// <param name="report">What would leave, as it was read from its bytes: nothing here comes from elsewhere.</param>
    public static string Of(Study study, ProfileReport report)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(report);
        return string.Join('\n', [.. Flow(study, report), Outcome(study, report), .. study.Data.Features.Select((feature, j) => $"{feature.Name}: {Feature(feature, report, j)}")]);
    }

    private static IEnumerable<string> Flow(Study study, ProfileReport report) =>
        report.Flow.Select((step, i) => $"{Count(step.Patients)} patients, {Count(step.Rows)} rows: {study.Data.Cohort!.Steps[i]}");

    private static string Outcome(Study study, ProfileReport report) =>
        $"{study.Data.Label.Name}: {(report.Outcome is { } outcome ? $"{Count(outcome.Cells[1])} positive, {Count(outcome.Cells[0])} negative" : Number(report.Outcomes!))}";

    private static string Feature(Feature feature, ProfileReport report, int j)
    {
        if (report.Categories[j] is { } counts)
            return string.Join(", ", [.. feature.Levels.Select((level, i) => string.Create(CultureInfo.InvariantCulture, $"{Count(counts.Cells[i])} are {level:R}")), $"other {Count(counts.Other)}", $"missing {Count(counts.Missing)}"]);
        return Number(report.Numbers[j]!);
    }

    private static string Number(NumberProfile number)
    {
        var moments = number.Moments is not { } known ? "moments withheld"
            : string.Create(CultureInfo.InvariantCulture, $"{known.Count} values, mean {known.Mean:G4}, standard deviation {known.StandardDeviation:G3}, missing {Count(known.Missing)}");
        return number.Histogram is not { } histogram ? $"{moments}; histogram withheld"
            : string.Create(CultureInfo.InvariantCulture, $"{moments}; a histogram, {histogram.Cells.Count(cell => cell.Count > 0)} of whose {histogram.Cells.Length} cells are not empty");
    }

    private static string Count(long? count) => count?.ToString(CultureInfo.InvariantCulture) ?? "withheld";
}
