using System.Globalization;
using System.Numerics;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// Everything that a study's <c>aggregation: encrypted</c> fixes before its first round, chosen from what its sums need: the ring, the proof that sums are right, and what a round takes. Two
/// parties who ask for the same get the same.
/// </summary>
public sealed class EncryptionPlan
{
    /// <summary>The most sites of an encrypted study.</summary>
    public const int MaximumSites = 256;

    /// <summary>A round's shares are at a statistical distance below two to the minus this from what its sum tells.</summary>
    public const int LeastDistanceBits = 40;

    private const int MaximumPlaintextBits = 48;
    private const int MaximumPrimeBits = 60;

    private static readonly int[] s_degrees = [1024, 2048, 4096, 8192];

    private EncryptionPlan(EncryptionMode mode, BfvParameters parameters, int sites, int dimension, NoiseBound bound, ThresholdDecryption? decryption)
    {
        (Mode, Parameters, Sites, Dimension, Bound, Decryption) = (mode, parameters, sites, dimension, bound, decryption);
        (Upload, Download) = mode == EncryptionMode.Consortium
            ? (new PackedLayout(PackedKind.Seeded, parameters, dimension), new PackedLayout(PackedKind.Encrypted, parameters, dimension))
            : (new PackedLayout(PackedKind.Encrypted, parameters, dimension), new PackedLayout(PackedKind.Polynomials, parameters, dimension));
    }

    /// <summary>Who decrypts.</summary>
    public EncryptionMode Mode { get; }

    /// <summary>The ring; t is a power of two, so that masks modulo it are words cut off.</summary>
    public BfvParameters Parameters { get; }

    /// <summary>n: every one of them takes part in every round.</summary>
    public int Sites { get; }

    /// <summary>Values of a vector.</summary>
    public int Dimension { get; }

    /// <summary>Why sums are right.</summary>
    public NoiseBound Bound { get; }

    /// <summary>Threshold only: shares.</summary>
    public ThresholdDecryption? Decryption { get; }

    /// <summary>What a site sends to be added.</summary>
    public PackedLayout Upload { get; }

    /// <summary>What a site is sent to decrypt: the sum, or of a threshold key's the sum's c1. (The other half has the same layout.)</summary>
    public PackedLayout Download { get; }

    /// <summary>Bits of t.</summary>
    public int PlaintextBits => BitOperations.Log2(Parameters.PlaintextModulus);

    /// <summary>The plan of a study's sums.</summary>
    /// <param name="mode">Who decrypts.</param>
    /// <param name="valueBits">Bits of the greatest magnitude of one code, noise of the study's privacy mechanism included.</param>
    /// <param name="weightBits">Bits of the greatest weight of one site; 0 where updates are not weighted.</param>
    /// <param name="sites">n, from 2 to 256.</param>
    /// <param name="dimension">Values of the vector, from 1.</param>
    /// <exception cref="ArgumentException">No parameters carry such sums, with the arithmetic.</exception>
    public static EncryptionPlan For(EncryptionMode mode, int valueBits, int weightBits, int sites, int dimension) =>
        For(mode, valueBits, weightBits, sites, dimension, out var fault) ?? throw new ArgumentException(fault, nameof(valueBits));

    /// <summary>The plan of a study's sums; null where no parameters carry them.</summary>
    /// <param name="fault">Why there is none, with the arithmetic.</param>
    /// <inheritdoc cref="For(EncryptionMode, int, int, int, int)"/>
    public static EncryptionPlan? For(EncryptionMode mode, int valueBits, int weightBits, int sites, int dimension, out string? fault)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(valueBits, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(weightBits);
        ArgumentOutOfRangeException.ThrowIfLessThan(sites, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sites, MaximumSites);
        ArgumentOutOfRangeException.ThrowIfLessThan(dimension, 1);
        var siteBits = BitOperations.Log2((uint)sites - 1) + 1;
        var bits = (long)valueBits + weightBits + siteBits + 1 + MaskedWordBudget.GuardBits;
        var budget = $"{valueBits} value bits + {weightBits} weight bits + {siteBits} bits for {sites} sites + 1 for the sign + {MaskedWordBudget.GuardBits} guard bit = {bits}";
        fault = null;
        if (bits > MaximumPlaintextBits)
        {
            fault = $"Sums are too wide to be encrypted: {budget}, above {MaximumPlaintextBits}. Use fewer bits per value, or lower the weights' cap.";
            return null;
        }

        var plan = mode == EncryptionMode.Consortium ? Consortium((int)bits, sites, dimension) : Threshold((int)bits, sites, dimension);
        if (plan is null)
            fault = $"No parameters of 128 bits of security carry {mode} sums of {budget}. Use fewer bits per value, fewer sites, or secure aggregation.";
        return plan;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Mode}, {Sites} sites, {Dimension} values: {Parameters}; {Bound}{(Decryption is null ? "" : $"; {Decryption}")}; {Upload.Length} bytes up, {Download.Length} bytes down");

    // The smallest ring with a q that is proved: fewer values are padded, and transforms are shorter.
    private static EncryptionPlan? Consortium(int bits, int sites, int dimension)
    {
        foreach (var degree in s_degrees)
        {
            for (var modulusBits = Math.Max(bits + 4, 20); modulusBits <= Math.Min(BfvParameters.MaximumSecureBits(degree), MaximumPrimeBits); modulusBits++)
            {
                var parameters = BfvParameters.Create(degree, 1UL << bits, modulusBits);
                var bound = NoiseBound.Symmetric(parameters, sites, dimension);
                if (bound.Holds)
                    return new EncryptionPlan(EncryptionMode.Consortium, parameters, sites, dimension, bound, null);
            }
        }

        return null;
    }

    // Flooding noise fills whatever q is there: N = 4096 has room for 109 bits, and where those do not do, N = 8192 for a little more than twice 59.
    private static EncryptionPlan? Threshold(int bits, int sites, int dimension)
    {
        var least = Rational.Of(1, BigInteger.One << LeastDistanceBits);
        foreach (var (degree, modulusBits) in new (int, int[])[] { (4096, [54, 55]), (8192, [59, 60]) })
        {
            var parameters = BfvParameters.Create(degree, 1UL << bits, modulusBits);
            var bound = NoiseBound.PublicKey(parameters, sites, sites, dimension);
            if (!bound.Holds)
                continue;
            var decryption = ThresholdDecryption.For(parameters, sites, dimension);
            if (decryption.Distance < least)
                return new EncryptionPlan(EncryptionMode.Threshold, parameters, sites, dimension, bound, decryption);
        }

        return null;
    }
}
