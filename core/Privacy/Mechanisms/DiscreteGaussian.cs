using System.Numerics;
using System.Runtime.CompilerServices;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// Exact noise of the discrete Gaussian N_Z(0, σ²): every whole number x with probability proportional to exp(-x²/2σ²) (Canonne, Kamath and Steinke
/// 2020, "The discrete Gaussian for differential privacy", definition 1). Between the stream's bits and the noise there is no floating-point
/// number and no rounding. The same stream gives the same noise on every machine, however the coordinates are cut into blocks. Immutable: one
/// may serve several threads, each with its own stream.
/// </summary>
/// <remarks>
/// <para>
/// <b>Why exact.</b> Rejection sampling (von Neumann 1951): a uniform point (x, y) under a staircase that lies nowhere below ρ(x) = exp(-x²/2σ²) is kept where
/// y &lt; ρ(x), so that x is kept with probability proportional to ρ(x); its sign is a fair coin's, and one of the two zeros is drawn again. The staircase's cells have equal area
/// (<see cref="GaussianEnvelope"/>); the cell is uniform by Lemire's rejection (2019, "Fast random integer generation in an interval"), x in it is so many
/// bits, and y is a number without a last bit, of which as many bits are read as the comparison needs: none in a cell that lies below ρ as a whole, 56 in one that
/// crosses it, more where those 56 leave it open (<see cref="Exponential.IsAbove"/>). The algorithm of the paper draws from the same distribution; it
/// needs many draws for a number where this needs little more than one.
/// </para>
/// <para>
/// <b>Nothing is cut off.</b> Noise that is drawn again until it is below a bound is not this mechanism: an output that one data set can give and its neighbour cannot has an
/// infinite privacy loss, which no Rényi accountant carries. Instead the sum of code and noise wraps modulo 2^64 (or is saturated by what comes after): a function of the
/// mechanism's output, free by post-processing. A sum that wraps is wrong, not unsafe; <see cref="TailBound"/> says how many bits a word
/// budget leaves for the noise so that it does not happen except with a stated probability.
/// </para>
/// <para>
/// How long a number takes depends on its value, and this does not hide it: what can be seen from outside is the time of a whole step's noise together.
/// </para>
/// </remarks>
public sealed class DiscreteGaussian
{
    private static readonly Rational s_least = Rational.Of(1, 4);
    private static readonly Rational s_greatest = Rational.Of(BigInteger.One << 80);

    private readonly GaussianEnvelope _envelope;
    private readonly GaussianDensity _density;
    private readonly ulong _offset;
    private readonly int _shift;

    private DiscreteGaussian(Rational variance)
    {
        Variance = variance;
        _envelope = new GaussianEnvelope(variance);
        _density = new GaussianDensity(variance);
        _shift = _envelope.Shift;
        _offset = (1UL << _shift) - 1;
    }

    /// <summary>σ², in squared grid units. (The noise's variance is a little less, visibly so where σ is below 1.)</summary>
    public Rational Variance { get; }

    /// <summary>The noise of a σ². Makes tables, in about a millisecond: keep it for a round.</summary>
    /// <param name="variance">σ², in squared grid units: from 1/4 to 2^80.</param>
    /// <exception cref="ArgumentOutOfRangeException">σ² lies outside.</exception>
    public static DiscreteGaussian Of(Rational variance)
    {
        ArgumentNullException.ThrowIfNull(variance);
        if (variance < s_least || variance > s_greatest)
            throw new ArgumentOutOfRangeException(nameof(variance), variance.ToDouble(), "σ² lies in [1/4, 2^80] squared grid units: make the grid finer, or coarser.");
        return new DiscreteGaussian(variance);
    }

    /// <summary>One number.</summary>
    public long Sample(KeyStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        while (true)
        {
            // 24 bits of a word pick the cell, the last one is the sign; of the 39 between, at most 36 are the place in a column.
            var word = stream.NextUInt64();
            var index = _envelope.Pick(word >> (64 - GaussianEnvelope.PickBits));
            if (index < 0)
                continue;
            var cell = _envelope.Cells[index];
            var x = ((ulong)cell << _shift) | ((word >> 1) & _offset);
            if (cell >= GaussianEnvelope.Crossing && !(cell == GaussianEnvelope.Tail ? IsTailKept(stream, out x) : IsCrossingKept(cell, index, stream, ref x)))
                continue;
            var sign = -(long)(word & 1);
            if (x != 0 || sign == 0)
                return ((long)x ^ sign) - sign;
        }
    }

