using System.Globalization;
using System.Numerics;
using CsCheck;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class ExponentialTests
{
    // python3 -c "from mpmath import *; mp.prec=400; print(int(floor(ldexp(exp(-mpf(N)/D),128))))"
    [Theory]
    [InlineData(1, 1, "125182886983370532117250726298150828301")]
    [InlineData(1, 1_000_000_007, "340282366580656099094553876762905947539")]
    [InlineData(355, 113, "14704930467975017991285540855594436391")]
    [InlineData(80, 1, "6141")]
    [InlineData(1000, 1, "0")]
    public void Bounds_enclose_the_value_and_are_near(long numerator, long denominator, string golden)
    {
        var (lower, upper) = Exponential.Bounds(numerator, denominator, 128);
        var value = BigInteger.Parse(golden, CultureInfo.InvariantCulture);
        Assert.InRange(value, lower, upper);
        Assert.InRange(value + 1, lower, upper);
        Assert.True(upper - lower <= 3);
    }

    [Fact]
    public void Bounds_of_more_bits_lie_within() =>
        Gen.Select(Gen.ULong, Gen.ULong[1, ulong.MaxValue], Gen.Int[1, 300]).Sample((numerator, denominator, bits) =>
        {
            var scaled = numerator % (50 * (BigInteger)denominator);
            var (lower, upper) = Exponential.Bounds(scaled, denominator, bits);
            var (sharpLower, sharpUpper) = Exponential.Bounds(scaled, denominator, bits + 100);
            Assert.True(lower << 100 <= sharpLower && sharpUpper <= upper << 100 && upper - lower <= 3);
        });

    [Fact]
    public void Coin_falls_by_the_exponential()
    {
        using var stream = Streams.Of(1);
        var heads = Enumerable.Range(0, 100_000).Count(_ => Exponential.Coin(1, 2, stream));
        Assert.Equal(100_000 * Math.Exp(-0.5), heads, 5 * Math.Sqrt(100_000 * 0.25));
    }

    [Fact]
    public void Comparison_that_the_known_bits_leave_open_is_made_by_the_next()
    {
        // y's first 64 bits are those of exp(-1): the next 64 decide, against those of exp(-1).
        var value = Exponential.Bounds(1, 1, 1000).Lower >> (1000 - 128);
        var below = 0;
        for (var seed = 0; seed < 400; seed++)
        {
            using var stream = Streams.Of(seed);
            using var next = Streams.Of(seed);
            var answer = Exponential.IsAbove(value >> 64, 64, 1, 1, stream);
            Assert.Equal(next.NextUInt64() < (value & ulong.MaxValue), answer);
            Assert.Equal(next.NextUInt64(), stream.NextUInt64());
            below += answer ? 1 : 0;
        }

        Assert.InRange(below, 1, 399);
    }
}
