using CsCheck;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class PrivacyLossTests
{
    /// <summary>
    /// Exact delta of the Gaussian mechanism, Balle and Wang 2018, theorem 8: Phi(m/2 - e/m) - exp(e) Phi(-m/2 - e/m) with m = root(steps)/noise; mpmath, 30 digits. The first row is
    /// dp_accounting's test_gaussian_basic, the second prv_accountant's test_analytic_solution (ten thousand steps).
    /// </summary>
    [Theory]
    [InlineData(1.7320508, 3, 1, 0.126936737506644)]
    [InlineData(100, 10_000, 4, 4.71224120079312e-5)]
    [InlineData(10, 1, 0.2, 0.000937445959328599)]
    [InlineData(1, 9, 10, 0.0185895143158578)]
    public void Gaussian_composition_is_bracketed_around_its_closed_form(double noise, int steps, double epsilon, double exact)
    {
        PrivacyCharge[] charges = [Charges.Gaussian(1, 1, noise, steps)];
        var delta = PrivacyLoss.DeltaAt(charges, epsilon);
        // The noise is a millionth off the square root of 3.
        Assert.InRange(exact, delta.Lower * (1 - 1e-6), delta.Upper * (1 + 1e-6));
        Assert.True(delta.Upper <= exact * 1.002, $"{delta}");
        Assert.True(delta.Lower >= exact * 0.7, $"{delta}");
        Assert.True(RenyiCurve.Of(charges).DeltaAt(epsilon) >= exact);
        var back = PrivacyLoss.EpsilonAt(charges, exact);
        Assert.InRange(epsilon, back.Lower - 1e-6, back.Upper + 1e-6);
    }

    /// <summary>One step of the sampled Gaussian has a closed form in each direction; the larger of both, mpmath, 30 digits.</summary>
    [Theory]
    [InlineData(1, 100, 1, 0.5, 2.21451901315306e-7)]
    [InlineData(1, 10_000, 1, 0.0001, 1.90604294871702e-5)]
    [InlineData(1, 2, 0.5, 1, 0.210495594284873)]
    [InlineData(1, 100, 0.3, 2, 0.0029306496441052)]
    [InlineData(9, 10, 4, 0.3, 0.0116643776569426)]
    public void One_sampled_gaussian_is_bracketed_around_its_closed_form(int numerator, int denominator, double noise, double epsilon, double exact)
    {
        var delta = PrivacyLoss.DeltaAt([Charges.Gaussian(numerator, denominator, noise)], epsilon);
        Assert.InRange(exact, delta.Lower, delta.Upper);
        Assert.True(delta.Upper <= exact * 1.01, $"{delta}");
    }

    /// <summary>
    /// The library of Koskela, Jälkö and Honkela (github.com/DPBayes/PLD-Accountant, simple_usage_example.py): 4.243484012034273e-06 for a rate of 1/100, noise 4, epsilon 1 and ten
    /// thousand steps. dp_accounting, test_poisson_subsampled_gaussian: 0.15594 for 1/5, noise 1/2, three steps.
    /// </summary>
    [Theory]
    [InlineData(100, 4, 10_000, 4.243484012034273e-06, 0.002)]
    [InlineData(5, 0.5, 3, 0.15594, 0.001)]
    public void Sampled_composition_is_what_other_accountants_publish(int oneIn, double noise, int steps, double published, double relative)
    {
        var delta = PrivacyLoss.DeltaAt([Charges.Gaussian(1, oneIn, noise, steps)], 1);
        Assert.Equal(published, delta.Upper, published * relative);
        Assert.True(delta.Lower <= published);
    }

    /// <summary>Opacus, accountants_test.py, test_prv_accountant: 6.777395712150674, which is an upper bound with 0.01 of error allowed; 2249 steps there.</summary>
    [Fact]
    public void Sampled_composition_is_within_the_stated_error_of_opacus()
    {
        var epsilon = PrivacyLoss.EpsilonAt([Charges.Gaussian(1, 25, 1.5, steps: 2249)], 1e-5);
        Assert.InRange(epsilon.Upper, 6.777395712150674 - 0.02, 6.777395712150674);
        Assert.True(epsilon.Lower > 6.65);
    }

    [Fact]
    public void Loss_distribution_is_not_above_renyi_on_a_grid()
    {
        foreach (var oneIn in (int[])[1, 20, 1000])
        {
            foreach (var noise in (double[])[0.5, 1, 20])
            {
                foreach (var steps in (int[])[1, 10_000])
                {
                    PrivacyCharge[] charges = [Charges.Gaussian(1, oneIn, noise, steps)];
                    var loss = PrivacyLoss.EpsilonAt(charges, 1e-6);
                    Assert.True(loss.Lower <= loss.Upper, $"1/{oneIn} {noise} {steps} {loss}");
                    Assert.True(loss.Upper <= RenyiCurve.Of(charges).EpsilonAt(1e-6), $"1/{oneIn} {noise} {steps} {loss}");
                }
            }
        }
    }

    /// <summary>Two steps of randomised response: both true answers with probability p², so delta = p² - exp(e)(1-p)² for e in (0, 2 epsilon).</summary>
    [Fact]
    public void Pure_charges_compose_to_their_closed_form()
    {
        var p = 1 / (1 + Math.Exp(-0.5));
        var exact = (p * p) - (Math.Exp(0.7) * (1 - p) * (1 - p));
        var delta = PrivacyLoss.DeltaAt([Charges.Pure(1, 2), Charges.Pure(1, 2)], 0.7);
        Assert.InRange(exact, delta.Lower, delta.Upper);
        Assert.Equal(exact, delta.Upper, 1e-4);
    }

    /// <summary>Two kinds of randomised response: true answers of each are binomial, so delta is a sum over both. The largest loss alone is likelier than the least delta here.</summary>
    [Theory]
    [InlineData(1e-2)]
    [InlineData(1e-6)]
    [InlineData(1e-7)]
    public void Bounded_losses_of_two_kinds_are_bracketed_up_to_the_largest(double delta)
    {
        PrivacyCharge[] charges = [new PureCharge(Rational.Of(97) / Rational.Of(1000), 11), new PureCharge(Rational.Of(3) / Rational.Of(40), 10)];

        var epsilon = PrivacyLoss.EpsilonAt(charges, delta);

        Assert.True(Delta(epsilon.Upper) <= delta && Delta(epsilon.Lower) >= delta);
        Assert.Equal(epsilon.Lower, epsilon.Upper, 2e-3);

        static double Delta(double at) => Answers(11, 0.097).SelectMany(_ => Answers(10, 0.075), (one, other) => Math.Max(0, (one.With * other.With) - (Math.Exp(at) * one.Without * other.Without))).Sum();
        static IEnumerable<(double With, double Without)> Answers(int steps, double epsilon)
        {
            var (p, choices) = (1 / (1 + Math.Exp(-epsilon)), 1.0);
            for (var yes = 0; yes <= steps; choices *= (double)(steps - yes) / (yes + 1), yes++)
                yield return (choices * Math.Pow(p, yes) * Math.Pow(1 - p, steps - yes), choices * Math.Pow(1 - p, yes) * Math.Pow(p, steps - yes));
        }
    }

    [Fact]
    public void Mixed_schedule_is_between_its_parts_and_their_renyi_sum() =>
        Gen.Select(RenyiCurveTests.Charge, RenyiCurveTests.Charge).Sample((one, other) =>
        {
            var both = PrivacyLoss.EpsilonAt([one, other], 1e-6);
            Assert.True(both.Lower <= both.Upper);
            Assert.True(PrivacyLoss.EpsilonAt([one], 1e-6).Lower <= both.Upper);
            Assert.True(both.Lower <= RenyiCurve.Of([one, other]).EpsilonAt(1e-6));
        }, iter: 10);

    /// <summary>Canonne, Kamath and Steinke 2020, theorem 7: the exact delta of one discrete Gaussian, summed here term by term.</summary>
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1, 4, 0.5)]
    [InlineData(2, 4, 1)]
    [InlineData(3, 16, 0.6)]
    [InlineData(10, 100, 1)]
    public void Coarse_discrete_gaussian_is_below_the_bound_with_its_gap(int sensitivity, int variance, double epsilon)
    {
        var exact = 0.0;
        var normaliser = 0.0;
        for (var x = -400; x <= 400; x++)
        {
            double with = Math.Exp(-(x - sensitivity) * (double)(x - sensitivity) / (2 * variance)), without = Math.Exp(-x * (double)x / (2 * variance));
            normaliser += without;
            exact += Math.Max(0, with - (Math.Exp(epsilon) * without));
        }

        exact /= normaliser;
        var bound = PrivacyLoss.DeltaAt([new GaussianCharge(Rational.One, Rational.Of(sensitivity * sensitivity), Rational.Of(variance), 1)], epsilon);
        Assert.True(bound.Upper >= exact, $"{bound} {exact}");
    }

    [Fact]
    public void Noise_too_small_for_the_proof_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => PrivacyLoss.EpsilonAt([Charges.Gaussian(1, 10, 0.1)], 1e-6));
}
