using System.Security.Cryptography;

namespace FederatedClinicalMl.Privacy;

/// <summary>This library's own BFV behind the port.</summary>
/// <param name="parameters">The study's ring, of one prime.</param>
public sealed class ManagedBfvBackend(BfvParameters parameters) : IBfvBackend
{
    /// <inheritdoc/>
    public byte[] MakeSecretKey()
    {
        using var stream = Fresh();
        using var key = BfvSecretKey.Generate(parameters, stream);
        return SealFormat.WriteSecretKey(key);
    }

    /// <inheritdoc/>
    public byte[] MakePublicKey(ReadOnlySpan<byte> secretKey)
    {
        using var key = SealFormat.ReadSecretKey(parameters, secretKey);
        using var stream = Fresh();
        return SealFormat.WritePublicKey(BfvPublicKey.Of(key, stream));
    }

    /// <inheritdoc/>
    public byte[] EncryptSeeded(ReadOnlySpan<byte> secretKey, ReadOnlySpan<ulong> words)
    {
        using var key = SealFormat.ReadSecretKey(parameters, secretKey);
        using var stream = Fresh();
        return SealFormat.WriteCiphertext(key.Encrypt(OnePolynomial(words), stream), 0);
    }

    /// <inheritdoc/>
    public byte[] Encrypt(ReadOnlySpan<byte> publicKey, ReadOnlySpan<ulong> words)
    {
        var key = SealFormat.ReadPublicKey(parameters, publicKey);
        using var stream = Fresh();
        return SealFormat.WriteCiphertext(key.Encrypt(OnePolynomial(words), stream), 0);
    }

    /// <inheritdoc/>
    public byte[] Add(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        var sum = Read(left);
        sum.Add(Read(right));
        return SealFormat.WriteCiphertext(sum, 0);
    }

    /// <inheritdoc/>
    public ulong[] Decrypt(ReadOnlySpan<byte> secretKey, ReadOnlySpan<byte> ciphertext)
    {
        using var key = SealFormat.ReadSecretKey(parameters, secretKey);
        return key.Decrypt(Read(ciphertext));
    }

    /// <summary>Nothing is held between calls.</summary>
    public void Dispose()
    {
    }

    private static KeyStream Fresh()
    {
        var root = RandomNumberGenerator.GetBytes(32);
        var stream = KeyStream.Derive(root, "fcml-bfv-backend-v1", []);
        CryptographicOperations.ZeroMemory(root);
        return stream;
    }

    private EncryptedVector Read(ReadOnlySpan<byte> ciphertext) => SealFormat.ReadCiphertext(parameters, parameters.Degree, ciphertext);

    private ReadOnlySpan<ulong> OnePolynomial(ReadOnlySpan<ulong> words) => words.Length <= parameters.Degree
        ? words
        : throw new ArgumentException($"A polynomial holds {parameters.Degree} words, not {words.Length}.", nameof(words));
}
