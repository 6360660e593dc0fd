using System.Numerics;
using CsCheck;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class RationalTests
{
    private static readonly Gen<Rational> s_fractions = Gen.Select(Gen.Long, Gen.Long[1, long.MaxValue]).Select((n, d) => Rational.Of(n, d));

    [Fact]
    public void Double_is_taken_exactly() =>
        Gen.Double.Where(double.IsFinite).Sample(value =>
        {
            var exact = Rational.Exactly(value);
            Assert.True(exact.Denominator.IsPowerOfTwo);
            if (Math.Abs(value) is > 1e-290 and < 1e290)
                Assert.Equal(value, exact.ToDouble());
            if (value == Math.Truncate(value))
                Assert.Equal(new BigInteger(value), exact.Numerator);
        });

    [Fact]
    public void Arithmetic_is_that_of_fractions() =>
        Gen.Select(s_fractions, s_fractions, s_fractions).Sample((a, b, c) =>
        {
            Assert.Equal((a * b) + (a * c), a * (b + c));
            Assert.Equal(a, a - b + b);
            if (b.Sign != 0)
                Assert.Equal(a, a / b * b);
            Assert.Equal((a - b).Sign, a.CompareTo(b));
            Assert.True(BigInteger.GreatestCommonDivisor(a.Numerator, a.Denominator).IsOne || a.Sign == 0);
        });

    [Fact]
    public void Rounding_goes_up_by_less_than_a_unit() =>
        Gen.Select(s_fractions, Gen.Int[1, 1 << 20]).Sample((value, unit) =>
        {
            var excess = value.RoundUp(unit) - value;
            Assert.True(excess.Sign >= 0 && excess < Rational.Of(1, unit));
            var square = value * value;
            var root = square.SquareRootUp(unit);
            Assert.True(root * root >= square);
            var less = root - Rational.Of(1, unit);
            Assert.True(less.Sign < 0 || less * less < square);
        });

    [Fact]
    public void Single_is_the_greatest_that_is_not_above() =>
        Gen.Select(Gen.Long[1, long.MaxValue], Gen.Long[1, long.MaxValue]).Sample((n, d) =>
        {
            var value = Rational.Of(n, d);
            var cut = value.ToSingleDown();
            Assert.True(Rational.Exactly(cut) <= value);
            Assert.True(Rational.Exactly(MathF.BitIncrement(cut)) > value);
        });

    [Fact]
    public void What_is_no_fraction_is_refused()
    {
        Assert.Throws<DivideByZeroException>(() => Rational.Of(1, 0));
        Assert.Throws<DivideByZeroException>(() => Rational.One / Rational.Zero);
        Assert.Throws<ArgumentOutOfRangeException>(() => Rational.Exactly(double.NaN));
        Assert.Throws<ArithmeticException>(() => Rational.Of(-1).SquareRootUp(1));
    }
}
