using System.Numerics;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// Whether a sum under masks fits its words: value bits + weight bits + ceil(log2 n) + noise-tail bits + 1 (the sign) + 1 (guard) ≤ bits of a word. Under masks a sum is
/// taken
/// modulo 2^word and nobody sees it wrap, so this is asked before a study is approved. (<see cref="WordBudget"/> is the same of plain sums.)
/// </summary>
public sealed record MaskedWordBudget
{
    /// <summary>
    /// Bits beyond what honest sums need. A word that is not in the honest range is uniform to whoever made it, if it is another's masked word or the wrong share of a mask: of each coordinate it is within with
    /// probability 1/2 at most, and a sum with a single one beyond is void.
    /// </summary>
    public const int GuardBits = 1;

    private MaskedWordBudget(UpdateFormat format, int maximumWeight, int members, MaskWord word, long noiseTail, string? rule)
    {
        // As whole numbers of any size: what does not fit must be shown, not wrapped.
        var value = (BigInteger)format.MaximumCode * maximumWeight;
        (ValueBits, WeightBits, MemberBits) = (CeilLog2(format.MaximumCode), CeilLog2(maximumWeight), CeilLog2(members));
        NoiseTailBits = CeilLog2((value + noiseTail + value - 1) / value);
        Word = word;
        Fault = rule ?? (Total <= (int)word ? null : $"The sum may overflow: {this}. Use fewer bits per value, a lower cap of weights, or 64-bit words.");
        Limit = Fault is null ? (long)(value + noiseTail) : 0;
    }

    /// <summary>Bits of a value's greatest code.</summary>
    public int ValueBits { get; }

    /// <summary>Bits that the greatest weight adds; 0 where all count alike.</summary>
    public int WeightBits { get; }

    /// <summary>ceil(log2) of the number of members.</summary>
    public int MemberBits { get; }

    /// <summary>Bits that noise adds to one site's greatest value; 0 without noise.</summary>
    public int NoiseTailBits { get; }

    /// <summary>The words.</summary>
    public MaskWord Word { get; }

    /// <summary>Bits that the sum may need, its sign and the guard included.</summary>
    public int Total => ValueBits + WeightBits + MemberBits + NoiseTailBits + 1 + GuardBits;

    /// <summary>Why such sums are refused, for people, with the arithmetic; null where they fit.</summary>
    public string? Fault { get; }

    /// <summary>Greatest magnitude of one site's word: greatest code × weight + noise tail. A sum of k sites beyond k times this is void.</summary>
    public long Limit { get; }

    /// <summary>The budget of a study's sums.</summary>
    /// <param name="format">Fixed point.</param>
    /// <param name="maximumWeight">Cap of a site's weight, from 1.</param>
    /// <param name="members">How many sites, from 1.</param>
    /// <param name="word">The words.</param>
    /// <param name="noiseTail">What one site's noise does not exceed in magnitude, in grid units; 0 without noise.</param>
    /// <param name="hiddenWeights">Whether a site's weight is under its mask too, as one more word, so that only the sum of weights is known.</param>
    public static MaskedWordBudget Of(UpdateFormat format, int maximumWeight, int members, MaskWord word, long noiseTail = 0, bool hiddenWeights = false)
    {
        ArgumentNullException.ThrowIfNull(format);
        ArgumentOutOfRangeException.ThrowIfLessThan(maximumWeight, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(members, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(noiseTail);
        var rule = format.IsFloat ? "Values under masks are fixed point: float32 is for plain aggregation only."
            : hiddenWeights && word != MaskWord.Bits64 ? "Hidden weights need 64-bit words."
            : hiddenWeights && noiseTail > 0 ? "Hidden weights do not go with differential privacy: its sensitivity needs public ones."
            : null;
        return new MaskedWordBudget(format, maximumWeight, members, word, noiseTail, rule);
    }

    /// <summary>The arithmetic, for people.</summary>
    public override string ToString() =>
        $"{ValueBits} value bits + {WeightBits} weight bits + {MemberBits} bits for the members + {NoiseTailBits} noise-tail bits + 1 sign bit + {GuardBits} guard bit = {Total}, "
        + $"{(Total <= (int)Word ? "at most" : "above")} {(int)Word}";

    private static int CeilLog2(BigInteger value) => (int)(value - 1).GetBitLength();
}
