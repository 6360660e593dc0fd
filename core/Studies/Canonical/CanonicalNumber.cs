using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Studies;

/// <summary>Numbers as RFC 8785 section 3.2.2.3 writes them: ECMA-262, Number::toString, radix 10.</summary>
internal static class CanonicalNumber
{
    private const double MaximumExactInteger = 9007199254740991; // 2^53 - 1

    /// <summary>The one text of <paramref name="value"/>.</summary>
    /// <exception cref="FormatException">The value is not finite.</exception>
    public static string Format(double value)
    {
        if (!double.IsFinite(value))
            throw new FormatException($"{value.ToString(CultureInfo.InvariantCulture)} is not a JSON number: NaN and infinities have no JSON form (RFC 8785, 3.2.2.3).");
        if (value == 0)
            return "0"; // minus zero too
        var (digits, point) = ShortestDigits(Math.Abs(value));
        var sign = value < 0 ? "-" : "";
        var count = digits.Length;
        // The names of ECMA-262: k = count, n = point; the value is 0.d1d2...dk times 10^n.
        return sign + point switch
        {
            > 0 and <= 21 when count <= point => digits + new string('0', point - count),
            > 0 and <= 21 => $"{digits[..point]}.{digits[point..]}",
            > -6 and <= 0 => $"0.{new string('0', -point)}{digits}",
            _ => $"{digits[0]}{(count > 1 ? "." : "")}{digits[1..]}e{(point > 0 ? "+" : "-")}{Math.Abs(point - 1).ToString(CultureInfo.InvariantCulture)}",
        };
    }

    /// <summary>Reads a JSON number's text.</summary>
    /// <exception cref="FormatException">The number is beyond the range of a double, or an integer that no double holds.</exception>
    public static double Parse(string text)
    {
        var value = double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
        if (!double.IsFinite(value))
            throw new FormatException($"{text} is beyond the range of an IEEE 754 double.");
        // Compared through the canonical text, because that, not the double's full expansion, is what is written: 2^68 reads 295147905179352830000.
        if (Math.Abs(value) > MaximumExactInteger && text.AsSpan().IndexOfAny('.', 'e', 'E') < 0
            && (Math.Abs(value) >= 1e21 || BigInteger.Parse(text, CultureInfo.InvariantCulture) != BigInteger.Parse(Format(value), CultureInfo.InvariantCulture)))
            throw new FormatException($"{text} is not held exactly by an IEEE 754 double; whole numbers up to 9007199254740991 always are, larger ones travel as strings (RFC 8785, appendix D).");
        return value;
    }

    /// <summary>The number that a node holds.</summary>
    /// <exception cref="FormatException">As for <see cref="Parse"/>.</exception>
    public static double Of(JsonValue value)
    {
        // A node may hold any of .NET's number types, or text that was read; all but binary floating point pass through their exact decimal text.
        if (value.TryGetValue<JsonElement>(out var element))
            return Parse(element.GetRawText());
        if (value.TryGetValue<double>(out var number))
            return number;
        return value.TryGetValue<float>(out var single) && !float.IsFinite(single) ? single : Parse(value.ToJsonString());
    }

    /// <summary>The fewest digits that read back as <paramref name="value"/>, and where the decimal point stands before or behind them.</summary>
    private static (string Digits, int Point) ShortestDigits(double value)
    {
        var text = IsPowerOfTwo(value) ? ShortestOfPowerOfTwo(value) : value.ToString(CultureInfo.InvariantCulture);
        var exponentAt = text.IndexOf('E', StringComparison.Ordinal);
        var exponent = exponentAt < 0 ? 0 : int.Parse(text.AsSpan(exponentAt + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var mantissa = exponentAt < 0 ? text : text[..exponentAt];
        var pointAt = mantissa.IndexOf('.', StringComparison.Ordinal);
        var point = (pointAt < 0 ? mantissa.Length : pointAt) + exponent;
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        var significant = digits.TrimStart('0');
        return (significant.TrimEnd('0'), point - (digits.Length - significant.Length));
    }

    private static bool IsPowerOfTwo(double value) => (BitConverter.DoubleToUInt64Bits(value) & 0x000F_FFFF_FFFF_FFFF) == 0;

    /// <summary>
    /// Below a power of two the doubles lie twice as dense as above. .NET's shortest format overlooks it: it writes 2^-25 as
    /// 2.980232238769531E-08, which reads back as the double below. So the digits are searched for here: with each number of digits the
    /// nearest decimal, then the one above it, which the wider interval above may hold where the narrow one below does not.
    /// </summary>
    private static string ShortestOfPowerOfTwo(double value)
    {
        for (var decimals = 0; decimals < 17; decimals++)
        {
            var nearest = value.ToString("E" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
            if (ReadsBack(nearest))
                return nearest;
            var exponentAt = nearest.IndexOf('E', StringComparison.Ordinal);
            var digits = long.Parse(nearest[..exponentAt].Replace(".", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
            var exponent = int.Parse(nearest.AsSpan(exponentAt + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            var above = $"{(digits + 1).ToString(CultureInfo.InvariantCulture)}E{(exponent - decimals).ToString(CultureInfo.InvariantCulture)}";
            if (ReadsBack(above))
                return above;
        }

        throw new UnreachableException("Seventeen digits tell any two doubles apart.");

        bool ReadsBack(string text) => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture).Equals(value);
    }
}
