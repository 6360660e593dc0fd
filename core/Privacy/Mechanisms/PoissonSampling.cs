using System.Numerics;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// Which patients take part in a step: each one independently with the same probability q, as the amplification theorems demand (Mironov, Talwar and Zhang 2019,
/// "Rényi differential privacy of the sampled Gaussian mechanism"). Shuffled batches of fixed size are another mechanism and are not covered by them.
/// </summary>
/// <remarks>
/// q is a multiple of 2^-53. A patient takes part where 53 of its own 64 bits, read as a whole number, are below 2^53 q, which has probability q exactly; and q is a double
/// exactly, so that an accountant can be given <see cref="Rate"/> as it is. One word a patient is some nanoseconds: skipping from one participant to the next by a
/// geometric draw would save that and need an exact logarithm.
/// </remarks>
public sealed record PoissonSampling
{
    private const int RateBits = 53;

    private readonly ulong _threshold;

    private PoissonSampling(ulong threshold) => _threshold = threshold;

    /// <summary>q, exactly.</summary>
    public double Rate => Math.ScaleB(_threshold, -RateBits);

    /// <summary>The least rate that can be drawn exactly and is not below what was asked for. The accountant is given <see cref="Rate"/>, not what was asked for.</summary>
    /// <param name="rate">Above 0, up to 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rate lies outside.</exception>
    public static PoissonSampling AtLeast(Rational rate)
    {
        ArgumentNullException.ThrowIfNull(rate);
        if (rate.Sign <= 0 || rate > Rational.One)
            throw new ArgumentOutOfRangeException(nameof(rate), rate.ToDouble(), "A sampling rate lies above 0 and up to 1.");
        return new PoissonSampling((ulong)(rate * Rational.Of(BigInteger.One << RateBits)).Ceiling());
    }

    /// <summary>Draws who takes part: patient i by the i-th word of the stream.</summary>
    /// <param name="patients">How many there are, in an order that does not depend on who was drawn before.</param>
    /// <param name="stream">Secret: the amplification holds only against those who do not know who takes part.</param>
    /// <returns>Indices in [0, patients), ascending; possibly none.</returns>
    public int[] Draw(int patients, KeyStream stream)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(patients);
        ArgumentNullException.ThrowIfNull(stream);
        var drawn = new List<int>((int)(patients * Rate) + 16);
        for (var patient = 0; patient < patients; patient++)
        {
            if (stream.NextUInt64() >> (64 - RateBits) < _threshold)
                drawn.Add(patient);
        }

        return [.. drawn];
    }
}
