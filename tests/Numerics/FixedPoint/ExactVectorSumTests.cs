using System.Numerics;
using CsCheck;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Tests.Numerics.FixedPoint;

public sealed class ExactVectorSumTests
{
    private static readonly Gen<Case> s_cases =
        from format in Gen.OneOf(
            Gen.Select(Gen.OneOf(8, 16, 24, 32), Gen.Double[0.01, 100], UpdateFormat.Fixed),
            Gen.Const(UpdateFormat.Float32))
        from dimension in Gen.Int[1, 700]
        from updates in Gen.Select(Gen.Double[-1, 1].Array[dimension], Gen.Int[1, 50_000]).Array[1, 6]
        from seed in Gen.ULong
        select new Case(format, dimension, [.. updates.Select(update => (Encode(format, update.Item1), update.Item2))], seed | 1);

    [Fact]
    public void Mean_in_any_order_and_any_cutting_is_the_same_to_the_bit_and_the_exact_one()
    {
        s_cases.Sample(one =>
        {
            var random = new DeterministicRandom(one.Seed, 0, 0, 0);
            var inOrder = Mean(one, [.. Enumerable.Range(0, one.Updates.Length)], _ => one.Dimension);
            var order = Enumerable.Range(0, one.Updates.Length).ToArray();
            random.Shuffle(order.AsSpan());

            var otherwise = Mean(one, order, left => 1 + random.NextInt(left));

            Assert.Equal(inOrder.Select(BitConverter.DoubleToInt64Bits), otherwise.Select(BitConverter.DoubleToInt64Bits));
            Assert.Equal(Oracle(one).Select(BitConverter.DoubleToInt64Bits), inOrder.Select(BitConverter.DoubleToInt64Bits));
        }, iter: 300);
    }

    [Fact]
    public void Contributions_folded_side_by_side_give_the_same_bits_as_one_after_the_other()
    {
        s_cases.Sample(one =>
        {
            var sum = new ExactVectorSum(one.Format, one.Dimension, one.TotalWeight);
            var contributions = one.Updates.Select(update => sum.Contribute(update.Weight)).ToArray();
            var width = one.Format.BytesPerValue;
            for (var start = 0; start < one.Dimension; start += 37)
            {
                var end = Math.Min(one.Dimension, start + 37);
                for (var i = 0; i < contributions.Length; i++)
                    contributions[i].Fold(one.Updates[i].Payload.AsSpan()[(start * width)..(end * width)]);
            }

            var mean = new double[one.Dimension];
            sum.Mean(0, mean);
            Assert.Equal(Mean(one, [.. Enumerable.Range(0, one.Updates.Length)], _ => one.Dimension), mean);
            Assert.Equal(one.Updates.Length, sum.Contributions);
            Assert.Equal(one.TotalWeight, sum.TotalWeight);
        }, iter: 100);
    }

    [Fact]
    public void Mean_of_a_part_is_that_part_of_the_mean()
    {
        s_cases.Sample(one =>
        {
            var sum = new ExactVectorSum(one.Format, one.Dimension, one.TotalWeight);
            foreach (var (payload, weight) in one.Updates)
                sum.Contribute(weight).Fold(payload);
            var whole = new double[one.Dimension];
            sum.Mean(0, whole);
            var start = one.Dimension / 3;
            var part = new double[one.Dimension - start];

            sum.Mean(start, part);

            Assert.Equal(whole[start..], part);
        }, iter: 100);
    }

    [Theory]
    [InlineData(8, (1L << 55) - 1)]
    [InlineData(16, (1L << 47) - 1)]
    [InlineData(24, (1L << 39) - 1)]
    [InlineData(32, (1L << 31) - 1)]
    public void Mean_of_the_greatest_values_at_the_greatest_weight_does_not_overflow(int bits, long budget)
    {
        var format = UpdateFormat.Fixed(bits, 3);
        var weight = (int)Math.Min(budget, int.MaxValue);
        var sum = new ExactVectorSum(format, 17, budget);
        sum.Contribute(weight).Fold(Encode(format, [.. Enumerable.Repeat(-1.0, 17)]));
        var mean = new double[17];
        sum.Mean(0, mean);
        Assert.All(mean, value => Assert.Equal(-3, value, 1e-12));
    }

