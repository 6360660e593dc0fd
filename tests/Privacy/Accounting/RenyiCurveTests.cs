using CsCheck;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class RenyiCurveTests
{
    /// <summary>mpmath 1.3, 40 digits: log(sum of C(a,k)(1-q)^(a-k) q^k exp(k(k-1)/(2z²)))/(a-1), Mironov, Talwar and Zhang 2019, section 3.3.</summary>
    [Theory]
    [InlineData(1, 1_000_000, 0.3, 2, 6.690949285284607e-8)]
    [InlineData(1, 1_000_000, 0.3, 64, 341.5207511792109)]
    [InlineData(1, 1_000_000, 1, 27, 3.3728889634032699e-11)]
    [InlineData(1, 1_000_000, 100, 256, 1.2800640346496905e-14)]
    [InlineData(1, 100, 10, 20, 1.0068263112022611e-5)]
    [InlineData(99, 100, 0.3, 256, 1422.2121324732869)]
    [InlineData(1, 100, 2.5, 5, 4.3615131246157615e-5)]
    [InlineData(1, 100, 2.5, 50, 0.00047692075077412336)]
    [InlineData(1, 100, 2.5, 100, 3.3483261509683651)]
    [InlineData(1, 2, 1, 2, 0.35737401950878854)]
    [InlineData(1, 10_000, 100, 2, 1.0000500016662083e-12)]
    [InlineData(1, 1000, 1, 1024, 505.0854922720648)]
    public void Sampled_gaussian_is_above_forty_digits_by_less_than_its_slack(int numerator, int denominator, double noise, int order, double exact)
    {
        var bound = RenyiCurve.Of(Charges.Gaussian(numerator, denominator, noise)).At(order);
        Assert.InRange(bound, exact, exact * (1 + 1.2e-9));
    }

    /// <summary>google/differential-privacy, dp_accounting/rdp/rdp_privacy_accountant_test.py, test_compute_rdp_poisson_sampled_gaussian (rtol 1e-4 there).</summary>
    [Theory]
    [InlineData(5, 2.18075656e-03)]
    [InlineData(50, 2.38460375e-02)]
    [InlineData(100, 1.67416308e+02)]
    public void Fifty_sampled_gaussians_are_those_of_dp_accounting(int order, double published) =>
        Assert.Equal(published, RenyiCurve.Of(Charges.Gaussian(1, 100, 2.5, steps: 50)).At(order), published * 1e-8);

    /// <summary>
    /// TensorFlow Privacy's published epsilons, by its conversion at orders up to 64: compute_dp_sgd_privacy_test.py (Test0, Test1), and the MNIST tutorial's "epsilon 3.01" for 60
    /// epochs of batch 256 with noise 1.1; tutorials/README.md has 2.92, 9.74 and 1.20 for other settings, with fractional orders, hence to 0.04.
    /// </summary>
    [Theory]
    [InlineData(150, 60_000, 1.3, 6_000, 1e-5, 0.941870567, 1e-8)]
    [InlineData(100, 100_000, 1.0, 30_000, 1e-7, 1.70928734, 1e-8)]
    [InlineData(256, 60_000, 1.1, 14_062, 1e-5, 3.01, 0.005)]
    [InlineData(256, 60_000, 1.12, 14_062, 1e-5, 2.92, 0.005)]
    [InlineData(256, 60_000, 0.6, 7_031, 1e-5, 9.74, 0.04)]
    [InlineData(256, 60_000, 1.2, 2_343, 1e-5, 1.20, 0.005)]
    public void Classic_conversion_gives_what_tensorflow_privacy_publishes(
        int batch, int population, double noise, int steps, double delta, double published, double tolerance)
    {
        var curve = RenyiCurve.Of(Charges.Gaussian(batch, population, noise, steps));
        var classic = Enumerable.Range(2, 63).Min(order => curve.At(order) - (Math.Log(delta) / (order - 1)));
        Assert.Equal(published, classic, tolerance);
        Assert.True(curve.EpsilonAt(delta) < classic);
    }

    /// <summary>Opacus, accountants_test.py: 7.32911117143 with orders in tenths; whole ones give 7.329876773826 (mpmath), a ten-thousandth more.</summary>
    [Fact]
    public void Improved_conversion_gives_what_opacus_publishes()
    {
        var epsilon = RenyiCurve.Of(Charges.Gaussian(1, 25, 1.5, steps: 2250)).EpsilonAt(1e-5);
        Assert.InRange(epsilon, 7.32911117143, 7.32911117143 * 1.0002);
        Assert.Equal(7.32987677383, epsilon, 1e-7);
    }

    /// <summary>dp_accounting, test_compute_epsilon_delta_pure_dp: a divergence of 1.1 at order 32 and delta 1e-5; by hand there.</summary>
    [Fact]
    public void Conversion_of_one_order_is_that_computed_by_hand()
    {
        // A pure charge's divergence is epsilon itself from some order on, here well before 1024; the formula is held at the order that decides.
        var curve = RenyiCurve.Of(Charges.Gaussian(1, 1, Math.Sqrt(32 / 2.2)));
        var atThirtyTwo = curve.At(32) + Math.Log(31.0 / 32) - ((Math.Log(1e-5) + Math.Log(32)) / 31);
        Assert.Equal(1.32783806176, atThirtyTwo, 1e-6);
        Assert.True(curve.EpsilonAt(1e-5) <= atThirtyTwo + 1e-9);
    }

    [Theory]
    [InlineData(1, 10)]
    [InlineData(1, 1)]
    [InlineData(20, 1)]
    public void Pure_epsilon_is_between_zero_and_epsilon_and_is_randomised_response(int numerator, int denominator)
    {
        var curve = RenyiCurve.Of(Charges.Pure(numerator, denominator));
        var epsilon = (double)numerator / denominator;
        foreach (var order in (int[])[2, 3, 16])
        {
            var likely = 1 / (1 + Math.Exp(-epsilon));
            var exact = Math.Log((Math.Pow(likely, order) * Math.Pow(1 - likely, 1 - order)) + (Math.Pow(1 - likely, order) * Math.Pow(likely, 1 - order))) / (order - 1);
            Assert.Equal(exact, curve.At(order), 1e-7 * exact);
            Assert.InRange(curve.At(order), 0, epsilon * (1 + 1e-12));
        }
    }

    [Fact]
    public void Deviation_of_distributed_noise_is_added()
    {
        var plain = new GaussianCharge(Rational.One, Rational.Of(4), Rational.Of(100), 10);
        var convolved = new GaussianCharge(Rational.One, Rational.Of(4), Rational.Of(100), 10, deviation: Rational.Of(1, 1000));
        Assert.Equal(0.003, RenyiCurve.Of(convolved).At(2) - RenyiCurve.Of(plain).At(2), 1e-9);
        Assert.True(PrivacyLoss.EpsilonAt([convolved], 1e-5).Upper > PrivacyLoss.EpsilonAt([plain], 1e-5).Upper + 0.0019);
    }

    [Fact]
    public void Composition_does_not_depend_on_brackets_or_order() =>
        Gen.Select(Charge, Charge, Charge).Sample((a, b, c) =>
        {
            var (first, second, third) = (RenyiCurve.Of(a), RenyiCurve.Of(b), RenyiCurve.Of(c));
            var left = first + second + third;
            var right = third + (second + first);
            foreach (var order in RenyiCurve.Orders)
                Assert.Equal(left.At(order), right.At(order), left.At(order) * 1e-14);
        }, iter: 20);

    [Fact]
    public void More_steps_more_sampling_or_less_noise_never_cost_less() =>
        Gen.Select(Gen.Int[1, 999], Gen.Double[0.5, 8], Gen.Int[1, 500]).Sample((rate, noise, steps) =>
        {
            var epsilon = RenyiCurve.Of(Charges.Gaussian(rate, 1000, noise, steps)).EpsilonAt(1e-6);
            Assert.True(RenyiCurve.Of(Charges.Gaussian(rate, 1000, noise, steps + 1)).EpsilonAt(1e-6) >= epsilon);
            Assert.True(RenyiCurve.Of(Charges.Gaussian(rate + 1, 1000, noise, steps)).EpsilonAt(1e-6) >= epsilon);
            Assert.True(RenyiCurve.Of(Charges.Gaussian(rate, 1000, noise * 0.99, steps)).EpsilonAt(1e-6) >= epsilon);
        }, iter: 20);

    [Fact]
    public void Nothing_costs_nothing()
    {
        Assert.Equal(0, RenyiCurve.Zero.EpsilonAt(1e-6));
        Assert.Equal(0, RenyiCurve.Of([]).DeltaAt(0));
        Assert.Equal(default, PrivacyLoss.EpsilonAt([], 1e-6));
    }

    internal static Gen<PrivacyCharge> Charge { get; } = Gen.OneOf(
        Gen.Select(Gen.Int[1, 1000], Gen.Double[0.5, 20], Gen.Int[1, 50]).Select(PrivacyCharge (rate, noise, steps) => Charges.Gaussian(rate, 1000, noise, steps)),
        Gen.Select(Gen.Int[1, 200], Gen.Int[1, 20]).Select(PrivacyCharge (epsilon, steps) => Charges.Pure(epsilon, 1000, steps)));
}
