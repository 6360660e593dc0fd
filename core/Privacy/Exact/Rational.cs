using System.Globalization;
using System.Numerics;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// An exact fraction in lowest terms. What noise is calibrated with is one: a variance of 2^80 squared grid units is beyond 64 bits, a per-site share
/// σ²/(t - c) has no finite binary form, and the accountant is to be told the number that was used, not one near it.
/// </summary>
public sealed record Rational : IComparable<Rational>
{
    private Rational(BigInteger numerator, BigInteger denominator)
    {
        var divisor = BigInteger.GreatestCommonDivisor(numerator, denominator) * denominator.Sign;
        (Numerator, Denominator) = (numerator / divisor, denominator / divisor);
    }

    /// <summary>The number above the line; carries the sign.</summary>
    public BigInteger Numerator { get; }

    /// <summary>The number below the line, from 1.</summary>
    public BigInteger Denominator { get; }

    /// <summary>Zero.</summary>
    public static Rational Zero { get; } = Of(0);

    /// <summary>One.</summary>
    public static Rational One { get; } = Of(1);

    /// <summary>-1, 0 or 1.</summary>
    public int Sign => Numerator.Sign;

    /// <summary>A fraction.</summary>
    /// <exception cref="DivideByZeroException">The denominator is 0.</exception>
    public static Rational Of(BigInteger numerator, BigInteger denominator) =>
        denominator.IsZero ? throw new DivideByZeroException("A fraction's denominator is not 0.") : new Rational(numerator, denominator);

    /// <summary>A whole number.</summary>
    public static Rational Of(BigInteger value) => new(value, BigInteger.One);

    /// <summary>Exactly the number that a double stands for: it is a fraction over a power of two.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not finite.</exception>
    public static Rational Exactly(double value)
    {
        if (!double.IsFinite(value))
            throw new ArgumentOutOfRangeException(nameof(value), value, "Only a finite number is a fraction.");
        var bits = BitConverter.DoubleToUInt64Bits(value);
        var exponent = (int)(bits >> 52) & 0x7FF;
        var fraction = (bits & ((1UL << 52) - 1)) | (exponent > 0 ? 1UL << 52 : 0);
        var scale = Math.Max(exponent, 1) - 1075;
        var magnitude = scale >= 0 ? Of((BigInteger)fraction << scale) : Of(fraction, BigInteger.One << -scale);
        return value < 0 ? -magnitude : magnitude;
    }

    /// <summary>Exactly the number that a person writes, such as 3, 0.5 or 1e-6; without a sign.</summary>
    /// <returns>Null where the text is no such number, or is beyond 10^±99.</returns>
    public static Rational? OfDecimal(string text)
    {
        if (text.Split('e', 'E') is not { Length: <= 2 } parts || parts[0].Split('.') is not { Length: <= 2 } digits)
            return null;
        var fraction = digits.Length == 2 ? digits[1] : "";
        if (text.Length > 99 || digits[0].Length == 0 || (digits.Length == 2 && fraction.Length == 0) || !digits.All(part => part.All(char.IsAsciiDigit))
            || !int.TryParse(parts.Length == 2 ? parts[1] : "0", NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var exponent) || Math.Abs(exponent) > 99)
            return null;
        var scale = BigInteger.Pow(10, Math.Abs(exponent));
        var value = Of(BigInteger.Parse(digits[0] + fraction, CultureInfo.InvariantCulture), BigInteger.Pow(10, fraction.Length));
        return exponent < 0 ? value / Of(scale) : value * Of(scale);
    }

    /// <summary>The least multiple of 1/<paramref name="unit"/> whose square is not below this.</summary>
    /// <param name="unit">From 1; a power of two keeps what follows short.</param>
    /// <exception cref="ArithmeticException">This is negative.</exception>
    public Rational SquareRootUp(BigInteger unit)
    {
        if (Sign < 0)
            throw new ArithmeticException("A negative number has no square root.");
        // k/unit is enough where k² ≥ n unit²/d; k is whole, so that k² ≥ ceil(n unit²/d) says the same.
        var square = Ceiling(Numerator * unit * unit, Denominator);
        var root = IntegerRoot.Floor(square);
        return Of(root * root < square ? root + 1 : root, unit);
    }

