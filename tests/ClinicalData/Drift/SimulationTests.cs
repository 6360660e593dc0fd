using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Tests.ClinicalData.Drift;

public sealed class SimulationTests
{
    private static readonly (int Reference, int Current)[] Sizes = [(1500, 500), (600, 200), (3000, 300), (1000, 1000)];

    [Fact]
    public void Checks_without_drift_alarm_at_most_18_times_in_200()
    {
        var (alarms, rejections) = (0, 0);
        for (var run = 0; run < 200; run++)
        {
            var (n, m) = Sizes[run % Sizes.Length];
            var check = Check($"null {run}", n, m, Change.None);
            alarms += check.Alarms.Any() ? 1 : 0;
            // Without the effects' thresholds: this many are due to chance at 0.05, if the probabilities are true. P(more than 18 of 200 | 0.05) is 0.005.
            rejections += check.Results.Any(result => result.Q < 0.05) ? 1 : 0;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"of 200 checks without drift {alarms} alarm; {rejections} have a q below 0.05");
        Assert.InRange(alarms, 0, 18);
        Assert.InRange(rejections, 0, 18);
    }

    [Fact]
    public void Checks_of_four_windows_without_drift_alarm_at_most_18_times_in_200()
    {
        var (alarms, rejections, alone) = (0, 0, 0);
        for (var run = 0; run < 200; run++)
        {
            var (check, windows) = Windows($"null windows {run}", 600, 150, Enumerable.Repeat(Change.None, 4));
            alarms += check.Alarms.Any() ? 1 : 0;
            rejections += check.Results.Any(result => result.Q < 0.05) ? 1 : 0;
            alone += windows.Any(window => DriftDecision.Decide(window, new DriftOptions(), 1).Results.Any(result => result.Q < 0.05)) ? 1 : 0;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"of 200 checks of four windows without drift {alarms} alarm; {rejections} have a q below 0.05, and {alone} had each window been a check for itself");
        Assert.InRange(alarms, 0, 18);
        Assert.InRange(rejections, 0, 18);
        Assert.True(alone > rejections, "together they are held to the rate of one check");
    }

    [Fact]
    public void Change_planted_in_the_third_of_four_windows_is_found_first_there_at_least_95_times_in_100()
    {
        var (found, before) = (0, 0);
        for (var run = 0; run < 100; run++)
        {
            Change[] changes = [Change.None, Change.None, Change.MeanShift, Change.MeanShift];
            var (check, windows) = Windows($"planted windows {run}", 1000, 300, changes);
            var tests = windows[0].Count;
            var alarms = check.Results.Index().Where(result => result.Item.Verdict == DriftVerdict.Alarm).Select(result => (Window: result.Index / tests, result.Item.Measurement.Feature)).ToList();
            found += alarms.Any(alarm => alarm == (2, SimulatedWard.Shifted)) ? 1 : 0;
            before += alarms.Any(alarm => alarm.Window < 2) ? 1 : 0;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"found in its window in {found} of 100 checks, an alarm before in {before}");
        Assert.InRange(found, 95, 100);
        Assert.InRange(before, 0, 10);
    }

