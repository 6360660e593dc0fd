using CsCheck;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Tests.Numerics.Statistics;

public sealed class ErrorSuppressionTests
{
    private static readonly Gen<(double Outcome, double Prediction, int Sex, int Age)[]> s_rows = Gen.Select(Gen.Double[-40, 60], Gen.Double[-70, 90], Gen.Int[0, 2], Gen.Int[0, 3]).Array[0, 60];

    [Fact]
    public void What_is_told_and_every_difference_from_all_rows_is_of_none_or_enough_rows() => Gen.Select(s_rows, Gen.Int[1, 12]).Sample((rows, minimum) =>
    {
        var (all, partitions) = Suppress(rows, minimum);
        Assert.Equal(rows.Length == 0 || rows.Length >= minimum, all is not null);
        foreach (var groups in partitions)
        {
            Assert.True(ErrorSuppression.Fits(all, groups, minimum));
            Assert.All(groups.OfType<RegressionSums>(), group => Assert.True(group.Count == 0 || group.Count >= minimum));
            if (all is not null)
                Assert.True(all.Count - groups.Sum(group => group?.Count ?? 0) is var rest && (rest == 0 || rest >= minimum));
        }
    });

    [Fact]
    public void Told_subgroups_are_the_sums_of_their_rows() => s_rows.Sample(rows =>
    {
        var (_, partitions) = Suppress(rows, 3);
        foreach (var (sex, told) in partitions[0].Index().Where(group => group.Item is not null))
        {
            var own = rows.Where(row => row.Sex == sex).ToArray();
            Assert.Equal(RegressionSums.Of(-40, 60, [.. own.Select(row => row.Outcome)], [.. own.Select(row => row.Prediction)]).Suppress(3), told);
        }
    });

    [Fact]
    public void Fits_refuses_a_subgroup_whose_complement_is_small_and_one_of_another_range()
    {
        var all = RegressionSums.Of(0, 10, [1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 1]).Suppress(1);
        var five = RegressionSums.Of(0, 10, [1, 2, 3, 4, 5], [1, 1, 1, 1, 1]).Suppress(1);
        Assert.True(ErrorSuppression.Fits(all, [five, null], 1));
        Assert.False(ErrorSuppression.Fits(all, [five, null], 2));
        Assert.False(ErrorSuppression.Fits(null, [five, null], 1));
        Assert.False(ErrorSuppression.Fits(all, [RegressionSums.Of(0, 11, [1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 1]).Suppress(1)], 1));
    }

    private static (RegressionSums? All, IReadOnlyList<IReadOnlyList<RegressionSums?>> Partitions) Suppress((double Outcome, double Prediction, int Sex, int Age)[] rows, int minimum)
    {
        var (all, partitions) = ErrorSuppression.Suppress(
            (-40, 60), [.. rows.Select(row => row.Outcome)], [.. rows.Select(row => row.Prediction)], [([.. rows.Select(row => row.Sex)], 3), ([.. rows.Select(row => row.Age)], 4)], minimum);
        return (all, [.. partitions.Select(groups => (IReadOnlyList<RegressionSums?>)[.. groups])]);
    }
}
