namespace FederatedClinicalMl.Privacy;

/// <summary>A polynomial of a key in transformed form, as a factor of many products. Immutable until it is erased.</summary>
internal sealed class KeyPolynomial
{
    private readonly FixedPolynomial[] _parts;

    /// <summary>Takes words in transformed form, below their primes.</summary>
    public KeyPolynomial(BfvParameters parameters, ReadOnlySpan<ulong> words)
    {
        _parts = new FixedPolynomial[parameters.Transforms.Length];
        for (var k = 0; k < _parts.Length; k++)
            _parts[k] = new FixedPolynomial(parameters.Transforms[k].Modulus, words.Slice(k * parameters.Degree, parameters.Degree).ToArray());
    }

    /// <summary>The words, one prime after the other.</summary>
    public ulong[] ToWords() => [.. _parts.SelectMany(part => part.Words)];

    /// <summary>Multiplies a polynomial in transformed form by this one, in place.</summary>
    public void MultiplyInto(Span<ulong> polynomial)
    {
        var degree = polynomial.Length / _parts.Length;
        for (var k = 0; k < _parts.Length; k++)
            _parts[k].MultiplyInto(polynomial.Slice(k * degree, degree));
    }

    public void Erase()
    {
        foreach (var part in _parts)
        {
            Array.Clear(part.Words);
            Array.Clear(part.Quotients);
        }
    }
}
