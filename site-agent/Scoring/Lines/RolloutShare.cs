using System.Security.Cryptography;
using System.Text;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>
/// Which patients a candidate answers: those whose place, a number from 0 up to 1 that follows from line, candidate and pseudonym, is below the share. A greater share keeps those of a
/// smaller one; two lines, and two candidates of one line, share out independently, so that no patient is always among the first.
/// </summary>
/// <remarks>
/// The place is the first 64 bits, big-endian, of SHA-256 over the UTF-8 text <c>fcml-rollout-v1</c>, a zero byte, the line's name, a zero byte, the 32 bytes of the candidate's digest, and the
/// pseudonym. There is no key: a pseudonym and the answer are known to the same people, and who has both can check where a patient belongs.
/// </remarks>
internal static class RolloutShare
{
    private const int LongestPseudonym = 256;
    private const int LongestLine = 63;

    private static ReadOnlySpan<byte> Purpose => "fcml-rollout-v1\0"u8;

    /// <summary>Whether a candidate answers a patient.</summary>
    /// <param name="line">The line's name.</param>
    /// <param name="candidate">The candidate's digest.</param>
    /// <param name="pseudonym">The patient's pseudonym.</param>
    /// <param name="percent">The share, from 0 to 100.</param>
    public static bool Holds(string line, in Sha256Digest candidate, string pseudonym, int percent) =>
        percent > 0 && (UInt128)PlaceOf(line, candidate, pseudonym) * 100 < (UInt128)percent << 64;

    /// <summary>A patient's place, in units of 2^-64.</summary>
    internal static ulong PlaceOf(string line, in Sha256Digest candidate, string pseudonym)
    {
        Span<byte> message = stackalloc byte[Purpose.Length + LongestLine + 1 + Sha256Digest.Length + (3 * LongestPseudonym)];
        Purpose.CopyTo(message);
        var length = Purpose.Length;
        length += Encoding.UTF8.GetBytes(line, message[length..]);
        message[length++] = 0;
        candidate.Span.CopyTo(message[length..]);
        length += Sha256Digest.Length;
        length += Encoding.UTF8.GetBytes(pseudonym, message[length..]);
        Span<byte> digest = stackalloc byte[Sha256Digest.Length];
        SHA256.HashData(message[..length], digest);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(digest);
    }
}
