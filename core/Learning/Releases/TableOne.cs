using System.Collections.Immutable;
using System.Globalization;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>A study's profile as the table that papers begin with: the cohort's flow, then a row for each variable, by site and overall. What a site withholds is said to be withheld, also overall where it would follow.</summary>
/// <param name="Heads">The heads of the columns: nothing, the sites' names, overall.</param>
/// <param name="Rows">[rows, columns]: what is counted, then text for each column.</param>
public sealed record TableOne(ImmutableArray<string> Heads, ImmutableArray<ImmutableArray<string>> Rows)
{
    private const string Withheld = "withheld";

    /// <summary>The table of a profile.</summary>
    public static TableOne Of(Study study, StudyProfile profile)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(profile);
        return new TableOne(["", .. profile.Sites.Select(site => site.Site.Value), "overall"], [.. RowsOf(study, profile)]);
    }

    private static IEnumerable<ImmutableArray<string>> RowsOf(Study study, StudyProfile profile)
    {
        if (study.Data.Cohort is { } cohort)
        {
            foreach (var (i, step) in cohort.Steps.Index())
                yield return Row(step == FlowSteps.Known ? step : $"{step}, patients", profile, report => Count(report.Flow[i].Patients), Count(profile.Flow(i).Patients));
        }

        yield return Row("rows", profile, report => Count(report.Rows), Count(profile.Rows));
        if (profile.Outcome is { } outcome)
            yield return Row($"{study.Data.Label.Name}, positive", profile, report => Share(report.Outcome!, 1), Share(outcome, 1));
        if (study.Data.Label.Number is { } range)
        {
            foreach (var row in NumberRows(study.Data.Label.Name, range.Unit, isYesOrNo: false, profile, report => report.Outcomes!, profile.Outcomes))
                yield return row;
        }

        foreach (var (j, feature) in study.Data.Features.Index())
        {
            if (feature.Type == FeatureType.Category)
            {
                var overall = profile.Category(j);
                foreach (var (level, value) in feature.Levels.Index())
                    yield return Row(string.Create(CultureInfo.InvariantCulture, $"{feature.Name} = {value:R}"), profile, report => Share(report.Categories[j]!, level), Share(overall, level));
                yield return Row($"{feature.Name}, missing", profile, report => Share(report.Categories[j]!, feature.Levels.Length + 1), Share(overall, feature.Levels.Length + 1));
                continue;
            }

            foreach (var row in NumberRows(feature.Name, feature.Unit, (feature.Minimum, feature.Maximum) == (0, 1), profile, report => report.Numbers[j]!, profile.Number(j)))
                yield return row;
            yield return Row($"{feature.Name}, missing", profile, report => Missing(report.Numbers[j]!), Overall(profile.Number(j), Missing));
        }
    }

    private static IEnumerable<ImmutableArray<string>> NumberRows(
        string name, string unit, bool isYesOrNo, StudyProfile profile, Func<ProfileReport, NumberProfile> of, (NumberProfile? Profile, IReadOnlyList<SiteId> Without) overall)
    {
        yield return Row($"{name} ({unit}), mean (sd)", profile, report => Mean(of(report)), Overall(overall, Mean));
        if (!isYesOrNo) // of yes and no the mean says all
            yield return Row($"{name}, median [quartiles]", profile, report => Quartiles(of(report)), Overall(overall, Quartiles));
    }

    private static string Overall((NumberProfile? Profile, IReadOnlyList<SiteId> Without) number, Func<NumberProfile, string> cell) => number.Profile is not { } profile ? Withheld
        : cell(profile) + (number.Without.Count == 0 ? "" : $" (without {string.Join(", ", number.Without)})");

    private static ImmutableArray<string> Row(string name, StudyProfile profile, Func<ProfileReport, string> cell, string overall) => [name, .. profile.Sites.Select(site => cell(site.Report)), overall];

    private static string Count(long? count) => count?.ToString("N0", CultureInfo.InvariantCulture) ?? Withheld;

    private static string Share(CategoryCounts counts, int cell) => counts.Cells[cell] is not { } count ? Withheld
        : counts.Rows is { } rows and > 0 ? string.Create(CultureInfo.InvariantCulture, $"{count:N0} ({(double)count / rows:P1})") : Count(count);

    private static string Mean(NumberProfile number) => number.Moments is not { } moments ? Withheld
        : moments.Mean is not { } mean ? "-" : string.Create(CultureInfo.InvariantCulture, $"{mean:G4} ({moments.StandardDeviation ?? double.NaN:G3})");

    // Where the public grid is coarser than the values are spread, a median that is interpolated in one of its cells says nothing: the cell is shown.
    private static string Quartiles(NumberProfile number) => number.Histogram is not { } histogram ? Withheld
        : histogram.Quantile(0.5) is not { } median ? "-"
        : median.Upper - median.Lower > number.Moments!.StandardDeviation ? string.Create(CultureInfo.InvariantCulture, $"median within [{median.Lower:G4}, {median.Upper:G4}]")
        : string.Create(CultureInfo.InvariantCulture, $"{median.Value:G4} [{histogram.Quantile(0.25)!.Value.Value:G4}, {histogram.Quantile(0.75)!.Value.Value:G4}]");

    private static string Missing(NumberProfile number) => number.Moments is not { Missing: { } missing } moments ? Withheld
        : string.Create(CultureInfo.InvariantCulture, $"{missing:N0} ({(missing == 0 ? 0 : (double)missing / (moments.Count + missing)):P1})");
}
