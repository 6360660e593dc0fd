using System.Buffers.Binary;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// Encrypted vectors as our programs send them to each other: residues at the width of their prime, where SEAL takes 8 bytes for each. The form, for the same parameters and
/// dimension, has one length; whatever has another is refused before anything is allocated for it. Docs: docs/reference/homomorphic.md.
/// </summary>
public static class PackedVector
{
    /// <summary>Bytes before the polynomials: "FCHE", version 1, kind, two zeros, dimension (8 bytes, little-endian), the parameters' id.</summary>
    public const int HeaderLength = 48;

    private const byte Version = 1;

    /// <summary>A seeded vector: per polynomial c0 and 64 bytes of seed.</summary>
    public static byte[] Write(SeededVector vector)
    {
        ArgumentNullException.ThrowIfNull(vector);
        var bytes = Start(PackedKind.Seeded, vector.Parameters, vector.Dimension, PolynomialLength(vector.Parameters) + SeedExpansion.SeedLength);
        var rest = bytes.AsSpan(HeaderLength);
        for (var i = 0; i < vector.Body.Count; i++)
        {
            rest = Pack(vector.Body, i, rest);
            vector.Seed(i).CopyTo(rest);
            rest = rest[SeedExpansion.SeedLength..];
        }

        return bytes;
    }

    /// <summary>A vector: per polynomial c0 and c1.</summary>
    public static byte[] Write(EncryptedVector vector)
    {
        ArgumentNullException.ThrowIfNull(vector);
        var bytes = Start(PackedKind.Encrypted, vector.Parameters, vector.Dimension, 2 * PolynomialLength(vector.Parameters));
        var rest = bytes.AsSpan(HeaderLength);
        for (var i = 0; i < vector.Body.Count; i++)
            rest = Pack(vector.Uniform, i, Pack(vector.Body, i, rest));
        return bytes;
    }

    /// <summary>One half of a vector, such as the summed c1 that the sites are sent.</summary>
    public static byte[] Write(PolynomialVector vector) => Write(vector, PackedKind.Polynomials);

    /// <summary>A seeded vector.</summary>
    /// <param name="parameters">The study's parameters.</param>
    /// <param name="dimension">The study's number of values.</param>
    /// <param name="bytes">The bytes, which may come from anybody.</param>
    /// <exception cref="FormatException">They are not such a vector.</exception>
    public static SeededVector ReadSeeded(BfvParameters parameters, int dimension, ReadOnlySpan<byte> bytes)
    {
        var rest = Open(PackedKind.Seeded, parameters, dimension, bytes, PolynomialLength(parameters) + SeedExpansion.SeedLength);
        var body = new PolynomialVector(parameters, dimension);
        var seeds = new byte[body.Count * SeedExpansion.SeedLength];
        for (var i = 0; i < body.Count; i++)
        {
            rest = Unpack(rest, body, i);
            rest[..SeedExpansion.SeedLength].CopyTo(seeds.AsSpan(i * SeedExpansion.SeedLength));
            rest = rest[SeedExpansion.SeedLength..];
        }

        return new SeededVector(body, seeds);
    }

    /// <summary>A vector.</summary>
    /// <inheritdoc cref="ReadSeeded"/>
    public static EncryptedVector ReadEncrypted(BfvParameters parameters, int dimension, ReadOnlySpan<byte> bytes)
    {
        var rest = Open(PackedKind.Encrypted, parameters, dimension, bytes, 2 * PolynomialLength(parameters));
        var vector = new EncryptedVector(parameters, dimension);
        for (var i = 0; i < vector.Body.Count; i++)
            rest = Unpack(Unpack(rest, vector.Body, i), vector.Uniform, i);
        return vector;
    }

    /// <summary>One half of a vector.</summary>
    /// <inheritdoc cref="ReadSeeded"/>
    public static PolynomialVector ReadPolynomials(BfvParameters parameters, int dimension, ReadOnlySpan<byte> bytes) =>
        Read(parameters, dimension, bytes, PackedKind.Polynomials);

    internal static byte[] Write(PolynomialVector vector, PackedKind kind)
    {
        ArgumentNullException.ThrowIfNull(vector);
        var bytes = Start(kind, vector.Parameters, vector.Dimension, PolynomialLength(vector.Parameters));
        var rest = bytes.AsSpan(HeaderLength);
        for (var i = 0; i < vector.Count; i++)
            rest = Pack(vector, i, rest);
        return bytes;
    }

