namespace FederatedClinicalMl.Privacy;

/// <summary>
/// A ternary secret s. Encrypts symmetrically, c = (round(q m / t) - (a s + e), a) with a from a public seed, and decrypts. Erased when disposed. Not for use by several threads
/// while it is disposed.
/// </summary>
public sealed class BfvSecretKey : IDisposable
{
    private readonly KeyPolynomial _secret;

    internal BfvSecretKey(BfvParameters parameters, ReadOnlySpan<ulong> transformed)
    {
        Parameters = parameters;
        _secret = new KeyPolynomial(parameters, transformed);
    }

    /// <summary>The ring.</summary>
    public BfvParameters Parameters { get; }

    /// <summary>A fresh secret. The same stream makes the same secret: one purpose and input of <see cref="KeyStream.Derive"/> for each.</summary>
    public static BfvSecretKey Generate(BfvParameters parameters, KeyStream stream)
    {
        var words = new ulong[parameters.PolynomialWords];
        new SmallPolynomials(parameters, stream).Ternary(words);
        parameters.Forward(words);
        var key = new BfvSecretKey(parameters, words);
        Array.Clear(words);
        return key;
    }

    /// <summary>
    /// Encrypts a vector under a fresh seed for each polynomial. The stream must not be one that encrypted other words: two ciphertexts of one seed and noise differ by what was
    /// encrypted. The same stream and words give the same ciphertext, so that a retry sends the same bytes.
    /// </summary>
    /// <param name="words">The vector, each word below t; already masked.</param>
    /// <param name="stream">A stream of this vector alone.</param>
    /// <exception cref="ArgumentException">A word is not below t.</exception>
    public SeededVector Encrypt(ReadOnlySpan<ulong> words, KeyStream stream)
    {
        var body = new PolynomialVector(Parameters, words.Length);
        var seeds = new byte[body.Count * SeedExpansion.SeedLength];
        var small = new SmallPolynomials(Parameters, stream);
        var uniform = new ulong[Parameters.PolynomialWords];
        var noise = new ulong[Parameters.PolynomialWords];
        for (var i = 0; i < body.Count; i++)
        {
            var seed = seeds.AsSpan(i * SeedExpansion.SeedLength, SeedExpansion.SeedLength);
            stream.Fill(seed);
            SeedExpansion.Fill(Parameters, seed, SeedFunction.Shake256, uniform);
            Parameters.Forward(uniform);
            _secret.MultiplyInto(uniform);
            Parameters.Inverse(uniform);
            small.Noise(noise);
            Parameters.Add(uniform, noise);
            Parameters.Negate(uniform);
            Parameters.AddScaled(body.Block(words, i), uniform);
            uniform.CopyTo(body.Polynomial(i));
        }

        return new SeededVector(body, seeds);
    }

    /// <summary>The vector that was encrypted, or the sum modulo t of those that were: right within the noise bound (<see cref="NoiseBound"/>), noise beyond it.</summary>
    /// <exception cref="ArgumentException">The ciphertext belongs to other parameters.</exception>
    public ulong[] Decrypt(EncryptedVector encrypted)
    {
        ArgumentNullException.ThrowIfNull(encrypted);
        Parameters.RequireSame(encrypted.Parameters);
        var words = new ulong[encrypted.Dimension];
        var phase = new ulong[Parameters.PolynomialWords];
        for (var i = 0; i < encrypted.Body.Count; i++)
        {
            encrypted.Uniform.Polynomial(i).CopyTo(phase);
            Multiply(phase);
            Parameters.Add(phase, encrypted.Body.Polynomial(i));
            var block = encrypted.Body.Block(words.AsSpan(), i);
            for (var j = 0; j < block.Length; j++)
                block[j] = Parameters.Round(Parameters.Fraction(phase, j));
        }

        return words;
    }

    /// <inheritdoc/>
    public void Dispose() => _secret.Erase();

    internal ulong[] ToWords() => _secret.ToWords();

    /// <summary>Multiplies a polynomial of coefficients by the secret, in place.</summary>
    internal void Multiply(Span<ulong> coefficients)
    {
        Parameters.Forward(coefficients);
        _secret.MultiplyInto(coefficients);
        Parameters.Inverse(coefficients);
    }

    /// <summary>-(a s + e) in transformed form: the first half of a public key, or a party's part of a collective one.</summary>
    internal ulong[] EncryptZero(ReadOnlySpan<ulong> transformedUniform, KeyStream stream)
    {
        var result = transformedUniform.ToArray();
        _secret.MultiplyInto(result);
        var noise = new ulong[result.Length];
        new SmallPolynomials(Parameters, stream).Noise(noise);
        Parameters.Forward(noise);
        Parameters.Add(result, noise);
        Parameters.Negate(result);
        return result;
    }
}
