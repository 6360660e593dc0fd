using System.Globalization;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.StewardConsole;

/// <summary>How the console says things.</summary>
internal static class Words
{
    /// <summary>A moment, to the second, UTC.</summary>
    public static string Second(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>A moment for a machine.</summary>
    public static string Machine(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>A count and what is counted.</summary>
    public static string Count(long count, string one, string? many = null) => string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? one : many ?? one + "s")}");

    /// <summary>A number of epsilon.</summary>
    public static string Epsilon(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);

    /// <summary>A share, in per cent.</summary>
    public static string Share(double value) => (value * 100).ToString("0.##", CultureInfo.InvariantCulture) + " %";

    /// <summary>A number to three digits; what is none is a dash.</summary>
    public static string Number(double value) => double.IsNaN(value) ? "-" : value.ToString("G3", CultureInfo.InvariantCulture);

    /// <summary>A fingerprint to be read out: groups of four digits. What is none, as it came.</summary>
    public static string Fingerprint(string hex) => Sha256Digest.TryParse(hex, out var fingerprint) ? FingerprintText.Write(fingerprint) : hex;

    /// <summary>The beginning of a digest.</summary>
    public static string Short(string digest) => digest.Length > 12 ? digest[..12] : digest;

    /// <summary>The class of a study's state.</summary>
    public static string StateClass(string state) => state switch { "approved" => "good", "pending" => "warn", _ => "bad" };
}
