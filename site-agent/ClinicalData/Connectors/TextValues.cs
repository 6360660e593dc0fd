using System.Globalization;
using System.Text.RegularExpressions;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>How text becomes a number or a moment: one rule for CSV, Parquet and databases.</summary>
internal static partial class TextValues
{
    /// <summary>Most characters of a code or an identifier.</summary>
    public const int MaximumCode = 256;

    /// <summary>The format that is read where no other is declared.</summary>
    public const string Iso8601 = "";

    private const long TicksPerMicrosecond = TimeSpan.TicksPerMicrosecond;

    /// <summary>A finite number with a decimal point; no thousands, no unit.</summary>
    public static bool TryNumber(ReadOnlySpan<char> text, out double value) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);

    /// <summary>A moment in one format. What has no time of day, no day or no month stands for the end of that local day, month or year.</summary>
    /// <param name="text">The text.</param>
    /// <param name="format">
    /// <see cref="Iso8601"/>, extended form: <c>2020-02-29</c>, or with a time behind <c>T</c> or a space, <c>10:15[:00[.123456]]</c>, which is
    /// local unless an offset follows: <c>Z</c>, <c>+01</c>, <c>+0100</c> or <c>+01:00</c>. Or one for which <see cref="IsFormat"/> holds: a local time.
    /// </param>
    /// <param name="clock">The hospital's clock.</param>
    /// <param name="time">The moment.</param>
    /// <param name="isDate">Whether it has no time of day.</param>
    public static bool TryTime(string text, string format, ClinicalClock clock, out ClinicalTime time, out bool isDate)
    {
        if (format == Iso8601)
            return TryIso8601(text, clock, out time, out isDate);
        (time, isDate) = (ClinicalTime.None, !format.Contains('H', StringComparison.Ordinal));
        if (!DateTime.TryParseExact(text, format, CultureInfo.InvariantCulture, DateTimeStyles.None, out var local))
            return false;
        var day = DateOnly.FromDateTime(local);
        if (!format.Contains('M', StringComparison.Ordinal))
            day = new DateOnly(day.Year, 12, 31);
        else if (!format.Contains('d', StringComparison.Ordinal))
            day = new DateOnly(day.Year, day.Month, DateTime.DaysInMonth(day.Year, day.Month));
        time = isDate ? clock.EndOfDay(day) : clock.Local(local);
        return true;
    }

    /// <summary>
    /// Whether dates can be read by a format: a year of four digits, and of month, day, hour, minute and second each at most one, none without
    /// those before it.
    /// </summary>
    public static bool IsFormat(string format)
    {
        var letters = Letters().Matches(format).Select(match => match.Value).ToArray();
        string[][] parts = [["yyyy"], ["MM", "M"], ["dd", "d"], ["HH", "H"], ["mm"], ["ss"]];
        var used = parts.TakeWhile(part => letters.Intersect(part).Any()).ToArray();
        return letters.Length >= 1 && letters.Length == used.Length && used.All(part => letters.Count(part.Contains) == 1)
            && Letters().Replace(format, "").All("-./: T".Contains);
    }

    private static bool TryIso8601(ReadOnlySpan<char> text, ClinicalClock clock, out ClinicalTime time, out bool isDate)
    {
        (time, isDate) = (ClinicalTime.None, text.Length == 10);
        if (text.Length < 10 || !DateOnly.TryParseExact(text[..10], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            return false;
        if (isDate)
        {
            time = clock.EndOfDay(day);
            return true;
        }

        if (text.Length < 16 || text[10] is not ('T' or ' '))
            return false;
        var rest = text[11..];
        var zone = rest.IndexOfAny("Z+-");
        if (!TryTimeOfDay(zone < 0 ? rest : rest[..zone], out var ofDay))
            return false;
        var local = day.ToDateTime(TimeOnly.MinValue) + ofDay;
        if (zone < 0)
        {
            time = clock.Local(local);
            return true;
        }

        if (!TryOffset(rest[zone..], out var offset))
            return false;
        time = new ClinicalTime((local.Ticks - offset.Ticks - DateTime.UnixEpoch.Ticks) / TicksPerMicrosecond);
        return true;
    }

    // HH:mm, HH:mm:ss, HH:mm:ss.f to .fffffffff; what is finer than a microsecond is cut off.
    private static bool TryTimeOfDay(ReadOnlySpan<char> text, out TimeSpan ofDay)
    {
        ofDay = default;
        if (text.Length is not (5 or 8 or (>= 10 and <= 18)) || !TryPair(text, 0, 24, out var hour) || text[2] != ':' || !TryPair(text, 3, 60, out var minute))
            return false;
        var second = 0;
        if (text.Length > 5 && (text[5] != ':' || !TryPair(text, 6, 60, out second)))
            return false;
        long fraction = 0;
        if (text.Length > 8)
        {
            if (text[8] != '.' || text[9..].ContainsAnyExceptInRange('0', '9'))
                return false;
            for (var i = 9; i < 15; i++)
                fraction = (fraction * 10) + (i < text.Length ? text[i] - '0' : 0);
        }

        ofDay = new TimeSpan(hour, minute, second) + new TimeSpan(fraction * TicksPerMicrosecond);
        return true;
    }

    private static bool TryOffset(ReadOnlySpan<char> text, out TimeSpan offset)
    {
        offset = default;
        if (text is "Z")
            return true;
        var minute = 0;
        var known = text.Length switch
        {
            3 => true,
            5 => TryPair(text, 3, 60, out minute),
            6 => text[3] == ':' && TryPair(text, 4, 60, out minute),
            _ => false,
        };
        if (!known || text[0] == 'Z' || !TryPair(text, 1, 15, out var hour))
            return false;
        offset = new TimeSpan(hour, minute, 0) * (text[0] == '-' ? -1 : 1);
        return true;
    }

    private static bool TryPair(ReadOnlySpan<char> text, int at, int limit, out int value)
    {
        value = 0;
        if (!char.IsAsciiDigit(text[at]) || !char.IsAsciiDigit(text[at + 1]))
            return false;
        value = ((text[at] - '0') * 10) + text[at + 1] - '0';
        return value < limit;
    }

    // Runs of one letter. T is none: it stands for itself.
    [GeneratedRegex(@"([a-zA-SU-Z])\1*")]
    private static partial Regex Letters();
}
