using System.Numerics;
using CsCheck;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class OneRunBoundTests
{
    /// <summary>Steinke, Nasr and Jagielski 2023: the figures that they print in section 7 and in appendix D, which are cut, not rounded.</summary>
    [Theory]
    [InlineData(100_000, 1510, 1439, 1e-5, 2.675)]
    [InlineData(1000, 100, 75, 1e-4, 0.673)]
    public void Bound_is_what_the_paper_prints(int canaries, int guesses, int right, double delta, double printed) =>
        Assert.InRange(OneRunBound.Epsilon(canaries, guesses, right, delta, 0.05), printed - 1e-4, printed + 1e-3);

    /// <summary>All right and δ = 0: the chance is p^r, so that the refuted p = e^ε/(1 + e^ε) is 0.05^(1/r).</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(60)]
    [InlineData(2000)]
    public void All_guesses_right_without_delta_give_the_closed_form(int guesses)
    {
        var exact = Math.Max(0, -Math.Log(Math.Pow(0.05, -1.0 / guesses) - 1));
        Assert.InRange(OneRunBound.Epsilon(guesses, guesses, guesses, 0, 0.05), Math.Max(0, exact - 1e-4), exact);
    }

    /// <summary>Against whole numbers: with odds a/b, P(W = w) is C(r, w) a^w b^(r-w)/(a + b)^r.</summary>
    [Fact]
    public void Chance_is_the_exact_one_but_for_its_rounding_upwards() =>
        Gen.Select(Gen.Int[1, 80], Gen.Int[0, 80], Gen.Int[1, 40], Gen.Int[1, 40], Gen.Double[0, 0.01]).Sample((guesses, any, a, b, delta) =>
        {
            var (right, odds) = (any % (guesses + 1), Math.Max(a, b) / (double)Math.Min(a, b));
            var exact = ExactChance(guesses + 20, guesses, right, Math.Max(a, b), Math.Min(a, b), delta);
            var chance = OneRunBound.Chance(guesses + 20, guesses, right, Math.Log(odds), delta);
            return chance >= Math.Min(1, exact) * (1 - 1e-12) && chance <= Math.Min(1, exact) * (1 + 1e-7);
        });

    [Fact]
    public void Bound_is_refuted_and_grows_with_right_guesses_and_falls_with_delta() =>
        Gen.Select(Gen.Int[1, 200], Gen.Int[0, 200], Gen.Double[0, 1e-3]).Sample((guesses, any, delta) =>
        {
            var right = any % (guesses + 1);
            var bound = OneRunBound.Epsilon(guesses + 50, guesses, right, delta, 0.05);
            return (bound == 0 || OneRunBound.Chance(guesses + 50, guesses, right, bound, delta) < 0.05)
                && bound <= OneRunBound.Epsilon(guesses + 50, guesses, right, 0, 0.05)
                && (right == guesses || bound <= OneRunBound.Epsilon(guesses + 50, guesses, right + 1, delta, 0.05));
        });

    /// <summary>
    /// Randomised response is private for ε exactly, and each answer is right with probability e^ε/(1 + e^ε): the chance that the bound lies above ε is the chance of as many right answers as that
    /// needs, summed exactly. It has to be below 1/20, and not far below: the bound is tight for this mechanism.
    /// </summary>
    [Theory]
    [InlineData(0.5, 200)]
    [InlineData(1, 500)]
    [InlineData(3, 1000)]
    public void Bound_of_randomised_response_is_above_its_epsilon_with_no_more_than_the_stated_chance(double epsilon, int guesses)
    {
        var chances = OneRunBound.Chances(guesses, Math.Exp(epsilon));
        var above = Enumerable.Range(0, guesses + 1).Where(right => OneRunBound.Epsilon(guesses, guesses, right, 0, 0.05) > epsilon).Sum(right => chances[right]);
        Assert.InRange(above, 0.01, 0.05);
    }

    /// <summary>
    /// A mechanism that gives all coins away with probability δ, and nothing otherwise, is (0, δ)-private, and all of 20 guesses are right with chance δ + (1 - δ) 2^-20: the theorem's second
    /// term is what keeps the bound from calling that a great ε.
    /// </summary>
    [Fact]
    public void Mechanism_that_fails_with_probability_delta_is_allowed_for()
    {
        const double delta = 0.06;
        Assert.True(OneRunBound.Chance(20, 20, 20, 0, delta) >= delta + Math.ScaleB(1, -20));
        Assert.Equal(0, OneRunBound.Epsilon(20, 20, 20, delta, 0.05));
        Assert.True(OneRunBound.Epsilon(20, 20, 20, 0, 0.05) > 1.5);
    }

    [Theory]
    [InlineData(10, 11, 5, 1, 0)]
    [InlineData(10, 5, 6, 1, 0)]
    [InlineData(10, 5, -1, 1, 0)]
    [InlineData(10, 5, 5, -1, 0)]
    [InlineData(10, 5, 5, double.NaN, 0)]
    [InlineData(10, 5, 5, 1, 1.5)]
    public void Numbers_that_are_no_guesses_are_refused(int canaries, int guesses, int right, double epsilon, double delta) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => OneRunBound.Chance(canaries, guesses, right, epsilon, delta));

    private static double ExactChance(int canaries, int guesses, int right, int a, int b, double delta)
    {
        var (whole, choose) = (BigInteger.Pow(a + b, guesses), BigInteger.One);
        var weights = new BigInteger[guesses + 1];
        for (var w = 0; w <= guesses; w++)
        {
            weights[w] = choose * BigInteger.Pow(a, w) * BigInteger.Pow(b, guesses - w);
            choose = choose * (guesses - w) / (w + 1);
        }

        var tail = weights[right..].Aggregate(BigInteger.Zero, (sum, weight) => sum + weight);
        var (below, steepest) = (BigInteger.Zero, Rational.Zero);
        for (var i = 1; i <= right; i++)
        {
            below += weights[right - i];
            var mean = Rational.Of(below, i * whole);
            steepest = mean > steepest ? mean : steepest;
        }

        return (Rational.Of(tail, whole) + (Rational.Of(2 * canaries) * Rational.Exactly(delta) * steepest)).ToDouble();
    }
}
