using System.Numerics;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// exp(-γ) of a fraction γ ≥ 0 between two whole numbers as near to each other as is asked for, and coins that fall by it. Whole numbers alone, so that
/// nothing rests on a floating-point exponential (Mironov 2012, "On significance of the least significant bits for differential privacy").
/// </summary>
internal static class Exponential
{
    /// <summary>
    /// Whole numbers with Lower ≤ 2^bits exp(-numerator/denominator) ≤ Upper. They are some units apart; more bits bring them nearer. Equal for γ = 0.
    /// </summary>
    /// <remarks>
    /// r = γ/2^k ≤ 1/2 is cut to p bits, which makes exp(-r) greater by at most a unit of 2^-p. The terms t_i = r^i/i! of its alternating series are
    /// cut too: each lies below its true value by less than e_i ≤ e_(i-1) r/i + 1 ≤ 2 units, and what is left out once a cut term is 0 is below 4.
    /// So n terms are within 2n + 5 units. k squarings follow, the lower bound's rounded down and the upper one's up.
    /// </remarks>
    public static (BigInteger Lower, BigInteger Upper) Bounds(BigInteger numerator, BigInteger denominator, int bits)
    {
        if (numerator.IsZero)
            return (BigInteger.One << bits, BigInteger.One << bits);
        var halvings = Math.Max(0, (int)(numerator.GetBitLength() - denominator.GetBitLength()) + 2);
        var precision = bits + (2 * halvings) + 16;
        var one = BigInteger.One << precision;
        var reduced = (numerator << precision) / (denominator << halvings);
        var (sum, term, terms) = (BigInteger.Zero, one, 0);
        while (!term.IsZero)
        {
            sum += (terms & 1) == 0 ? term : -term;
            terms++;
            term = (term * reduced >> precision) / terms;
        }

        var error = (2 * terms) + 5;
        var (lower, upper) = (BigInteger.Max(sum - error, BigInteger.Zero), BigInteger.Min(sum + error, one));
        for (var i = 0; i < halvings; i++)
            (lower, upper) = (lower * lower >> precision, (upper * upper >> precision) + 1);
        return (lower >> (precision - bits), (upper >> (precision - bits)) + 1);
    }

    /// <summary>
    /// Whether a uniform number y of [0, 1) lies below exp(-numerator/denominator), where y's first bits are known and the rest are read from the
    /// stream as they are needed. Exact: it answers only once no further bit could change the answer, which happens with probability 1
    /// because y has no last bit; about one time in 2^60 more than the first 64 are read.
    /// </summary>
    /// <param name="known">y's first bits, as a whole number.</param>
    /// <param name="bits">How many they are.</param>
    /// <param name="numerator">Of γ, from 0.</param>
    /// <param name="denominator">Of γ, from 1.</param>
    /// <param name="stream">Where y's further bits come from.</param>
    public static bool IsAbove(BigInteger known, int bits, BigInteger numerator, BigInteger denominator, KeyStream stream)
    {
        while (true)
        {
            var (lower, upper) = Bounds(numerator, denominator, bits);
            if (known < lower)
                return true;
            if (known >= upper)
                return false;
            known = (known << 64) | stream.NextUInt64();
            bits += 64;
        }
    }

    /// <summary>A coin that falls heads with probability exp(-numerator/denominator), exactly.</summary>
    public static bool Coin(BigInteger numerator, BigInteger denominator, KeyStream stream) =>
        IsAbove(stream.NextUInt64(), 64, numerator, denominator, stream);
}
