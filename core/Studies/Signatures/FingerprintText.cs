namespace FederatedClinicalMl.Studies;

/// <summary>A key's fingerprint as people read it out to each other: all 64 digits, in groups of four.</summary>
public static class FingerprintText
{
    private const int Group = 4;

    /// <summary>Sixteen groups with a space between them.</summary>
    public static string Write(Sha256Digest fingerprint) => string.Join(' ', fingerprint.ToString().Chunk(Group).Select(digits => new string(digits)));

    /// <summary>Reads all 64 digits, of either case, with white space anywhere or nowhere. A part of a fingerprint is none: others may share it.</summary>
    public static bool TryRead(string text, out Sha256Digest fingerprint)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Sha256Digest.TryParse(string.Concat(text.Where(digit => !char.IsWhiteSpace(digit))), out fingerprint);
    }
}
