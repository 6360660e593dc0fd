using System.Security.Cryptography;
using Microsoft.Research.SEAL;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// Microsoft SEAL 4.1.1, a native library, behind the port. Its readers are not safe for bytes that somebody made up (SEAL mends that in 4.4.0, of which there is no package): here it reads nothing but what
/// <see cref="SealFormat"/>, managed code, has read and written again. Not for use by several threads at once.
/// </summary>
public sealed class SealNetBackend : IBfvBackend
{
    private readonly BfvParameters _parameters;
    private readonly SEALContext _context;

    /// <summary>A backend for one ring.</summary>
    /// <param name="parameters">The study's ring, of one prime: with more, SEAL keeps the last off the wire.</param>
    /// <exception cref="ArgumentException">SEAL refuses them, with its reason.</exception>
    public SealNetBackend(BfvParameters parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        _parameters = parameters;
        using var settings = new EncryptionParameters(SchemeType.BFV)
        {
            PolyModulusDegree = (ulong)parameters.Degree,
            CoeffModulus = parameters.Primes.Select(prime => new Modulus(prime)),
            PlainModulus = new Modulus(parameters.PlaintextModulus),
        };
        _context = new SEALContext(settings, expandModChain: false, SecLevelType.TC128);
        if (!_context.ParametersSet)
            throw new ArgumentException($"SEAL refuses {parameters}: {_context.ParameterErrorMessage()}", nameof(parameters));
    }

    /// <inheritdoc/>
    public byte[] MakeSecretKey()
    {
        using var generator = new KeyGenerator(_context);
        using var key = generator.SecretKey;
        var saved = Saved(stream => key.Save(stream, ComprModeType.None));
        using var read = SealFormat.ReadSecretKey(_parameters, saved);
        CryptographicOperations.ZeroMemory(saved);
        return SealFormat.WriteSecretKey(read);
    }

    /// <inheritdoc/>
    public byte[] MakePublicKey(ReadOnlySpan<byte> secretKey)
    {
        using var secret = Secret(secretKey);
        using var generator = new KeyGenerator(_context, secret);
        generator.CreatePublicKey(out var key);
        using (key)
            return SealFormat.WritePublicKey(SealFormat.ReadPublicKey(_parameters, Saved(stream => key.Save(stream, ComprModeType.None))));
    }

    /// <inheritdoc/>
    public byte[] EncryptSeeded(ReadOnlySpan<byte> secretKey, ReadOnlySpan<ulong> words)
    {
        using var secret = Secret(secretKey);
        using var plain = Plain(words);
        using var encryptor = new Encryptor(_context, secret);
        using var encrypted = encryptor.EncryptSymmetric(plain);
        return Saved(stream => encrypted.Save(stream, ComprModeType.None)); // its seed is for Blake2xb, which our reader expands and our writers do not write
    }

    /// <inheritdoc/>
    public byte[] Encrypt(ReadOnlySpan<byte> publicKey, ReadOnlySpan<ulong> words)
    {
        using var key = new PublicKey();
        key.Load(_context, new MemoryStream(SealFormat.WritePublicKey(SealFormat.ReadPublicKey(_parameters, publicKey))));
        using var plain = Plain(words);
        using var encryptor = new Encryptor(_context, key);
        using var encrypted = new Ciphertext();
        encryptor.Encrypt(plain, encrypted);
        return Written(encrypted);
    }

    /// <inheritdoc/>
    public byte[] Add(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        using var sum = Read(left);
        using var other = Read(right);
        using var evaluator = new Evaluator(_context);
        try
        {
            evaluator.AddInplace(sum, other);
        }
        catch (InvalidOperationException) // SEAL hands out no ciphertext that hides nothing
        {
            throw new FormatException("These two ciphertexts are made for each other: the c1 of their sum is zero, and SEAL refuses it.");
        }

        return Written(sum);
    }

    /// <inheritdoc/>
    public ulong[] Decrypt(ReadOnlySpan<byte> secretKey, ReadOnlySpan<byte> ciphertext)
    {
        using var secret = Secret(secretKey);
        using var encrypted = Read(ciphertext);
        using var decryptor = new Decryptor(_context, secret);
        using var plain = new Plaintext();
        decryptor.Decrypt(encrypted, plain);
        var words = new ulong[_parameters.Degree];
        for (var i = 0UL; i < plain.CoeffCount; i++) // no more than the last that is not zero
            words[i] = plain[i];
        return words;
    }

    /// <inheritdoc/>
    public void Dispose() => _context.Dispose();

    private static byte[] Saved(Action<Stream> save)
    {
        using var stream = new MemoryStream();
        save(stream);
        return stream.ToArray();
    }

    private SecretKey Secret(ReadOnlySpan<byte> bytes)
    {
        using var read = SealFormat.ReadSecretKey(_parameters, bytes);
        var written = SealFormat.WriteSecretKey(read);
        var key = new SecretKey();
        key.Load(_context, new MemoryStream(written));
        CryptographicOperations.ZeroMemory(written);
        return key;
    }

    private Ciphertext Read(ReadOnlySpan<byte> bytes)
    {
        var ciphertext = new Ciphertext();
        ciphertext.Load(_context, new MemoryStream(SealFormat.WriteCiphertext(SealFormat.ReadCiphertext(_parameters, _parameters.Degree, bytes), 0)));
        return ciphertext;
    }

    private byte[] Written(Ciphertext ciphertext) => SealFormat.WriteCiphertext(
        SealFormat.ReadCiphertext(_parameters, _parameters.Degree, Saved(stream => ciphertext.Save(stream, ComprModeType.None))), 0);

    private Plaintext Plain(ReadOnlySpan<ulong> words)
    {
        if (words.IsEmpty || words.Length > _parameters.Degree)
            throw new ArgumentException($"A polynomial holds 1 to {_parameters.Degree} words, not {words.Length}.", nameof(words));
        if (words.ContainsAnyInRange(_parameters.PlaintextModulus, ulong.MaxValue))
            throw new ArgumentException($"A word is not below the plaintext modulus {_parameters.PlaintextModulus}: reduce masked words modulo it.", nameof(words));
        return new Plaintext(words.ToArray());
    }
}
