using System.Globalization;
using System.Numerics;

namespace FederatedClinicalMl.Privacy;

/// <summary>Fractions as the doubles on either side of them, and as the one text that stands for each.</summary>
internal static class RationalBounds
{
    private const int MaximumTextLength = 400;

    /// <summary>A double that is not below the fraction, at most two steps above it.</summary>
    public static double Above(Rational value)
    {
        var near = Near(value);
        return Exact(near) < value ? Math.BitIncrement(near) : near;
    }

    /// <summary>A double that is not above the fraction, at most two steps below it.</summary>
    public static double Below(Rational value)
    {
        var near = Near(value);
        return Exact(near) > value ? Math.BitDecrement(near) : near;
    }

    /// <summary>The fraction that <see cref="Rational.ToString"/> writes thus, and no other spelling of it: equal charges have equal bytes.</summary>
    /// <exception cref="FormatException">The text is not that of a fraction.</exception>
    public static Rational Parse(string text, string path)
    {
        var parts = text.Split('/');
        if (text.Length <= MaximumTextLength && parts.Length <= 2
            && BigInteger.TryParse(parts[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var numerator)
            && BigInteger.TryParse(parts.Length == 2 ? parts[1] : "1", NumberStyles.None, CultureInfo.InvariantCulture, out var denominator)
            && !denominator.IsZero && Rational.Of(numerator, denominator) is var value && value.ToString() == text)
            return value;
        throw new FormatException($"{path} must be a fraction in lowest terms, such as \"1/100\" or \"3\".");
    }

    // 64 significant bits of the quotient, cut, then rounded to 53: within one step of the fraction, on either side.
    private static double Near(Rational value)
    {
        var shift = 64 - (int)(value.Numerator.GetBitLength() - value.Denominator.GetBitLength());
        var quotient = shift >= 0 ? (value.Numerator << shift) / value.Denominator : value.Numerator / (value.Denominator << -shift);
        return Math.ScaleB((double)quotient, -shift);
    }

    private static Rational Exact(double value)
    {
        var bits = BitConverter.DoubleToUInt64Bits(value);
        var exponent = (int)(bits >> 52) & 0x7FF;
        var fraction = (BigInteger)((bits & ((1UL << 52) - 1)) | (exponent > 0 ? 1UL << 52 : 0)) * (value < 0 ? -1 : 1);
        var scale = Math.Max(exponent, 1) - 1075;
        return scale >= 0 ? Rational.Of(fraction << scale) : Rational.Of(fraction, BigInteger.One << -scale);
    }
}