    /// <summary>
    /// Adds noise to each code, independently: code i has the noise of the i-th sample of the stream. A sum wraps modulo 2^64; codes up to 2^62 leave room for
    /// noise of 4 million σ at the greatest σ.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void AddTo(Span<long> codes, KeyStream stream)
    {
        foreach (ref var code in codes)
            code = unchecked(code + Sample(stream));
    }

    /// <summary>
    /// A B with P(some |noise| ≥ B) ≤ 2^-<paramref name="bits"/> over all coordinates: the noise is subgaussian (Canonne, Kamath and Steinke 2020), and Chernoff's bound
    /// is P(|x| ≥ B) ≤ 2 exp(-B²/2σ²), so that B² ≥ 2σ² ln 2 (bits + 1 + log2 coordinates) is enough. The sum of n sites' noise is
    /// subgaussian with n σ²: ask the noise of that variance.
    /// </summary>
    /// <param name="variance">σ², or the sum of the sites' σ², in squared grid units.</param>
    /// <param name="coordinates">How many numbers are drawn in all, from 1.</param>
    /// <param name="bits">From 1; 40 makes it one round in a million million.</param>
    /// <returns>In grid units; a word budget counts its bit length.</returns>
    public static BigInteger TailBound(Rational variance, long coordinates, int bits)
    {
        ArgumentNullException.ThrowIfNull(variance);
        ArgumentOutOfRangeException.ThrowIfLessThan(coordinates, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(bits, 1);
        var exponent = bits + 1 + (64 - BitOperations.LeadingZeroCount((ulong)coordinates - 1)); // log2 rounded up
        return (variance * Rational.Of(2 * 694 * (BigInteger)exponent, 1000)).SquareRootUp(1).Numerator; // ln 2 < 0.694
    }

    // The cell lies between two multiples of 2^-8 of which ρ(x) may be anywhere: y is the lower one and 56 bits, and more where they do not tell.
    private bool IsCrossingKept(byte cell, int index, KeyStream stream, ref ulong x)
    {
        var column = cell & ~GaussianEnvelope.Crossing;
        x = ((ulong)column << _shift) | (x & _offset);
        var height = (ulong)(index - _envelope.FirstCell[column]);
        var y = (height << (64 - GaussianEnvelope.HeightBits)) | (stream.NextUInt64() >> GaussianEnvelope.HeightBits);
        var density = _density.Near(x);
        if (y < density ? density - y > GaussianDensity.Margin : y - density > GaussianDensity.Margin)
            return y < density;
        return IsBelowDensity(y, 64, x, stream);
    }

    // Step s with probability 2^-(s+1), by fair coins; x uniform in it; y uniform below its height, 2^-8 2^-s. (Zeros without end, 2^25 of them, would end in an
    // OverflowException: with a probability, 2^-(2^25), that is no probability of the cipher's any more.)
    private bool IsTailKept(KeyStream stream, out ulong x)
    {
        var step = 0;
        ulong coins;
        while ((coins = stream.NextUInt64()) == 0)
            step = checked(step + 64);
        step += BitOperations.TrailingZeroCount(coins);
        var offset = stream.NextUInt64() & ((1UL << _envelope.TailShift) - 1);
        x = checked((ulong)(_envelope.TailStart + ((long)step * (1L << _envelope.TailShift))) + offset);
        return IsBelowDensity(stream.NextUInt64(), 64 + GaussianEnvelope.HeightBits + step, x, stream);
    }

    private bool IsBelowDensity(BigInteger y, int bits, BigInteger x, KeyStream stream) =>
        Exponential.IsAbove(y, bits, x * x * Variance.Denominator, 2 * Variance.Numerator, stream);
}