    [Theory]
    [InlineData(Change.MeanShift, SimulatedWard.Shifted, DriftTest.KolmogorovSmirnov)]
    [InlineData(Change.Prevalence, null, DriftTest.LabelPrevalence)]
    [InlineData(Change.Missingness, SimulatedWard.Emptied, DriftTest.Missingness)]
    [InlineData(Change.Correlation, "systolic", DriftTest.Correlation)]
    [InlineData(Change.UnitSlip, SimulatedWard.Slipped, DriftTest.PopulationStability)]
    [InlineData(Change.CaseMix, SimulatedWard.MixedUp, DriftTest.ChiSquare)]
    public void Planted_change_is_found_at_its_feature_at_least_95_times_in_100(Change change, string? feature, DriftTest test)
    {
        var (found, elsewhere) = (0, 0);
        for (var run = 0; run < 100; run++)
        {
            var alarms = Check($"{change} {run}", 1500, 500, change).Alarms.Select(alarm => alarm.Measurement).ToList();
            found += alarms.Any(alarm => alarm.Feature == feature && alarm.Test == test) ? 1 : 0;
            // A feature that changes changes its correlations, and all numbers together.
            elsewhere += alarms.Any(alarm => alarm.Test != DriftTest.MeanEmbedding && alarm.Feature != feature && alarm.OtherFeature != feature) ? 1 : 0;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{change}: found in {found} of 100 checks, an alarm elsewhere in {elsewhere}");
        Assert.InRange(found, 95, 100);
        // The false discovery rate is a share of the discoveries: beside several true ones it lets a false one pass now and then.
        Assert.InRange(elsewhere, 0, 10);
    }

    [Fact]
    public void Mean_embedding_probabilities_are_uniform_without_drift()
    {
        // 300 draws; the Kolmogorov distance of uniform ones exceeds 0.094 once in a hundred times.
        var p = Enumerable.Range(0, 300).Select(run => Embedding($"uniform {run}", 300, 200, 0).P).Order().ToArray();
        var distance = p.Select((value, i) => Math.Max(((i + 1) / 300.0) - value, value - (i / 300.0))).Max();
        TestContext.Current.TestOutputHelper?.WriteLine($"distance from uniform {distance:f3}; {p.Count(value => value < 0.05)} of 300 below 0.05");
        Assert.InRange(distance, 0, 0.094);
    }

    [Fact]
    public void Mean_embedding_above_its_permutation_quantile_is_as_rare_as_was_asked()
    {
        var results = Enumerable.Range(0, 300).Select(run => Embedding($"quantile {run}", 300, 200, 0)).ToList();
        var above = results.Count(result => result.Discrepancy > result.NullQuantile);
        TestContext.Current.TestOutputHelper?.WriteLine($"{above} of 300 above the 0.95 quantile");
        Assert.InRange(above, 4, 27); // 15 expected; binomial 0.999 interval.
        Assert.True(Embedding("shift", 1000, 500, 0.6) is { P: < 1e-6 } shifted && shifted.Discrepancy > shifted.NullQuantile);
    }

    private static MeanEmbeddingResult Embedding(string label, int n, int m, double shift)
    {
        var random = DeterministicRandom.Of("embedding", label);
        var basis = FourierBasis.Of("embedding", 5, 64, Math.Sqrt(10));
        return MeanEmbedding.Of(FourierSketch.Of(basis, Rows(n, 0)), Rows(m, shift), 0.05, random);

        double[] Rows(int rows, double by) => [.. Enumerable.Range(0, rows * 5).Select(_ => random.NextDouble() + random.NextDouble() - 1 + by)];
    }

    private static (DriftCheck Check, List<IReadOnlyList<DriftMeasurement>> Windows) Windows(string label, int n, int m, IEnumerable<Change> changes)
    {
        var random = DeterministicRandom.Of("drift simulation", label);
        var (values, labels) = SimulatedWard.Rows(n, random);
        var reference = TrainingProfile.Of(SimulatedWard.Design, values, labels);
        var windows = changes.Select(change =>
        {
            var (rows, outcomes) = SimulatedWard.Rows(m, random, change);
            return DriftComparison.Measure(reference, rows, outcomes, new DriftOptions(), random);
        }).ToList();
        return (DriftDecision.Decide([.. windows.SelectMany(window => window)], new DriftOptions(), 1), windows);
    }

    private static DriftCheck Check(string label, int n, int m, Change change)
    {
        var random = DeterministicRandom.Of("drift simulation", label);
        var (values, labels) = SimulatedWard.Rows(n, random);
        var reference = TrainingProfile.Of(SimulatedWard.Design, values, labels);
        (values, labels) = SimulatedWard.Rows(m, random, change);
        return DriftComparison.Of(reference, values, labels, new DriftOptions(), 1, random);
    }
}
