using System.Globalization;
using System.Numerics;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// Decryption by all n sites of a collective key together: each returns h_i = s_i c1 + flooding noise, and c0 + Σ h_i is the sum and noise (Mouchet et al. 2021, protocol 3). The flooding
/// noise, uniform over 2^(k+1) whole numbers, is as wide as the modulus leaves room for; how far what is shown is from what the sum alone would show is
/// <see cref="Distance"/>. docs/reference/homomorphic.md has the proofs.
/// </summary>
/// <remarks>
/// A site gives one share of one c1, and none of an overlapping one: the difference of two shares tells an update. The stream makes a retry the same bytes; that there is no second c1 is
/// the caller's to hold.
/// </remarks>
public sealed class ThresholdDecryption
{
    // Shares are rounded to so many bits more than t and n take: rounding errors of all together are below 1/64 of the margin.
    private const int GuardBits = 6;

    private readonly BfvParameters _parameters;
    private readonly int _sites;
    private readonly int _dimension;

    private ThresholdDecryption(BfvParameters parameters, int sites, int dimension, int shareBits, int floodBits)
    {
        (_parameters, _sites, _dimension, ShareBits, FloodBits) = (parameters, sites, dimension, shareBits, floodBits);
        Share = new PackedLayout(PackedKind.DecryptionShare, parameters, dimension, BitPacking.Length(parameters.Degree, shareBits));

        // Uniform noise over M numbers hides a shift by e but for a distance of |e|/M. E|e| ≤ sqrt(E e²), and E e² = n (2 × 21/2 × 2/3 × n N + 21/2) for ciphertexts under n parties' key.
        var variance = Rational.Of(sites) * ((Rational.Of(14) * Rational.Of(sites) * Rational.Of(parameters.Degree)) + Rational.Of(21, 2));
        var shift = variance.SquareRootUp(1 << 20) + Rational.Of(sites); // and what encryption rounded off
        Distance = Rational.Of((BigInteger)parameters.PolynomialsFor(dimension) * parameters.Degree) * shift / Rational.Of(BigInteger.One << (floodBits + 1));
    }

    /// <summary>Bits of each value of a share.</summary>
    public int ShareBits { get; }

    /// <summary>k: flooding noise lies in [-2^k, 2^k).</summary>
    public int FloodBits { get; }

    /// <summary>A share's bytes.</summary>
    public PackedLayout Share { get; }

    /// <summary>
    /// What the statistical distance between one round's shares and shares made from the sum alone is not above, where the ciphertexts are what honest sites made. Distances of a run's rounds add up.
    /// </summary>
    public Rational Distance { get; }

    /// <summary>The widest flooding noise with which sums of n sites are right but with probability below 2^-128.</summary>
    /// <param name="parameters">The study's ring.</param>
    /// <param name="sites">n, from 2.</param>
    /// <param name="dimension">Values of the vector, from 1.</param>
    /// <exception cref="ArgumentException">q leaves no room, with the arithmetic.</exception>
    public static ThresholdDecryption For(BfvParameters parameters, int sites, int dimension)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentOutOfRangeException.ThrowIfLessThan(sites, 2);
        var bound = NoiseBound.PublicKey(parameters, sites, holders: sites, dimension);
        var shareBits = BitsOf(parameters.PlaintextModulus - 1) + BitsOf((ulong)sites - 1) + GuardBits;

