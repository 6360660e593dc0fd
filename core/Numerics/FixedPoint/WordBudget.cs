using System.Numerics;

namespace FederatedClinicalMl.Numerics;

/// <summary>
/// Whether the exact sum of a run's updates fits a 64-bit word: |sum| ≤ greatest code × total weight &lt; 2^(value bits + weight bits), and
/// value bits + weight bits must stay below 63. Asked before a run starts, so that no round can overflow.
/// </summary>
/// <param name="ValueBits">Bits of the greatest code.</param>
/// <param name="WeightBits">Bits of the greatest total weight.</param>
public readonly record struct WordBudget(int ValueBits, int WeightBits)
{
    private const int Word = 63;

    /// <summary>The budget of updates in <paramref name="format"/> whose weights add up to at most <paramref name="maximumTotalWeight"/>.</summary>
    public static WordBudget Of(UpdateFormat format, long maximumTotalWeight)
    {
        ArgumentNullException.ThrowIfNull(format);
        ArgumentOutOfRangeException.ThrowIfLessThan(maximumTotalWeight, 1);
        return new WordBudget(BitsOf(format.MaximumCode), BitsOf(maximumTotalWeight));
    }

    /// <summary>Whether every sum fits.</summary>
    public bool Fits => ValueBits + WeightBits < Word;

    /// <summary>The arithmetic, for people.</summary>
    public override string ToString() =>
        $"{ValueBits} value bits + {WeightBits} weight bits = {ValueBits + WeightBits}, {(Fits ? "below" : "not below")} {Word}";

    private static int BitsOf(long value) => 64 - BitOperations.LeadingZeroCount((ulong)value);
}
