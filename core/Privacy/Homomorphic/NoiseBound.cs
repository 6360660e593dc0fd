using System.Globalization;
using System.Numerics;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// Whether a sum of n vectors decrypts right, proved: the noise of every coefficient stays below q/2t but with probability below 2^-128 for the whole vector. docs/reference/homomorphic.md has the proof.
/// </summary>
/// <remarks>
/// A centred binomial of 42 bits is subgaussian with parameter 21/2, a ternary with 2/3 (each the variance: both are strictly subgaussian), and a
/// subgaussian sum stays below B but with probability 2 exp(-B²/2V). Norms of a key are bounded by the tail of chi-square with N degrees of freedom (Laurent and Massart 2000, lemma 1), which
/// holds for squares of subgaussians too. Fractions are exact and rounded upwards.
/// </remarks>
public sealed record NoiseBound
{
    /// <summary>The probability of a wrong sum is below two to the minus this.</summary>
    public const int FailureBits = 128;

    // 1 bit of the failure probability for norms of the key, in two events; and 1 that is left of it for the coefficients.
    private static readonly Rational s_naturalLogOf2 = Rational.Of(6932, 10000); // from above
    private static readonly Rational s_binomial = Rational.Of(21, 2);
    private static readonly Rational s_ternary = Rational.Of(2, 3);

    private NoiseBound(Rational noise, BfvParameters parameters) =>
        (Noise, Margin) = (noise, Rational.Of(parameters.Modulus, 2 * (BigInteger)parameters.PlaintextModulus));

    /// <summary>What the noise of no coefficient exceeds, rounding included.</summary>
    public Rational Noise { get; }

    /// <summary>q/2t: noise below it is rounded away.</summary>
    public Rational Margin { get; }

    /// <summary>Whether sums are right.</summary>
    public bool Holds => Noise < Margin;

    /// <summary>Of n vectors encrypted with the secret key: each adds one binomial, which is 21 at the most.</summary>
    /// <param name="parameters">The ring.</param>
    /// <param name="sites">n, from 1.</param>
    /// <param name="dimension">Values of the vector, from 1.</param>
    public static NoiseBound Symmetric(BfvParameters parameters, int sites, int dimension)
    {
        Check(sites, dimension);
        var likely = Tail(Rational.Of(sites) * s_binomial, dimension);
        var worst = Rational.Of(21 * (BigInteger)sites);
        return new NoiseBound((likely < worst ? likely : worst) + Rounding(parameters, sites), parameters);
    }

    /// <summary>Of n vectors encrypted with a public key: each adds -e u + e0 + e1 s, e and s the sums of what the key's holders drew.</summary>
    /// <param name="parameters">The ring.</param>
    /// <param name="sites">n, from 1.</param>
    /// <param name="holders">How many parties' secrets make the key: 1, or n for a collective one.</param>
    /// <param name="dimension">Values of the vector, from 1.</param>
    public static NoiseBound PublicKey(BfvParameters parameters, int sites, int holders, int dimension)
    {
        Check(sites, dimension);
        ArgumentOutOfRangeException.ThrowIfLessThan(holders, 1);

        // |e|² and |s|² are below their parameter × (N + 2 sqrt(N x) + 2x), each but with probability exp(-x) = 2^-(128 + 3).
        var x = s_naturalLogOf2 * Rational.Of(FailureBits + 3);
        var degree = Rational.Of(parameters.Degree);
        var norm = degree + (Rational.Of(2) * (degree * x).SquareRootUp(1 << 20)) + (Rational.Of(2) * x);
        var keyed = Rational.Of(2) * s_binomial * s_ternary * Rational.Of(holders) * norm;
        return new NoiseBound(Tail(Rational.Of(sites) * (keyed + s_binomial), dimension) + Rounding(parameters, sites), parameters);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"noise below 2^{Log(Noise):F2} but with probability 2^-{FailureBits}, {(Holds ? "within" : "beyond")} q/2t = 2^{Log(Margin):F2}");

    /// <summary>B with 2 exp(-B²/2V) × dimension ≤ 2^-(128 + 1).</summary>
    private static Rational Tail(Rational variance, int dimension)
    {
        var bits = FailureBits + 2 + (64 - BitOperations.LeadingZeroCount((ulong)dimension - 1));
        return (Rational.Of(2 * bits) * s_naturalLogOf2 * variance).SquareRootUp(1 << 20);
    }

    // round(q m / t) is off by at most (t+1)/2t; the fraction that decryption rounds, by less than q 2^-62, which is less than 1 for one prime.
    private static Rational Rounding(BfvParameters parameters, int sites) =>
        (Rational.Of(sites) * Rational.Of(parameters.PlaintextModulus + 1, 2 * (BigInteger)parameters.PlaintextModulus)) + Rational.Of(parameters.Modulus, BigInteger.One << 62) + Rational.One;

    private static void Check(int sites, int dimension)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sites, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(dimension, 1);
    }

    private static double Log(Rational value) => Math.Log2(value.ToDouble());
}
