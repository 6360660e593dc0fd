using System.Globalization;

namespace FederatedClinicalMl.Studies;

/// <summary>Times in canonical JSON: UTC in milliseconds, such as <c>2026-11-26T17:00:00.000Z</c>; one text for each.</summary>
public static class CanonicalTime
{
    /// <summary>Characters of a time.</summary>
    public const int Length = 24;

    private const string Format = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    /// <summary>The text of a time, cut to milliseconds.</summary>
    public static string Write(DateTimeOffset time) => time.UtcDateTime.ToString(Format, CultureInfo.InvariantCulture);

    /// <summary>Reads what <see cref="Write"/> gives, and nothing else.</summary>
    public static bool TryRead(string text, out DateTimeOffset time) => DateTimeOffset.TryParseExact(text, Format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
}
