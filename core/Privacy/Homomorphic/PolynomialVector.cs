namespace FederatedClinicalMl.Privacy;

/// <summary>
/// As many polynomials as hold a vector: one half of its ciphertexts, or a key. Word i of the vector is coefficient i modulo N of polynomial i / N; what the last one has
/// left is zero. Residues stay below their primes.
/// </summary>
public sealed class PolynomialVector
{
    private readonly ulong[] _words;

    internal PolynomialVector(BfvParameters parameters, int dimension)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dimension, 1);
        (Parameters, Dimension, Count) = (parameters, dimension, parameters.PolynomialsFor(dimension));
        _words = new ulong[checked(Count * parameters.PolynomialWords)];
    }

    /// <summary>The ring.</summary>
    public BfvParameters Parameters { get; }

    /// <summary>Number of values.</summary>
    public int Dimension { get; }

    /// <summary>Number of polynomials.</summary>
    public int Count { get; }

    /// <summary>Adds another vector's polynomials to these.</summary>
    /// <exception cref="ArgumentException">It has another dimension, or other parameters.</exception>
    public void Add(PolynomialVector other)
    {
        ArgumentNullException.ThrowIfNull(other);
        Parameters.RequireSame(other.Parameters);
        if (other.Dimension != Dimension)
            throw new ArgumentException($"A vector of {other.Dimension} values cannot be added to one of {Dimension}.", nameof(other));
        for (var i = 0; i < Count; i++)
            Parameters.Add(Polynomial(i), other.Polynomial(i));
    }

    internal Span<ulong> Polynomial(int index) => _words.AsSpan(index * Parameters.PolynomialWords, Parameters.PolynomialWords);

    internal Span<ulong> Residues(int index, int prime) => Polynomial(index).Slice(prime * Parameters.Degree, Parameters.Degree);

    /// <summary>The part of a plain vector that polynomial <paramref name="index"/> holds.</summary>
    internal ReadOnlySpan<T> Block<T>(ReadOnlySpan<T> vector, int index) => vector.Slice(index * Parameters.Degree, BlockLength(index));

    internal Span<T> Block<T>(Span<T> vector, int index) => vector.Slice(index * Parameters.Degree, BlockLength(index));

    private int BlockLength(int index) => Math.Min(Parameters.Degree, Dimension - (index * Parameters.Degree));
}
