namespace FederatedClinicalMl.Privacy;

/// <summary>
/// A library that computes additive BFV and shows keys and ciphertexts as SEAL's bytes (<see cref="SealFormat"/>), one polynomial at a time, under one prime. Whatever is given may come from anybody: an
/// implementation computes only with what <see cref="SealFormat"/> has read under the study's parameters, and written again.
/// </summary>
/// <remarks>
/// Randomness is the operating system's, and so a call that is repeated gives other bytes. Steps of a run must not (a retry sends the same bytes): those derive a <see cref="KeyStream"/> and use
/// <see cref="BfvSecretKey"/> and <see cref="BfvPublicKey"/> themselves.
/// </remarks>
public interface IBfvBackend : IDisposable
{
    /// <summary>A fresh ternary secret: 88 + 8N bytes, to be kept as a secret, and erased.</summary>
    byte[] MakeSecretKey();

    /// <summary>A fresh public key of a secret: 113 + 16N bytes.</summary>
    /// <exception cref="FormatException">These bytes are not a secret key of the parameters.</exception>
    byte[] MakePublicKey(ReadOnlySpan<byte> secretKey);

    /// <summary>A ciphertext whose c1 is a seed: 194 + 8N bytes.</summary>
    /// <param name="secretKey">The secret.</param>
    /// <param name="words">1 to N words below t; coefficients beyond them are zero.</param>
    /// <exception cref="FormatException">The key is not one of the parameters.</exception>
    /// <exception cref="ArgumentException">There are no words or too many, or one is not below t.</exception>
    byte[] EncryptSeeded(ReadOnlySpan<byte> secretKey, ReadOnlySpan<ulong> words);

    /// <summary>A ciphertext under a public key: 113 + 16N bytes.</summary>
    /// <inheritdoc cref="EncryptSeeded"/>
    byte[] Encrypt(ReadOnlySpan<byte> publicKey, ReadOnlySpan<ulong> words);

    /// <summary>The ciphertext of the sum modulo t: 113 + 16N bytes.</summary>
    /// <param name="left">A ciphertext, seeded or not.</param>
    /// <param name="right">Another.</param>
    /// <exception cref="FormatException">They are not ciphertexts of the parameters.</exception>
    byte[] Add(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right);

    /// <summary>All N words modulo t: right within the noise bound (<see cref="NoiseBound"/>).</summary>
    /// <exception cref="FormatException">Key or ciphertext is not one of the parameters.</exception>
    ulong[] Decrypt(ReadOnlySpan<byte> secretKey, ReadOnlySpan<byte> ciphertext);
}
