using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Cli.Synth;

/// <summary>The consortium's Table 1 over four synthetic hospitals, held against plain arithmetic over all their rows in one place.</summary>
public sealed class TableOneTests : IDisposable
{
    private const int Minimum = 20;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Table_of_four_hospitals_is_that_of_their_rows_in_one_place_and_only_small_cells_are_withheld()
    {
        var sites = Sites();
        var whole = StudyProfile.Merge(sites.Select(site => (site.Name, Report(site.Cohort, minimum: 1))));
        var told = StudyProfile.Merge(sites.Select(site => (site.Name, Report(site.Cohort, Minimum))));
        var rows = sites.SelectMany(site => site.Cohort.Rows).ToList();

        Assert.Equal([rows.Count(row => row.Label == 0), rows.Count(row => row.Label == 1)], whole.Outcome!.Cells.Take(2).Select(cell => (int)cell!.Value));
        var (withheld, compared) = (0, 0);
        foreach (var (j, feature) in SynthSites.Study.Data.Features.Index())
        {
            // A row's value counts where it is plausible, by the definition's range.
            double[] Of(ClinicalCohort[] cohorts) => [.. cohorts.SelectMany(cohort => cohort.Rows).Select(row => row.Values[j]).Where(value => value >= feature.Minimum && value <= feature.Maximum)];
            if (feature.Type == FeatureType.Category)
            {
                Assert.Equal(feature.Levels.Select(level => (long?)rows.Count(row => row.Values[j] == level)), whole.Category(j).Cells.Take(feature.Levels.Length));
                continue;
            }

            AssertSame(Of([.. sites.Select(site => site.Cohort)]), whole.Number(j).Profile!, rows.Count);

            var (profile, without) = told.Number(j);
            withheld += without.Count;
            var telling = sites.Where(site => !without.Contains(site.Name)).ToArray();
            Assert.All(sites.Except(telling), site => Assert.True(IsSmall(Of([site.Cohort]).Length) || IsSmall(site.Cohort.Rows.Length - Of([site.Cohort]).Length), $"{feature.Name} at {site.Name}"));
            if (profile is null)
                continue;
            AssertSame(Of([.. telling.Select(site => site.Cohort)]), profile, telling.Sum(site => site.Cohort.Rows.Length));
            compared++;
        }

        TestContext.Current.SendDiagnosticMessage($"{rows.Count} rows, {compared} numbers compared, {withheld} withheld at a site");
        Assert.True(compared > 5);
        Assert.True(withheld > 0, "No cell was small: the test would not see suppression fail.");
    }

    public void Dispose() => _folder.Dispose();

    // Mean and deviation by two passes over the raw values: sums on the study's grid differ from them by half a step of the grid at most.
    private static void AssertSame(double[] values, NumberProfile profile, int rows)
    {
        var moments = profile.Moments!;
        Assert.Equal((values.Length, rows - values.Length), ((int)moments.Count, (int)moments.Missing!.Value));
        if (values.Length == 0)
            return;
        var step = Math.ScaleB(1, moments.Grid.Exponent);
        var mean = values.Average();
        Assert.Equal(mean, moments.Mean!.Value, step);
        Assert.Equal(Math.Sqrt(values.Average(value => (value - mean) * (value - mean))), moments.StandardDeviation!.Value, 2 * step);
        Assert.Equal(values.Length, profile.Histogram!.Count);
        if (profile.Histogram.Quantile(0.5) is { } median)
            Assert.InRange(values.Order().ElementAt((values.Length - 1) / 2), median.Lower, median.Upper);
    }

    private static bool IsSmall(int count) => count is > 0 and < Minimum;

    private static ProfileReport Report(ClinicalCohort cohort, int minimum) => ProfileReport.Of(
        SynthSites.Study, [.. cohort.Rows.SelectMany(row => row.Values)], [.. cohort.Rows.Select(row => row.Label)],
        cohort.Cohort.Counts.Flow.Select(step => (step.Patients, step.Rows)), minimum);

    private (SiteId Name, ClinicalCohort Cohort)[] Sites() =>
        [.. SynthSites.Make(_folder.Path, patients: 400, seed: 3).Select(site => (SiteId.Parse(Path.GetFileName(site)), SynthSites.CohortOf(site)))];
}