    internal static PolynomialVector Read(BfvParameters parameters, int dimension, ReadOnlySpan<byte> bytes, PackedKind kind)
    {
        var rest = Open(kind, parameters, dimension, bytes, PolynomialLength(parameters));
        var vector = new PolynomialVector(parameters, dimension);
        for (var i = 0; i < vector.Count; i++)
            rest = Unpack(rest, vector, i);
        return vector;
    }

    /// <summary>Bytes with their header, and room for what each polynomial takes.</summary>
    internal static byte[] Start(PackedKind kind, BfvParameters parameters, int dimension, int perPolynomial)
    {
        var bytes = new byte[checked(HeaderLength + (parameters.PolynomialsFor(dimension) * perPolynomial))];
        Header(kind, parameters, dimension, bytes);
        return bytes;
    }

    /// <summary>What follows the header of bytes that have the right one, and the right length.</summary>
    internal static ReadOnlySpan<byte> Open(PackedKind kind, BfvParameters parameters, int dimension, ReadOnlySpan<byte> bytes, int perPolynomial)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentOutOfRangeException.ThrowIfLessThan(dimension, 1);
        var length = HeaderLength + ((long)parameters.PolynomialsFor(dimension) * perPolynomial);
        if (bytes.Length != length)
            throw new FormatException($"Packed {kind} bytes of {dimension} values have {length} bytes under these parameters, not {bytes.Length}.");
        Span<byte> header = stackalloc byte[HeaderLength];
        Header(kind, parameters, dimension, header);
        if (!bytes[..HeaderLength].SequenceEqual(header))
            throw new FormatException($"These packed bytes are not {kind} of {dimension} values under {parameters}.");
        return bytes[HeaderLength..];
    }

    internal static void Header(PackedKind kind, BfvParameters parameters, int dimension, Span<byte> header)
    {
        "FCHE"u8.CopyTo(header);
        (header[4], header[5]) = (Version, (byte)kind);
        BinaryPrimitives.WriteInt64LittleEndian(header[8..], dimension);
        parameters.Id.CopyTo(header[16..]);
    }

    internal static int PolynomialLength(BfvParameters parameters) => parameters.Transforms.Sum(transform => BitPacking.Length(parameters.Degree, transform.Modulus.Bits));

    /// <summary>Writes a polynomial; gives what is left of the destination.</summary>
    internal static Span<byte> Pack(BfvParameters parameters, ReadOnlySpan<ulong> polynomial, Span<byte> destination)
    {
        for (var k = 0; k < parameters.Transforms.Length; k++)
        {
            var bits = parameters.Transforms[k].Modulus.Bits;
            var length = BitPacking.Length(parameters.Degree, bits);
            BitPacking.Pack(polynomial.Slice(k * parameters.Degree, parameters.Degree), bits, destination[..length]);
            destination = destination[length..];
        }

        return destination;
    }

    /// <summary>Reads a polynomial.</summary>
    /// <returns>Whether each residue is below its prime.</returns>
    internal static bool TryUnpack(BfvParameters parameters, ReadOnlySpan<byte> source, Span<ulong> polynomial)
    {
        var fits = true;
        for (var k = 0; k < parameters.Transforms.Length; k++)
        {
            var modulus = parameters.Transforms[k].Modulus;
            var length = BitPacking.Length(parameters.Degree, modulus.Bits);
            fits &= BitPacking.Unpack(source[..length], modulus.Bits, modulus.Value, polynomial.Slice(k * parameters.Degree, parameters.Degree));
            source = source[length..];
        }

        return fits;
    }

    private static Span<byte> Pack(PolynomialVector vector, int index, Span<byte> destination) => Pack(vector.Parameters, vector.Polynomial(index), destination);

    private static ReadOnlySpan<byte> Unpack(ReadOnlySpan<byte> source, PolynomialVector vector, int index) =>
        TryUnpack(vector.Parameters, source, vector.Polynomial(index))
            ? source[PolynomialLength(vector.Parameters)..]
            : throw new FormatException($"Polynomial {index} of these packed bytes has a residue that is not below its prime.");
}
