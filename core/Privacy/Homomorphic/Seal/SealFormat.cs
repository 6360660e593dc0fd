namespace FederatedClinicalMl.Privacy;

/// <summary>
/// Microsoft SEAL's bytes (format 4.1, not compressed) of keys and ciphertexts under one prime, where SEAL has no special prime. For exchange with SEAL itself; between our own programs
/// <see cref="PackedVector"/> takes half the bytes. Docs: docs/reference/homomorphic.md.
/// </summary>
public static class SealFormat
{
    internal const byte HeaderLength = 16;
    internal const byte Major = 4;
    internal const byte Minor = 1;

    private const int IdLength = 32;
    private const int ArrayHead = HeaderLength + sizeof(ulong);
    private const int CiphertextHead = HeaderLength + IdLength + 1 + (5 * sizeof(ulong));
    private const int SeedRecord = HeaderLength + 1 + SeedExpansion.SeedLength;
    private const int SecretHead = HeaderLength + IdLength + (2 * sizeof(ulong));

    /// <summary>One polynomial's ciphertext of a seeded vector: 194 + 8N bytes.</summary>
    public static byte[] WriteCiphertext(SeededVector vector, int index)
    {
        ArgumentNullException.ThrowIfNull(vector);
        var parameters = OnePrime(vector.Parameters);
        var bytes = new byte[CiphertextHead + Array(parameters.Degree) + SeedRecord];
        var writer = new SealWriter(bytes);
        WriteHead(ref writer, parameters, bytes.Length, transformed: false);
        WriteArrayHead(ref writer, parameters.Degree);
        writer.UInt64s(vector.Body.Polynomial(index));
        writer.Header(SeedRecord);
        writer.Byte((byte)SeedFunction.Shake256);
        writer.Bytes(vector.Seed(index));
        return bytes;
    }

    /// <summary>One polynomial's ciphertext of a vector: 113 + 16N bytes.</summary>
    public static byte[] WriteCiphertext(EncryptedVector vector, int index)
    {
        ArgumentNullException.ThrowIfNull(vector);
        return WritePair(OnePrime(vector.Parameters), vector.Body.Polynomial(index), vector.Uniform.Polynomial(index), transformed: false);
    }

    /// <summary>A ciphertext of either form.</summary>
    /// <param name="parameters">The study's parameters: bytes of any others are refused.</param>
    /// <param name="dimension">How many of its coefficients hold values, from 1 to N.</param>
    /// <param name="bytes">The bytes, which may come from anybody.</param>
    /// <exception cref="FormatException">They are not a ciphertext of these parameters.</exception>
    public static EncryptedVector ReadCiphertext(BfvParameters parameters, int dimension, ReadOnlySpan<byte> bytes)
    {
        OnePrime(parameters);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(dimension, parameters.Degree);
        var vector = new EncryptedVector(parameters, dimension);
        ReadPair(parameters, bytes, transformed: false, vector.Body.Polynomial(0), vector.Uniform.Polynomial(0));
        return vector;
    }

    /// <summary>A public key: 113 + 16N bytes.</summary>
    public static byte[] WritePublicKey(BfvPublicKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return WritePair(OnePrime(key.Parameters), key.Body.ToWords(), key.Uniform.ToWords(), transformed: true);
    }

    /// <summary>A public key.</summary>
    /// <exception cref="FormatException">The bytes are not a public key of these parameters.</exception>
    public static BfvPublicKey ReadPublicKey(BfvParameters parameters, ReadOnlySpan<byte> bytes)
    {
        OnePrime(parameters);
        var (body, uniform) = (new ulong[parameters.Degree], new ulong[parameters.Degree]);
        ReadPair(parameters, bytes, transformed: true, body, uniform);
        return new BfvPublicKey(parameters, body, uniform);
    }

    /// <summary>A secret key, 88 + 8N bytes: to be kept as one, and erased.</summary>
    public static byte[] WriteSecretKey(BfvSecretKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var parameters = OnePrime(key.Parameters);
        var bytes = new byte[SecretHead + Array(parameters.Degree)];
        var writer = new SealWriter(bytes);
        writer.Header(bytes.Length);
        writer.Bytes(parameters.Id);
        writer.UInt64((ulong)parameters.Degree);
        writer.Scale();
        WriteArrayHead(ref writer, parameters.Degree);
        writer.UInt64s(key.ToWords());
        return bytes;
    }

