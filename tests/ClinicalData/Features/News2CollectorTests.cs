using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Studies;
using Xunit;

namespace FederatedClinicalMl.Tests.ClinicalData;

/// <summary>NEWS2 as a feature: from a chart's events to the score. The score itself is held by <see cref="News2Tests"/>.</summary>
public sealed class News2CollectorTests
{
    private static readonly Feature[] s_score = [.. ClinicalStudyText.Features("news2: {kind: news2, window: {from: 24h}}")];

    [Fact]
    public void Score_of_a_complete_set_is_that_of_the_chart()
    {
        // RR 22: 2, SpO2 94 on scale 1: 1, oxygen: 2, systolic 105: 1, pulse 95: 1, alert: 0, 38.5 Cel: 1.
        Assert.Equal(8, Score(Complete()));
    }

    [Theory]
    [InlineData("9279-1")]
    [InlineData("59408-5")]
    [InlineData("3151-8")]
    [InlineData("8480-6")]
    [InlineData("8867-4")]
    [InlineData("67775-7")]
    [InlineData("8310-5")]
    public void Score_without_a_component_is_missing(string component) => Assert.Equal(double.NaN, Score(Complete(without: component)));

    [Fact]
    public void Latest_value_of_each_component_in_the_window_counts()
    {
        Assert.Equal(8 + 2, Score(Complete().Observation("8867-4", 9, 135, "/min"))); // 3 points instead of 1
        Assert.Equal(double.NaN, Score(Complete(), at: 10 + 24)); // all too old
        Assert.Equal(8, Score(Complete().Observation("8867-4", 9, 135, "/min", available: 11))); // not known yet
    }

    [Fact]
    public void Temperature_in_fahrenheit_and_oxygen_by_its_concentration_are_understood()
    {
        var chart = Complete(without: "8310-5").Observation("8310-5", 8, 101.3, "[degF]"); // 38.5 Cel
        Assert.Equal(8, Score(chart));
        Assert.Equal(6, Score(Complete().Observation("3150-0", 9, 21, "%"))); // air
    }

    [Fact]
    public void Scale_2_holds_only_where_it_is_coded()
    {
        // 94 % on oxygen: 1 point on scale 2 as on scale 1; 97 %: 3 points instead of none.
        var chart = Complete(without: "59408-5").Observation("59408-5", 8, 97, "%");
        Assert.Equal(7, Score(chart));
        Assert.Equal(10, Score(chart.Coded(EventKind.Observation, CodeSystems.Snomed, "1104321000000108", 8)));
    }

    [Fact]
    public void Children_and_pregnant_women_have_no_score()
    {
        Assert.Equal(double.NaN, Score(Complete(born: 2006)));
        Assert.Equal(double.NaN, Score(Complete().Coded(EventKind.Condition, CodeSystems.Snomed, "77386006", -1000)));
        Assert.Equal(8, Score(Complete().Coded(EventKind.Condition, CodeSystems.Snomed, "77386006", -1000, end: -500)));
    }

    private static Chart Complete(string? without = null, int born = 1960)
    {
        var chart = new Chart().Born(born, sex: "female");
        foreach (var (code, number, unit) in new[] { ("9279-1", 22.0, "/min"), ("59408-5", 94, "%"), ("3151-8", 2, "L/min"), ("8480-6", 105, "mm[Hg]"), ("8867-4", 95, "/min"), ("8310-5", 38.5, "Cel") })
        {
            if (code != without)
                chart.Observation(code, 8, number, unit);
        }

        return without == "67775-7" ? chart : chart.Answer("67775-7", 8, "248234008");
    }

    private static double Score(Chart chart, double at = 10) => chart.Compute(s_score, at)[0];
}
