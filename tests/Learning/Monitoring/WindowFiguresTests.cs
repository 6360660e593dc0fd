using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Tests.Learning.Monitoring;

/// <summary>What a reader makes of a window. Expected values: the formulas of the papers that the functions cite, by Python 3.11's math module.</summary>
public sealed class WindowFiguresTests
{
    [Fact]
    public void Drift_of_a_number_is_that_of_its_cells()
    {
        var before = Window([(20, 40), (40, 30), (60, 20), (80, 10)], _ => 1);
        var after = Window([(20, 10), (40, 20), (60, 30), (80, 40)], _ => 1);

        var age = WindowFigures.Of(Reports.Study, after, null, before).Features[0];

        Assert.Equal(0.8719768526, age.Stability!.Value.Index, 9);
        Assert.Equal(PsiBand.Major, age.Stability!.Value.Band);
        Assert.Equal(0.4, age.Distance!.Value.Statistic, 12);
        Assert.Null(age.Homogeneity);
        Assert.Equal((0, 0), (age.Missing, age.Implausible));
    }

    [Fact]
    public void Drift_of_a_category_is_that_of_its_levels()
    {
        var before = Window([(50, 100)], i => i < 50 ? 1 : 2);
        var after = Window([(50, 100)], i => i < 30 ? 1 : 2);

        var figures = WindowFigures.Of(Reports.Study, after, null, before);

        Assert.Equal(0.1659180250, figures.Features[1].Stability!.Value.Index, 9);
        Assert.Equal(8.3333333333, figures.Features[1].Homogeneity!.Value.Statistic, 9);
        Assert.Equal(0.0038924171, figures.Features[1].Homogeneity!.Value.P, 9);
        Assert.Equal("stage", figures.Worst!.Feature);
        Assert.Equal(0, WindowFigures.Of(Reports.Study, before, null, before).Worst!.Stability!.Value.Index);
    }

    [Fact]
    public void Profile_of_the_study_goes_before_the_first_window()
    {
        var values = Enumerable.Range(0, 100).SelectMany(i => new[] { 50.0, i < 50 ? 1 : 2 }).ToArray();
        var labels = Enumerable.Range(0, 100).Select(i => i < 20 ? 1f : 0f).ToArray();
        var profile = ProfileReport.Of(Reports.Study, values, labels, [], 5);
        var window = Window([(50, 100)], i => i < 30 ? 1 : 2, i => i < 40);

        var figures = WindowFigures.Of(Reports.Study, window, profile, window);

        Assert.Equal(0.1659180250, figures.Features[1].Stability!.Value.Index, 9);
        Assert.Equal(0.2, figures.LabelChange!.Value, 12); // 0.4 of the window, 0.2 of the profile
        Assert.Equal(0.0020282312, figures.LabelP!.Value, 9); // chi-square 9.52381, 1 degree of freedom
    }

    [Fact]
    public void Cells_that_are_withheld_on_either_side_do_not_count()
    {
        PartitionedCell[] reference = [new(0, 1, 50), new(1, 2, 50), new(2, 3, null)];
        var window = Window([(50, 130)], i => i < 30 ? 1 : i < 100 ? 2 : 3);

        Assert.Equal(0.1659180250, FeatureDrift.Of(Reports.Study.Data.Features[1], reference, window.Usage!, 1).Stability!.Value.Index, 9);
    }

    [Fact]
    public void Area_and_calibration_are_those_of_the_outcomes()
    {
        var rows = Enumerable.Range(0, 40).Select(i => (Logit: i < 20 ? -1f : 1f, Age: 50f, Stage: 1f, Outcome: (bool?)(i < 5 || i >= 30), Time: 100));
        var figures = WindowFigures.Of(Reports.Study, Reports.Window(Reports.Of(Reports.Monday, rows), 5), null, null);

        // 15 positives, 5 low; 25 negatives, 15 low: (10*15 + (5*15 + 10*10)/2) / (15*25).
        Assert.Equal(0.6333333333, figures.Metrics!.Auroc!.Value, 9);
        Assert.Equal(15 / 40.0, figures.Positives!.Value, 12);
        Assert.Equal((15 / 40.0) - 0.5, figures.Calibration!.InTheLarge!.Value.Value, 9); // the mean of the probabilities is 0.5
        Assert.Null(figures.LabelChange);
    }

    [Fact]
    public void Latency_lies_between_the_ends_of_the_cell_that_holds_the_rank()
    {
        var rows = Enumerable.Range(0, 100).Select(i => (Logit: 0f, Age: 50f, Stage: 1f, Outcome: (bool?)null, Time: i < 90 ? 100 : 3_000));
        var figures = WindowFigures.Of(Reports.Study, Reports.Window(Reports.Of(Reports.Monday, rows), 5), null, null);

        Assert.Equal(new LatencyBounds(64, 128), figures.Median);
        Assert.Equal(new LatencyBounds(2048, 4096), figures.Slowest);
        Assert.Null(figures.Metrics);
    }

    [Fact]
    public void Window_that_is_withheld_says_nothing()
    {
        var figures = WindowFigures.Of(Reports.Study, new MonitoredWindow(new(Reports.Monday, Reports.Monday), null, new MonitoredOutcomes(Scores: null)), null, null);

        Assert.Empty(figures.Features);
        Assert.Equal((null, null, null, null), (figures.Metrics, figures.Calibration, figures.Median, figures.Worst));
    }

    private static MonitoredWindow Window((float Age, int Rows)[] ages, Func<int, float> stage, Func<int, bool>? outcome = null) => Reports.Window(
        Reports.Of(Reports.Monday, ages.SelectMany(age => Enumerable.Repeat(age.Age, age.Rows)).Select((age, i) => (0.1f, age, stage(i), outcome?.Invoke(i), 100))), 5);
}
