using System.Text.Json.Nodes;
using CsCheck;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class PrivacyFilterTests
{
    private static readonly PrivacyCeiling Ceiling = new(Rational.Of(3), Rational.Of(1, 1_000_000));

    [Fact]
    public void Filter_refuses_at_the_ceiling_and_not_one_charge_before() =>
        RenyiCurveTests.Charge.Sample(charge =>
        {
            var filter = PrivacyFilter.Under(Ceiling);
            var fits = filter.Remaining(charge);
            if (fits > 300)
                return;
            for (var made = 0L; made < fits; made++)
            {
                Assert.True(filter.Admits(charge));
                Assert.Equal(fits - made, filter.Remaining(charge));
                filter = filter.Charge(charge);
            }

            Assert.False(filter.Admits(charge));
            Assert.Throws<InvalidOperationException>(() => filter.Charge(charge));
            Assert.InRange(filter.Epsilon, 0, 3);
        }, iter: 20);

    /// <summary>Orders share delta, and none has more than half of it: the filter's figure is never below that of half of delta at the best order.</summary>
    [Fact]
    public void What_a_filter_admits_is_under_its_ceiling_for_a_fixed_schedule_too() =>
        Gen.Select(RenyiCurveTests.Charge, RenyiCurveTests.Charge).Sample((one, other) =>
        {
            var filter = PrivacyFilter.Under(Ceiling);
            List<PrivacyCharge> made = [];
            foreach (var charge in Enumerable.Repeat<PrivacyCharge[]>([one, other], 20).SelectMany(pair => pair).Where(charge => filter.Admits(charge)))
            {
                filter = filter.Charge(charge);
                made.Add(charge);
            }

            Assert.True(RenyiCurve.Of(made).EpsilonAt(1e-6) <= 3);
            Assert.True(made.Count == 0 || filter.Epsilon >= RenyiCurve.Of(made).EpsilonAt(0.5e-6) * (1 - 1e-9));
        }, iter: 20);

    /// <summary>Half of delta costs log(2)/(order - 1) at the order that the filter is made for; more than 5% of epsilon would be a fault in the choice.</summary>
    [Fact]
    public void Price_of_adaptive_choice_is_small_for_gaussian_noise()
    {
        var charge = Charges.Gaussian(1, 100, 1.2, steps: 100);
        var adaptive = PrivacyFilter.Under(Ceiling).Remaining(charge);
        PrivacyCharge[] spent = [.. Enumerable.Repeat(charge, (int)adaptive + 1)];
        Assert.InRange(RenyiCurve.Of(spent).EpsilonAt(1e-6), 3 * 0.93, 3);
    }

    [Fact]
    public void Filter_behind_which_charges_were_made_is_the_one_that_let_them_pass() =>
        Gen.Select(RenyiCurveTests.Charge, RenyiCurveTests.Charge).Sample((one, other) =>
        {
            var filter = PrivacyFilter.Under(Ceiling);
            if (!filter.Admits(one))
                return;
            var resumed = PrivacyFilter.Under(Ceiling, RenyiCurve.Of(one));
            filter = filter.Charge(one);
            Assert.Equal(filter.Epsilon, resumed.Epsilon);
            Assert.Equal(filter.Admits(other), resumed.Admits(RenyiCurve.Of(other)));
            Assert.Equal(filter.Remaining(other), resumed.Remaining(other));
        }, iter: 30);

    /// <summary>Each ceiling counts by orders of its own, so that half of what was counted under one need not be passed under the other: full, it is.</summary>
    [Fact]
    public void Ceiling_that_is_lowered_below_what_was_spent_lets_nothing_pass()
    {
        var charge = Charges.Gaussian(1, 100, 1.2, steps: 100);
        var spent = Enumerable.Repeat(RenyiCurve.Of(charge), (int)PrivacyFilter.Under(Ceiling).Remaining(charge)).Aggregate(RenyiCurve.Zero, (sum, one) => sum + one);
        var lowered = PrivacyFilter.Under(new PrivacyCeiling(Rational.Of(3, 2), Ceiling.Delta), spent);

        Assert.True(lowered.Epsilon > 1.5);
        Assert.False(lowered.Admits(new PureCharge(Rational.Of(1, 1_000_000))));
    }

    [Theory]
    [InlineData("3", "3")]
    [InlineData("0.50", "1/2")]
    [InlineData("1e-6", "1/1000000")]
    [InlineData("2.5E3", "2500")]
    [InlineData("0", "0")]
    [InlineData("", null)]
    [InlineData(".5", null)]
    [InlineData("5.", null)]
    [InlineData("-1", null)]
    [InlineData("1/2", null)]
    [InlineData("1e999", null)]
    [InlineData("0x10", null)]
    [InlineData("1e2e3", null)]
    [InlineData("NaN", null)]
    public void Decimal_is_read_exactly_or_not_at_all(string text, string? fraction) => Assert.Equal(fraction, Rational.OfDecimal(text)?.ToString());

    [Fact]
    public void Filter_that_was_charged_does_not_change_the_one_before()
    {
        var before = PrivacyFilter.Under(Ceiling);
        var after = before.Charge(Charges.Pure(1, 2));
        Assert.Equal(0, before.Epsilon);
        Assert.True(after.Epsilon > 0);
    }

    [Fact]
    public void Charge_of_more_than_the_whole_ceiling_is_refused() =>
        Assert.False(PrivacyFilter.Under(Ceiling).Admits(Charges.Gaussian(1, 1, 0.001)));

    [Fact]
    public void Charge_keeps_its_bytes() =>
        RenyiCurveTests.Charge.Sample(charge =>
        {
            var bytes = CanonicalJson.Write(charge.ToJson());
            var read = PrivacyCharge.Read(CanonicalJson.Read(bytes), "charge");
            Assert.Equal(charge, read);
            Assert.Equal(bytes, CanonicalJson.Write(read.ToJson()));
        }, iter: 50);

    [Fact]
    public void Canonical_form_is_this()
    {
        var charge = new GaussianCharge(Rational.Of(1, 100), Rational.Of(4), Rational.Of(1000), 50, 7, Rational.Of(1, 3));
        Assert.Equal(
            """{"coordinates":50,"deviation":"1/3","mechanism":"discrete-gaussian","sampling-rate":"1/100","squared-sensitivity":"4","steps":7,"variance":"1000"}""",
            System.Text.Encoding.UTF8.GetString(CanonicalJson.Write(charge.ToJson())));
        Assert.Equal("""{"epsilon":"1/2","mechanism":"pure","steps":1}""", System.Text.Encoding.UTF8.GetString(CanonicalJson.Write(Charges.Pure(2, 4).ToJson())));
    }

    [Theory]
    [InlineData("""{"epsilon":"1/2","mechanism":"pure"}""")]
    [InlineData("""{"epsilon":"1/2","mechanism":"pure","steps":0}""")]
    [InlineData("""{"epsilon":"2/4","mechanism":"pure","steps":1}""")]
    [InlineData("""{"epsilon":"1/0","mechanism":"pure","steps":1}""")]
    [InlineData("""{"epsilon":"-1","mechanism":"pure","steps":1}""")]
    [InlineData("""{"epsilon":"0.5","mechanism":"pure","steps":1}""")]
    [InlineData("""{"epsilon":"1/2","mechanism":"pure","steps":1,"note":1}""")]
    [InlineData("""{"epsilon":"1/2","mechanism":"laplace","steps":1}""")]
    [InlineData("""{"coordinates":50,"deviation":"0","mechanism":"discrete-gaussian","sampling-rate":"3/2","squared-sensitivity":"4","steps":7,"variance":"1000"}""")]
    [InlineData("""{"coordinates":50,"deviation":"0","mechanism":"discrete-gaussian","sampling-rate":"1/2","squared-sensitivity":"4","steps":7,"variance":"1/2"}""")]
    public void What_is_no_charge_is_refused(string json) =>
        Assert.Throws<FormatException>(() => PrivacyCharge.Read(JsonNode.Parse(json), "charge"));
}
