using System.Numerics;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// Exact noise for counts: every whole number x with probability proportional to exp(-|x|/b) (the discrete Laplace, or two-sided geometric, of Ghosh, Roughgarden and
/// Sundararajan 2009), drawn by algorithm 2 of Canonne, Kamath and Steinke 2020. A count that one patient changes by at most Δ gets ε-differential privacy from b = Δ/ε.
/// No floating-point number and no rounding between the stream's bits and the noise; nothing is cut off (see <see cref="DiscreteGaussian"/>).
/// </summary>
public sealed class DiscreteLaplace
{
    private static readonly Rational s_greatest = Rational.Of(BigInteger.One << 40);

    private DiscreteLaplace(Rational scale) => Scale = scale;

    /// <summary>b, in units of the count.</summary>
    public Rational Scale { get; }

    /// <summary>The noise of a scale.</summary>
    /// <param name="scale">b: above 0, up to 2^40.</param>
    /// <exception cref="ArgumentOutOfRangeException">The scale lies outside.</exception>
    public static DiscreteLaplace Of(Rational scale)
    {
        ArgumentNullException.ThrowIfNull(scale);
        if (scale.Sign <= 0 || scale > s_greatest)
            throw new ArgumentOutOfRangeException(nameof(scale), scale.ToDouble(), "The scale of the noise lies above 0 and up to 2^40.");
        return new DiscreteLaplace(scale);
    }

    /// <summary>One number.</summary>
    /// <exception cref="OverflowException">The noise would not fit 64 bits: with b at most 2^40, once in exp(2^23) draws.</exception>
    public long Sample(KeyStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var (t, s) = (Scale.Numerator, Scale.Denominator);
        while (true)
        {
            // u + t v is geometric, P(n) proportional to exp(-n/t), and so is what is left of it divided by s, with exp(-n s/t).
            var u = Below(t, stream);
            if (!Exponential.Coin(u, t, stream))
                continue;
            var v = 0;
            while (Exponential.Coin(1, 1, stream))
                v++;
            var magnitude = checked((long)((u + (t * v)) / s));
            var isNegative = (stream.NextUInt64() & 1) != 0;
            if (magnitude != 0 || !isNegative)
                return isNegative ? -magnitude : magnitude;
        }
    }

    /// <summary>Adds noise to each count, independently; a sum wraps modulo 2^64, which is a function of the noisy count.</summary>
    public void AddTo(Span<long> counts, KeyStream stream)
    {
        foreach (ref var count in counts)
            count = unchecked(count + Sample(stream));
    }

    // Uniform in [0, bound): as many bits as bound - 1 has, drawn again where they make more.
    private static BigInteger Below(BigInteger bound, KeyStream stream)
    {
        var bits = (int)(bound - 1).GetBitLength();
        BigInteger value;
        do
        {
            value = BigInteger.Zero;
            for (var read = 0; read < bits; read += 64)
                value = (value << 64) | stream.NextUInt64();
            value >>= (64 - (bits % 64)) % 64;
        }
        while (value >= bound);
        return value;
    }
}
