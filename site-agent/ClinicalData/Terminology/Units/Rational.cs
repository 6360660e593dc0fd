using System.Globalization;
using System.Numerics;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// A positive fraction, exact. A chain of doubles or decimals would make a factor depend on the way in which a unit is written: kat/L to U/L
/// must be 60000000, whichever of its parts is multiplied first.
/// </summary>
internal readonly record struct Rational
{
    private Rational(BigInteger numerator, BigInteger denominator)
    {
        var common = BigInteger.GreatestCommonDivisor(numerator, denominator);
        (Numerator, Denominator) = (numerator / common, denominator / common);
    }

    public static Rational One { get; } = new(BigInteger.One, BigInteger.One);

    public BigInteger Numerator { get; }

    public BigInteger Denominator { get; }

    /// <summary>log2, give or take one.</summary>
    public long Magnitude => Numerator.GetBitLength() - Denominator.GetBitLength();

    public static Rational Ten(int power) => new Rational(10, BigInteger.One).Power(power);

    public static Rational Of(decimal value) => Parse(value.ToString(CultureInfo.InvariantCulture));

    /// <summary>Reads digits, perhaps with a decimal point and an exponent.</summary>
    public static Rational Parse(string text)
    {
        var parts = text.Split('e');
        var point = parts[0].IndexOf('.', StringComparison.Ordinal);
        var decimals = point < 0 ? 0 : parts[0].Length - point - 1;
        var exponent = parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0;
        return new Rational(BigInteger.Parse(parts[0].Replace(".", "", StringComparison.Ordinal), CultureInfo.InvariantCulture), BigInteger.One) * Ten(exponent - decimals);
    }

    public Rational Power(int power) => power >= 0
        ? new(BigInteger.Pow(Numerator, power), BigInteger.Pow(Denominator, power))
        : new(BigInteger.Pow(Denominator, -power), BigInteger.Pow(Numerator, -power));

    /// <summary>The nearest double, ties to even (IEEE 754). Only for magnitudes within its normal range.</summary>
    public double ToDouble()
    {
        // A quotient of 62 to 64 bits whose last bit says whether anything was cut off: the one rounding is that to 53 bits.
        var shift = (int)(63 - Magnitude);
        var quotient = BigInteger.DivRem(shift > 0 ? Numerator << shift : Numerator, shift < 0 ? Denominator << -shift : Denominator, out var rest);
        return Math.ScaleB((double)((ulong)quotient | (rest.IsZero ? 0UL : 1UL)), -shift);
    }

    public static Rational operator *(Rational left, Rational right) => new(left.Numerator * right.Numerator, left.Denominator * right.Denominator);

    public static Rational operator /(Rational left, Rational right) => new(left.Numerator * right.Denominator, left.Denominator * right.Numerator);
}