    /// <summary>A secret key.</summary>
    /// <exception cref="FormatException">The bytes are not a secret key of these parameters.</exception>
    public static BfvSecretKey ReadSecretKey(BfvParameters parameters, ReadOnlySpan<byte> bytes)
    {
        var modulus = OnePrime(parameters).Transforms[0].Modulus;
        var reader = new SealReader(bytes);
        reader.Header(SecretHead + Array(parameters.Degree));
        reader.Id(parameters);
        reader.UInt64((ulong)parameters.Degree, "The number of coefficients");
        reader.Scale();
        reader.Header(Array(parameters.Degree));
        reader.UInt64((ulong)parameters.Degree, "The number of words");
        var words = new ulong[parameters.Degree];
        reader.Residues(words, modulus.Value);
        reader.End();

        // A secret that is not ternary would decrypt, and void every bound.
        var coefficients = words.ToArray();
        parameters.Inverse(coefficients);
        var ternary = coefficients.AsSpan().IndexOfAnyExcept(0UL, 1UL, modulus.Value - 1) < 0;
        System.Array.Clear(coefficients);
        return ternary ? new BfvSecretKey(parameters, words) : throw new FormatException("These bytes of SEAL hold a secret key that is not ternary.");
    }

    private static byte[] WritePair(BfvParameters parameters, ReadOnlySpan<ulong> body, ReadOnlySpan<ulong> uniform, bool transformed)
    {
        var bytes = new byte[CiphertextHead + Array(2 * parameters.Degree)];
        var writer = new SealWriter(bytes);
        WriteHead(ref writer, parameters, bytes.Length, transformed);
        WriteArrayHead(ref writer, 2 * parameters.Degree);
        writer.UInt64s(body);
        writer.UInt64s(uniform);
        return bytes;
    }

    private static void WriteHead(ref SealWriter writer, BfvParameters parameters, int length, bool transformed)
    {
        writer.Header(length);
        writer.Bytes(parameters.Id);
        writer.Byte(transformed ? (byte)1 : (byte)0);
        writer.UInt64(2);
        writer.UInt64((ulong)parameters.Degree);
        writer.UInt64(1);
        writer.Scale();
        writer.UInt64(1);
    }

    private static void WriteArrayHead(ref SealWriter writer, int count)
    {
        writer.Header(Array(count));
        writer.UInt64((ulong)count);
    }

    private static void ReadPair(BfvParameters parameters, ReadOnlySpan<byte> bytes, bool transformed, Span<ulong> body, Span<ulong> uniform)
    {
        var q = parameters.Transforms[0].Modulus.Value;
        var degree = parameters.Degree;
        var seeded = bytes.Length == CiphertextHead + Array(degree) + SeedRecord; // the two forms have lengths of their own
        var words = seeded ? degree : 2 * degree;
        var reader = new SealReader(bytes);
        reader.Header(CiphertextHead + Array(words) + (seeded ? SeedRecord : 0));
        reader.Id(parameters);
        reader.Flag(transformed, "The transformed form");
        reader.UInt64(2, "The number of polynomials");
        reader.UInt64((ulong)degree, "The degree");
        reader.UInt64(1, "The number of primes");
        reader.Scale();
        reader.UInt64(1, "The correction factor");
        reader.Header(Array(words));
        reader.UInt64((ulong)words, "The number of words");
        reader.Residues(body, q);
        if (seeded)
        {
            reader.Header(SeedRecord);
            var function = (SeedFunction)reader.Byte();
            if (function is not (SeedFunction.Blake2xb or SeedFunction.Shake256))
                throw new FormatException("These bytes of SEAL name a generator for their seed that is neither Blake2xb nor Shake256.");
            SeedExpansion.Fill(parameters, reader.Bytes(SeedExpansion.SeedLength), function, uniform);
        }
        else
        {
            reader.Residues(uniform, q);
        }

        reader.End();
    }

    private static int Array(int words) => ArrayHead + (sizeof(ulong) * words);

    private static BfvParameters OnePrime(BfvParameters parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return parameters.Transforms.Length == 1
            ? parameters
            : throw new ArgumentException("SEAL keeps the last of several primes off the wire: only ciphertexts under one prime have its bytes.", nameof(parameters));
    }
}
