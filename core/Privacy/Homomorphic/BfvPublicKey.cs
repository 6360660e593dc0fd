namespace FederatedClinicalMl.Privacy;

/// <summary>A public key (p0, p1) = (-(a s + e), a): encrypts c = (p0 u + e0 + round(q m / t), p1 u + e1) with a ternary u. Immutable.</summary>
public sealed class BfvPublicKey
{
    internal BfvPublicKey(BfvParameters parameters, ReadOnlySpan<ulong> body, ReadOnlySpan<ulong> uniform)
    {
        Parameters = parameters;
        Body = new KeyPolynomial(parameters, body);
        Uniform = new KeyPolynomial(parameters, uniform);
    }

    /// <summary>The ring.</summary>
    public BfvParameters Parameters { get; }

    internal KeyPolynomial Body { get; }

    internal KeyPolynomial Uniform { get; }

    /// <summary>The public key of a secret. The stream must not be one that made the secret's ciphertexts.</summary>
    public static BfvPublicKey Of(BfvSecretKey secret, KeyStream stream)
    {
        ArgumentNullException.ThrowIfNull(secret);
        Span<byte> seed = stackalloc byte[SeedExpansion.SeedLength];
        stream.Fill(seed);
        var uniform = new ulong[secret.Parameters.PolynomialWords];
        SeedExpansion.Fill(secret.Parameters, seed, SeedFunction.Shake256, uniform);
        return new BfvPublicKey(secret.Parameters, secret.EncryptZero(uniform, stream), uniform);
    }

    /// <summary>Encrypts a vector. One stream for one vector: see <see cref="BfvSecretKey.Encrypt"/>.</summary>
    /// <param name="words">The vector, each word below t; already masked.</param>
    /// <param name="stream">A stream of this vector alone.</param>
    /// <exception cref="ArgumentException">A word is not below t.</exception>
    public EncryptedVector Encrypt(ReadOnlySpan<ulong> words, KeyStream stream)
    {
        var result = new EncryptedVector(Parameters, words.Length);
        var small = new SmallPolynomials(Parameters, stream);
        var hiding = new ulong[Parameters.PolynomialWords];
        var noise = new ulong[Parameters.PolynomialWords];
        for (var i = 0; i < result.Body.Count; i++)
        {
            small.Ternary(hiding);
            Parameters.Forward(hiding);
            foreach (var (key, part) in new[] { (Body, result.Body), (Uniform, result.Uniform) })
            {
                var polynomial = part.Polynomial(i);
                hiding.CopyTo(polynomial);
                key.MultiplyInto(polynomial);
                Parameters.Inverse(polynomial);
                small.Noise(noise);
                Parameters.Add(polynomial, noise);
            }

            Parameters.AddScaled(result.Body.Block(words, i), result.Body.Polynomial(i));
        }

        return result;
    }
}