    [Fact]
    public void Sum_that_might_overflow_cannot_be_made()
    {
        var refusal = Assert.Throws<ArgumentException>(() => new ExactVectorSum(UpdateFormat.Fixed(32, 1), 1, 1L << 31));
        Assert.Contains("31 value bits + 32 weight bits = 63, not below 63", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Contribute_beyond_the_total_weight_is_refused()
    {
        var sum = new ExactVectorSum(UpdateFormat.Fixed(8, 1), 1, 10);
        sum.Contribute(7);
        Assert.Throws<InvalidOperationException>(() => sum.Contribute(4));
        sum.Contribute(3);
    }

    [Fact]
    public void Mean_of_nothing_or_of_parts_is_refused()
    {
        var sum = new ExactVectorSum(UpdateFormat.Fixed(8, 1), 3, 10);
        Assert.Throws<InvalidOperationException>(() => sum.Mean(0, new double[3]));
        var contribution = sum.Contribute(1);
        contribution.Fold([1, 2]);
        Assert.False(contribution.IsWhole);
        Assert.Throws<InvalidOperationException>(() => sum.Mean(0, new double[3]));
        contribution.Fold([3]);
        Assert.True(contribution.IsWhole);
        sum.Mean(0, new double[3]);
    }

    [Fact]
    public void Fold_a_block_with_a_fault_or_too_long_is_refused_and_adds_nothing_of_it()
    {
        var sum = new ExactVectorSum(UpdateFormat.Fixed(8, 127), 3, 10);
        var contribution = sum.Contribute(1);
        contribution.Fold([1]);
        var refusal = Assert.Throws<InvalidDataException>(() => contribution.Fold([5, 0x80]));
        Assert.Contains("Coordinate 2 ", refusal.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => contribution.Fold([5, 5, 5]));
        contribution.Fold([2, 3]);
        contribution.Fold([]); // nothing more, counted once
        var mean = new double[3];
        sum.Mean(0, mean);
        Assert.Equal([1, 2, 3], mean);
        Assert.Equal(1, sum.Contributions);
    }

    private static byte[] Encode(UpdateFormat format, double[] shares)
    {
        var payload = new byte[format.PayloadLength(shares.Length)];
        format.Encode(shares.Select(share => share * format.Range).ToArray(), payload);
        return payload;
    }

    private static double[] Mean(Case one, int[] order, Func<int, int> lengthOfNextBlock)
    {
        var sum = new ExactVectorSum(one.Format, one.Dimension, one.TotalWeight);
        foreach (var i in order)
        {
            var contribution = sum.Contribute(one.Updates[i].Weight);
            while (!contribution.IsWhole)
            {
                var count = lengthOfNextBlock(one.Dimension - contribution.Position);
                contribution.Fold(one.Updates[i].Payload.AsSpan(contribution.Position * one.Format.BytesPerValue, count * one.Format.BytesPerValue));
            }
        }

        var mean = new double[one.Dimension];
        sum.Mean(0, mean);
        return mean;
    }

    private static double[] Oracle(Case one)
    {
        var mean = new double[one.Dimension];
        for (var i = 0; i < mean.Length; i++)
        {
            var sum = one.Updates.Aggregate(BigInteger.Zero, (total, update) =>
                total + ((BigInteger)UpdateFormatTests.CodeAt(one.Format, update.Payload, i) * update.Weight));
            mean[i] = (long)sum / (double)one.TotalWeight * one.Format.GridStep;
        }

        return mean;
    }

    private sealed record Case(UpdateFormat Format, int Dimension, (byte[] Payload, int Weight)[] Updates, ulong Seed)
    {
        public long TotalWeight => Updates.Sum(update => (long)update.Weight);
    }
}