        // Each site's share is off by half of its last bit, and by less than 2 of 2^-64 before that.
        var rounding = Rational.Of(sites) * (Rational.Of(parameters.Modulus, BigInteger.One << (shareBits + 1)) + Rational.Of(parameters.Modulus, BigInteger.One << 63));
        var each = (bound.Margin - bound.Noise - rounding) / Rational.Of(sites);
        if (shareBits > 63 || each <= Rational.One)
            throw new ArgumentException($"{parameters} leaves no room for the flooding noise of {sites} sites: {bound}. Use a greater q or fewer bits.", nameof(parameters));
        var floodBits = (int)(each.Ceiling() - 1).GetBitLength() - 1; // 2^k < each
        return new ThresholdDecryption(parameters, sites, dimension, shareBits, floodBits);
    }

    /// <summary>A site's share, packed.</summary>
    /// <param name="secret">The site's secret of the key's epoch.</param>
    /// <param name="uniform">The sum's c1.</param>
    /// <param name="stream">A stream of this c1 alone.</param>
    /// <exception cref="ArgumentException">The vector has another dimension, or other parameters.</exception>
    public byte[] MakeShare(BfvSecretKey secret, PolynomialVector uniform, KeyStream stream)
    {
        ArgumentNullException.ThrowIfNull(secret);
        _parameters.RequireSame(secret.Parameters);
        Check(uniform);
        var flooding = new FloodingNoise(_parameters, FloodBits);
        var share = PackedVector.Start(PackedKind.DecryptionShare, _parameters, _dimension, Share.BlockLength);
        var product = new ulong[_parameters.PolynomialWords];
        var words = new ulong[_parameters.Degree];
        for (var i = 0; i < uniform.Count; i++)
        {
            uniform.Polynomial(i).CopyTo(product);
            secret.Multiply(product);
            flooding.AddTo(product, stream);
            for (var j = 0; j < words.Length; j++)
                words[j] = (_parameters.Fraction(product, j) + (1UL << (63 - ShareBits))) >> (64 - ShareBits);
            BitPacking.Pack(words, ShareBits, share.AsSpan(PackedVector.HeaderLength + (i * Share.BlockLength), Share.BlockLength));
        }

        return share;
    }

    /// <summary>The sum, modulo t.</summary>
    /// <param name="body">The sum's c0.</param>
    /// <param name="shares">One of each site, in whatever order.</param>
    /// <exception cref="FormatException">A share is not one of this vector.</exception>
    /// <exception cref="ArgumentException">A share is missing, or the vector has another dimension or other parameters.</exception>
    public ulong[] Open(PolynomialVector body, IReadOnlyCollection<byte[]> shares)
    {
        ArgumentNullException.ThrowIfNull(shares);
        Check(body);
        if (shares.Count != _sites)
            throw new ArgumentException($"All {_sites} sites' shares open a sum; these are {shares.Count}.", nameof(shares));
        var opened = new ulong[_dimension];
        var sums = new ulong[_parameters.Degree];
        foreach (var share in shares)
            PackedVector.Open(PackedKind.DecryptionShare, _parameters, _dimension, share, Share.BlockLength);
        for (var i = 0; i < body.Count; i++)
        {
            Array.Clear(sums);
            foreach (var share in shares)
                AddShare(share.AsSpan(PackedVector.HeaderLength + (i * Share.BlockLength), Share.BlockLength), sums);
            OpenBlock(body.Polynomial(i), sums, body.Block(opened.AsSpan(), i));
        }

        return opened;
    }

    /// <summary>Adds one site's share of one polynomial.</summary>
    /// <param name="block">A block of its bytes.</param>
    /// <param name="sums">The shares so far, as fractions of q in 2^-64: N words, zeros at first.</param>
    public void AddShare(ReadOnlySpan<byte> block, Span<ulong> sums)
    {
        var words = new ulong[sums.Length];
        BitPacking.Unpack(block, ShareBits, 1UL << ShareBits, words);
        for (var j = 0; j < words.Length; j++)
            sums[j] += words[j] << (64 - ShareBits); // fractions of q: whole ones drop out
    }

    /// <summary>Opens one polynomial of the sum, with every site's share.</summary>
    /// <param name="block">A block of the sum's c0.</param>
    /// <param name="sums">All shares.</param>
    /// <param name="words">Receives the values that the polynomial holds.</param>
    /// <exception cref="FormatException">It is no such block.</exception>
    public void OpenBlock(ReadOnlySpan<byte> block, ReadOnlySpan<ulong> sums, Span<ulong> words)
    {
        var body = new ulong[_parameters.PolynomialWords];
        if (!PackedVector.TryUnpack(_parameters, block, body))
            throw new FormatException("A block of a sum has a residue that is not below its prime.");
        OpenBlock(body, sums, words);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"flooding noise of {FloodBits + 1} bits, shares of {ShareBits} bits, statistical distance below 2^{Math.Log2(Distance.ToDouble()):F1} per round");

    private void OpenBlock(ReadOnlySpan<ulong> body, ReadOnlySpan<ulong> sums, Span<ulong> words)
    {
        for (var i = 0; i < words.Length; i++)
            words[i] = _parameters.Round(sums[i] + _parameters.Fraction(body, i));
    }

    private static int BitsOf(ulong value) => 64 - BitOperations.LeadingZeroCount(value);

    private void Check(PolynomialVector vector)
    {
        ArgumentNullException.ThrowIfNull(vector);
        _parameters.RequireSame(vector.Parameters);
        if (vector.Dimension != _dimension)
            throw new ArgumentException($"This is for vectors of {_dimension} values, not of {vector.Dimension}.", nameof(vector));
    }
}
