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
            throw new FormatException($"{text} is not held exactly by an IEEE 754 double; write integers beyond 2^53 as strings (RFC 8785, appendix D).");
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
        // "E16" would be 17 digits always; the default format is the shortest that round-trips, in one of two notations.
        var text = value.ToString(CultureInfo.InvariantCulture);
        var exponentAt = text.IndexOf('E', StringComparison.Ordinal);
        var exponent = exponentAt < 0 ? 0 : int.Parse(text.AsSpan(exponentAt + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var mantissa = exponentAt < 0 ? text : text[..exponentAt];
        var pointAt = mantissa.IndexOf('.', StringComparison.Ordinal);
        var point = (pointAt < 0 ? mantissa.Length : pointAt) + exponent;
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        var significant = digits.TrimStart('0');
        return (significant.TrimEnd('0'), point - (digits.Length - significant.Length));
    }
}
