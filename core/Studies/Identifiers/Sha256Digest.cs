using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace FederatedClinicalMl.Studies;

/// <summary>A SHA-256 digest (FIPS 180-4): 32 bytes, held by value; its text is 64 lower-case hexadecimal digits.</summary>
public readonly struct Sha256Digest : IEquatable<Sha256Digest>, IComparable<Sha256Digest>
{
    /// <summary>Length in bytes.</summary>
    public const int Length = SHA256.HashSizeInBytes;

    private readonly Bytes32 _bytes;

    /// <summary>Holds the given 32 bytes.</summary>
    /// <exception cref="ArgumentException">The span does not hold exactly 32 bytes.</exception>
    public Sha256Digest(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Length)
            throw new ArgumentException($"A SHA-256 digest has {Length} bytes; here are {bytes.Length}.", nameof(bytes));
        bytes.CopyTo(MemoryMarshal.AsBytes(new Span<Bytes32>(ref _bytes)));
    }

    /// <summary>The digest of <paramref name="content"/>.</summary>
    public static Sha256Digest Of(ReadOnlySpan<byte> content)
    {
        Span<byte> digest = stackalloc byte[Length];
        SHA256.HashData(content, digest);
        return new Sha256Digest(digest);
    }

    /// <summary>The digest of what has been appended to <paramref name="hash"/>, which starts anew.</summary>
    public static Sha256Digest Of(IncrementalHash hash)
    {
        Span<byte> digest = stackalloc byte[Length];
        hash.GetHashAndReset(digest);
        return new Sha256Digest(digest);
    }

    /// <summary>The digest of what was given to <paramref name="hash"/> up to now, which goes on.</summary>
    public static Sha256Digest SoFar(IncrementalHash hash)
    {
        ArgumentNullException.ThrowIfNull(hash);
        Span<byte> digest = stackalloc byte[Length];
        hash.GetCurrentHash(digest);
        return new Sha256Digest(digest);
    }

    /// <summary>The 32 bytes, without a copy.</summary>
    [UnscopedRef]
    public ReadOnlySpan<byte> Span => MemoryMarshal.AsBytes(new ReadOnlySpan<Bytes32>(in _bytes));

    /// <summary>The 32 bytes, as a new array.</summary>
    public byte[] ToArray() => Span.ToArray();

    /// <summary>Reads 64 hexadecimal digits of either case.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Sha256Digest digest)
    {
        digest = default;
        Span<byte> bytes = stackalloc byte[Length];
        if (text is null || text.Length != 2 * Length
            || Convert.FromHexString(text, bytes, out _, out _) != System.Buffers.OperationStatus.Done)
            return false;
        digest = new Sha256Digest(bytes);
        return true;
    }

    /// <summary>Reads 64 hexadecimal digits of either case.</summary>
    /// <exception cref="FormatException">The text is something else.</exception>
    public static Sha256Digest Parse(string text) =>
        TryParse(text, out var digest) ? digest : throw new FormatException($"'{text}' is not a SHA-256 digest: 64 hexadecimal digits are needed.");

    /// <inheritdoc/>
    public bool Equals(Sha256Digest other) => Span.SequenceEqual(other.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Sha256Digest other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => MemoryMarshal.Read<int>(Span);

    /// <summary>Order of the bytes, which is the order of the texts.</summary>
    public int CompareTo(Sha256Digest other) => Span.SequenceCompareTo(other.Span);

    /// <inheritdoc/>
    public override string ToString() => Convert.ToHexStringLower(Span);

    /// <summary>The first 12 digits: enough for people to tell two apart, never enough to decide anything by.</summary>
    public string Short => ToString()[..12];

    public static bool operator ==(Sha256Digest left, Sha256Digest right) => left.Equals(right);
    public static bool operator !=(Sha256Digest left, Sha256Digest right) => !left.Equals(right);
    public static bool operator <(Sha256Digest left, Sha256Digest right) => left.CompareTo(right) < 0;
    public static bool operator >(Sha256Digest left, Sha256Digest right) => left.CompareTo(right) > 0;
    public static bool operator <=(Sha256Digest left, Sha256Digest right) => left.CompareTo(right) <= 0;
    public static bool operator >=(Sha256Digest left, Sha256Digest right) => left.CompareTo(right) >= 0;

    [InlineArray(Length)]
    private struct Bytes32
    {
        private byte _first;
    }
}
