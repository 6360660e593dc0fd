using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Learning.Monitoring;

/// <summary>Two versions beside each other. Expected values: the formulas of the papers that the class cites, by Python 3.11's math module.</summary>
public sealed class ArmComparisonTests
{
    private static readonly SiteId s_first = SiteId.Parse("north"), s_second = SiteId.Parse("south");

    [Fact]
    public void Only_windows_that_a_site_told_of_both_count_and_outcomes_only_where_both_have_them()
    {
        var told = ArmComparison.Of(
            [Site(s_second, Window(0, 100, 10)), Site(s_first, Window(0, 100, 10), Window(1, 200, 20), Window(2, 400, null)), Site(SiteId.Parse("east"), Window(0, 900, 10))],
            [Site(s_first, Window(1, 60, 6), Window(2, 40, 4), Window(3, 500, 50)), Site(s_second, Window(1, 300, 30))]);

        var site = Assert.Single(told.Sites);
        Assert.Equal((s_first, 2, 1), (site.Site, site.Windows, site.Ended));
        Assert.Equal((600, 100), (site.Production.Answered, site.Candidate.Answered));
        Assert.Equal((200, 60), (Rows(site.Production), Rows(site.Candidate)));
        Assert.Equal((600, 100), (told.Production.Answered, told.Candidate.Answered));
    }

    [Fact]
    public void Difference_of_areas_has_the_interval_of_two_independent_ones_beyond_what_ties_leave_open()
    {
        var told = ArmComparison.Of([Site(s_first, Window(0, 200, 20))], [Site(s_first, Window(0, 100, 20))]);

        // Production: 20 of 100 positives below, and 20 of 100 negatives above; the candidate 20 of 50 each. Areas 0.8 and 0.6 with ties of 0.16 and 0.24.
        Assert.Equal((0.8, 0.16), (Math.Round(told.Production.Metrics.Auroc!.Value, 9), Math.Round(told.Production.Metrics.AurocBound!.Value, 9)));
        Assert.Equal((0.6, 0.24), (Math.Round(told.Candidate.Metrics.Auroc!.Value, 9), Math.Round(told.Candidate.Metrics.AurocBound!.Value, 9)));
        Assert.Equal(-0.2, told.Difference!.Value.Value, 9);
        Assert.Equal(Expected(-1), told.Difference!.Value.Low, 9);
        Assert.Equal(Expected(1), told.Difference!.Value.High, 9);

        // Newcombe's square and add of Wilson's intervals, from the ends that ties leave open.
        static double Expected(int side)
        {
            var (candidate, production) = (0.6 + (side * 0.24), 0.8 - (side * 0.16));
            var (beyond, within) = (Wilson(candidate, 50, side) - candidate, Wilson(production, 100, -side) - production);
            return candidate - production + (side * Math.Sqrt((beyond * beyond) + (within * within)));
        }
    }

    [Fact]
    public void Difference_is_of_rows_of_one_site_and_not_made_by_letting_a_version_in_at_the_harder_one()
    {
        // At the second site both do worse. The candidate has most of its rows there.
        var told = ArmComparison.Of([Site(s_first, Window(0, 2000, 200)), Site(s_second, Window(0, 200, 40))], [Site(s_first, Window(0, 200, 20)), Site(s_second, Window(0, 2000, 400))]);

        Assert.Equal(0, told.Difference!.Value.Value, 9);
        Assert.True(told.Candidate.Metrics.Auroc < told.Production.Metrics.Auroc - 0.05);
        Assert.All(told.Sites, site => Assert.Equal(0, ArmComparison.DifferenceAt(site)!.Value.Value, 9));
    }

    [Fact]
    public void Nothing_is_the_difference_of_versions_of_which_no_site_tells_both()
    {
        var told = ArmComparison.Of([Site(s_first, Window(0, 100, 10))], []);

        Assert.Empty(told.Sites);
        Assert.Null(told.Difference);
        Assert.Null(ArmComparison.Of([Site(s_first, Window(0, 100, 10))], [Site(s_first, Window(0, 100, null))]).Difference);
    }

    private static double Wilson(double share, double n, int side)
    {
        const double z = 1.959963984540054;
        return (share + (z * z / (2 * n)) + (side * z * Math.Sqrt((share * (1 - share) / n) + (z * z / (4 * n * n))))) / (1 + (z * z / n));
    }

    private static long Rows(ComparedArm arm) => arm.Scores!.Negatives + arm.Scores.Positives;

    private static (SiteId, IReadOnlyList<MonitoredWindow>) Site(SiteId site, params MonitoredWindow[] windows) => (site, windows);

    // Half of the rows are positive; so many of either class have the other's score. Null: no outcome is known.
    private static MonitoredWindow Window(int day, int rows, int? wrong) => Reports.Window(
        Reports.Of(Reports.Monday.AddDays(day), Enumerable.Range(0, rows).Select(row => (
            Logit: row < rows / 2 == (row % (rows / 2) < wrong.GetValueOrDefault()) ? -1f : 1f, Age: 50f, Stage: 1f, Outcome: wrong is null ? (bool?)null : row < rows / 2, Time: 100))), 5);
}