    /// <summary>The least multiple of 1/<paramref name="unit"/> that is not below this.</summary>
    public Rational RoundUp(BigInteger unit) => Of(Ceiling(Numerator * unit, Denominator), unit);

    /// <summary>The least whole number that is not below this.</summary>
    public BigInteger Ceiling() => Ceiling(Numerator, Denominator);

    /// <inheritdoc/>
    public int CompareTo(Rational? other) => other is null ? 1 : (Numerator * other.Denominator).CompareTo(other.Numerator * Denominator);

    /// <summary>The sum.</summary>
    public static Rational operator +(Rational left, Rational right) =>
        new((left.Numerator * right.Denominator) + (right.Numerator * left.Denominator), left.Denominator * right.Denominator);

    /// <summary>The difference.</summary>
    public static Rational operator -(Rational left, Rational right) => left + -right;

    /// <summary>The negative.</summary>
    public static Rational operator -(Rational value) => new(-value.Numerator, value.Denominator);

    /// <summary>The product.</summary>
    public static Rational operator *(Rational left, Rational right) =>
        new(left.Numerator * right.Numerator, left.Denominator * right.Denominator);

    /// <summary>The quotient.</summary>
    /// <exception cref="DivideByZeroException">The divisor is 0.</exception>
    public static Rational operator /(Rational left, Rational right) =>
        Of(left.Numerator * right.Denominator, left.Denominator * right.Numerator);

    /// <summary>Whether the left one is less.</summary>
    public static bool operator <(Rational left, Rational right) => left.CompareTo(right) < 0;

    /// <summary>Whether the left one is greater.</summary>
    public static bool operator >(Rational left, Rational right) => left.CompareTo(right) > 0;

    /// <summary>Whether the left one is not greater.</summary>
    public static bool operator <=(Rational left, Rational right) => left.CompareTo(right) <= 0;

    /// <summary>Whether the left one is not less.</summary>
    public static bool operator >=(Rational left, Rational right) => left.CompareTo(right) >= 0;

    /// <summary>A double near it, for people and plots: never what noise is calibrated with.</summary>
    public double ToDouble()
    {
        // 64 significant bits of the quotient are enough to be within an ulp, however long both numbers are.
        var shift = 64 - (int)(Numerator.GetBitLength() - Denominator.GetBitLength());
        var quotient = shift >= 0 ? (Numerator << shift) / Denominator : Numerator / (Denominator << -shift);
        return Math.ScaleB((double)quotient, -shift);
    }

    /// <summary>The greatest float32 that is not above this.</summary>
    /// <exception cref="ArithmeticException">This is not within [2^-100, 2^100].</exception>
    public float ToSingleDown()
    {
        if (Sign <= 0 || Math.Abs(Numerator.GetBitLength() - Denominator.GetBitLength()) > 99)
            throw new ArithmeticException("Only numbers within [2^-100, 2^100] are cut to float32.");
        var shift = 24 - (int)(Numerator.GetBitLength() - Denominator.GetBitLength());
        var mantissa = shift >= 0 ? (Numerator << shift) / Denominator : Numerator / (Denominator << -shift); // 24 or 25 bits
        return (float)Math.ScaleB((double)(mantissa.GetBitLength() > 24 ? mantissa - (mantissa & 1) : mantissa), -shift);
    }

    /// <inheritdoc/>
    public override string ToString() => Denominator.IsOne
        ? Numerator.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{Numerator}/{Denominator}");

    private static BigInteger Ceiling(BigInteger numerator, BigInteger denominator)
    {
        var quotient = BigInteger.DivRem(numerator, denominator, out var rest);
        return rest.Sign > 0 ? quotient + 1 : quotient;
    }
}
