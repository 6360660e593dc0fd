namespace FederatedClinicalMl.Privacy;

/// <summary>Words modulo a prime that many products share as a factor, with the quotients that make those cheap. Immutable.</summary>
internal sealed class FixedPolynomial
{
    private readonly PrimeModulus _modulus;

    public FixedPolynomial(PrimeModulus modulus, ulong[] words)
    {
        (_modulus, Words) = (modulus, words);
        Quotients = Array.ConvertAll(words, modulus.Fraction);
    }

    public ulong[] Words { get; }

    public ulong[] Quotients { get; }

    /// <summary>Multiplies word by word, in place: the product of polynomials in transformed form.</summary>
    public void MultiplyInto(Span<ulong> polynomial)
    {
        if (VectorButterfly.IsSupported)
        {
            VectorButterfly.Multiply(polynomial, this, _modulus.Value);
            return;
        }

        var words = Words.AsSpan(0, polynomial.Length);
        var quotients = Quotients.AsSpan(0, polynomial.Length);
        for (var i = 0; i < polynomial.Length; i++)
            polynomial[i] = _modulus.Multiply(polynomial[i], words[i], quotients[i]);
    }
}
