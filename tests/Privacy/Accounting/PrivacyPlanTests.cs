using System.Numerics;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class PrivacyPlanTests
{
    private static readonly PrivacyCeiling Ceiling = new(Rational.Of(3), Rational.Of(1, 1_000_000));

    private static readonly RoundShape Shape = new(Rational.Of(1, 100), 50, Rational.Of(BigInteger.Pow(2, 32)), 10_000, [Charges.Pure(1, 100)]);

    [Fact]
    public void Plan_for_the_ledger_is_let_pass_to_its_last_round_and_with_less_noise_it_is_not()
    {
        var plan = PrivacyPlan.NoiseFor(Ceiling, Shape, 20, PlanBasis.Ledger)!;
        Assert.True(Runs(plan.Noise));
        Assert.False(Runs(plan.Noise - 1));
        var spent = plan.SpentAfter(20);
        Assert.InRange(spent.Ledger, 2.95, 3);
        Assert.True(spent.Loss.Upper < spent.Ledger);

        static bool Runs(int noise)
        {
            var filter = PrivacyFilter.Under(Ceiling);
            foreach (var charge in Enumerable.Repeat(Shape.Charges(noise), 20).SelectMany(round => round))
            {
                if (!filter.Admits(charge))
                    return false;
                filter = filter.Charge(charge);
            }

            return true;
        }
    }

    [Fact]
    public void Plan_by_loss_distribution_is_certified_and_takes_less_noise()
    {
        var plan = PrivacyPlan.NoiseFor(Ceiling, Shape, 200, PlanBasis.LossDistribution)!;
        Assert.InRange(plan.SpentAfter(200).Loss.Upper, 2.98, 3);
        var less = new PrivacyPlan(Ceiling, Shape, plan.Noise - 2);
        Assert.True(less.SpentAfter(200).Loss.Upper > 3);
        Assert.True(plan.Noise < PrivacyPlan.NoiseFor(Ceiling, Shape, 200, PlanBasis.Ledger)!.Noise);
    }

    [Fact]
    public void Curve_rises_and_ends_at_the_last_round()
    {
        var curve = new PrivacyPlan(Ceiling, Shape, 1900).Curve(200, 4);
        Assert.Equal([50, 100, 150, 200], curve.Select(point => point.Rounds));
        Assert.All(curve.Zip(curve.Skip(1)), pair => Assert.True(pair.First.Loss.Upper < pair.Second.Loss.Upper && pair.First.Ledger < pair.Second.Ledger));
    }

    [Fact]
    public void Ceiling_that_other_charges_use_up_has_no_plan() =>
        Assert.Null(PrivacyPlan.NoiseFor(Ceiling, Shape with { Others = [Charges.Pure(4, 1)] }, 20, PlanBasis.LossDistribution));

    [Fact]
    public void Noise_is_never_below_one_grid_unit()
    {
        var coarse = Shape with { SquaredSensitivity = Rational.One, Others = [] };
        Assert.True(PrivacyPlan.NoiseFor(new(Rational.Of(100), Rational.Of(1, 100)), coarse, 1, PlanBasis.Ledger)!.Noise >= 1000);
    }
}
