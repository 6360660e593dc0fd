using CsCheck;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Tests.Learning.Metrics;

public sealed class GateDecisionTests
{
    private static readonly SiteEstimate[] s_better = [new(0.015, 0.0001), new(0.010, 0.0002), new(0.020, 0.0001), new(0.012, 0.00015), new(0.008, 0.0002)];

    [Fact]
    public void Candidate_that_is_surely_not_worse_passes_and_the_words_say_by_what()
    {
        var decision = GateDecision.NotWorse(s_better, 0.02);
        Assert.True(decision.IsPassed);
        Assert.Equal(5, decision.Effects!.Sites);
        Assert.Equal(decision.Effects.Mean.Low, decision.Bound);
        Assert.Equal(
            "AUROC differs from production's by +0.0142, lower end of the 95 % interval -0.0003: not worse by more than 0.0200; random effects over 5 sites, I² = 0 % (0 to 25 %)", decision.Words);
        Assert.False(GateDecision.NotWorse(s_better, 0).IsPassed); // better in all, and yet 0 is within the interval
    }

    [Fact]
    public void Candidate_whose_bound_is_the_margin_does_not_pass()
    {
        var bound = GateDecision.NotWorse(s_better, 0).Bound!.Value;
        Assert.False(GateDecision.NotWorse(s_better, -bound).IsPassed);
        Assert.True(GateDecision.NotWorse(s_better, Math.BitIncrement(-bound)).IsPassed);
    }

    [Fact]
    public void Two_sites_that_agree_by_chance_do_not_pass()
    {
        var decision = GateDecision.NotWorse([new(0.01, 0.0001), new(0.01, 0.0001)], 0.02);
        Assert.False(decision.IsPassed);
        Assert.Contains("may be worse by more than 0.0200", decision.Words, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_known_is_not_passed()
    {
        var scores = Histogram(Rows(20, 1, true), Rows(20, -1, false));
        foreach (var decision in (GateDecision[])[
            GateDecision.NotWorse([], 0.5), GateDecision.NotWorse(null, scores, 0.5), GateDecision.NotWorse(scores, null, 0.5), GateDecision.NotWorse(Histogram(Rows(20, 1, true)), Histogram(Rows(20, 1, true)), 0.5),
            GateDecision.NotWorse(scores, Histogram(Rows(20, 1, true), Rows(21, -1, false)), 0.5)])
        {
            Assert.False(decision.IsPassed);
            Assert.Null(decision.Bound);
            Assert.StartsWith("not decided and therefore not passed", decision.Words, StringComparison.Ordinal);
        }
    }

    // At a true difference of -margin the gate is to be passed with one chance in 40 at most. By the normal distribution, without Hartung and Knapp, more than one in 25 pass.
    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(10)]
    public void Candidate_that_is_worse_by_the_margin_rarely_passes(int sites)
    {
        const double tauSquared = 0.0004;
        const int runs = 3000;
        var random = DeterministicRandom.Of("gate");
        var (passed, naive) = (0, 0);
        for (var run = 0; run < runs; run++)
        {
            var differences = Enumerable.Range(0, sites).Select(site => 0.0001 * (1 + site)).Select(variance => new SiteEstimate(-0.02 + (Math.Sqrt(variance + tauSquared) * Normal()), variance));
            var decision = GateDecision.NotWorse([.. differences], 0.02);
            passed += decision.IsPassed ? 1 : 0;
            naive += decision.Difference - (1.96 * decision.Effects!.StandardError / Math.Sqrt(Math.Max(1, decision.Effects.HartungKnapp!.Value))) > -0.02 ? 1 : 0;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{sites} sites: {passed} of {runs} pass, by the normal distribution {naive}");
        Assert.InRange(passed / (double)runs, 0.001, 0.03);
        Assert.InRange(naive / (double)runs, 0.04, 1);

        double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
    }

    [Fact]
    public void Pooled_bound_is_below_the_difference_of_all_rows_and_says_what_it_is_from()
    {
        var rows = Gen.Select(Gen.Double[-3, 3], Gen.Double[-3, 3], Gen.Bool).Array[4, 80];
        Gen.Select(rows, Gen.Int[1, 6]).Sample((rows, minimum) =>
        {
            bool[] labels = [.. rows.Select(row => row.Item3)];
            double[] ours = [.. rows.Select(row => row.Item1)], theirs = [.. rows.Select(row => row.Item2)];
            if (ScoreHistogram.Of(ours, labels).Suppress(minimum) is not { } candidate || ScoreHistogram.Of(theirs, labels).Suppress(minimum) is not { } production
                || CorrelatedAreas.Of([ours, theirs], labels) is not { } areas)
                return;
            var decision = GateDecision.NotWorse(candidate, production, 0.1);
            Assert.True(decision.Bound < areas.Areas[0] - areas.Areas[1]);
            Assert.Equal(decision.Bound > -0.1, decision.IsPassed);
            Assert.Null(decision.Effects);
            Assert.EndsWith("pooled from sums, which do not tell how sites differ", decision.Words, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Pooled_scores_of_many_rows_can_pass()
    {
        var scores = Histogram(Rows(4000, 1, true), Rows(1000, -1, true), Rows(4000, -1, false), Rows(1000, 1, false));
        Assert.True(GateDecision.NotWorse(scores, scores, 0.35).IsPassed); // ties are 0.16 on both sides
        Assert.False(GateDecision.NotWorse(scores, scores, 0.3).IsPassed);
    }

    [Theory]
    [InlineData(-0.01)]
    [InlineData(1)]
    [InlineData(double.NaN)]
    public void Margin_that_is_none_is_an_error(double margin)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => GateDecision.NotWorse(s_better, margin));
        Assert.Throws<ArgumentOutOfRangeException>(() => GateDecision.NotWorse(null, null, margin));
    }

    private static (double, bool)[] Rows(int count, double logit, bool label) => [.. Enumerable.Repeat((logit, label), count)];

    private static ScoreHistogram Histogram(params (double Logit, bool Label)[][] rows) =>
        ScoreHistogram.Of([.. rows.SelectMany(part => part.Select(row => row.Logit))], [.. rows.SelectMany(part => part.Select(row => row.Label))]);
}
