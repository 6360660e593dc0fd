using System.Numerics;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// ρ(x) = exp(-x²/2σ²) in 64-bit whole numbers, for the one draw in some twenty that must compare a point with it: what is within the margin of error is left to
/// <see cref="Exponential"/>, so that the speed costs no exactness.
/// </summary>
internal sealed class GaussianDensity
{
    /// <summary>How far, in units of 2^-64, <see cref="Near"/> is from ρ at most.</summary>
    public const ulong Margin = 1024;

    private const int StepBits = 56; // the table's steps are 2^56/2^60 = 1/16 apart

    private readonly ulong[] _table;
    private readonly ulong _scale;
    private readonly int _shift;

    /// <summary>ρ of a variance in [1/4, 2^80].</summary>
    public GaussianDensity(Rational variance)
    {
        // scale = floor(2^p/(σ √2)), p such that it has 63 bits.
        var p = 0;
        do
            p++;
        while (Scale(variance, p).GetBitLength() < 63);
        (_scale, _shift) = ((ulong)Scale(variance, p), p - 60);
        _table = [.. Enumerable.Range(0, 7 * 16).Select(i => (ulong)BigInteger.Min(Exponential.Bounds(i, 16, 64).Lower, ulong.MaxValue))];
    }

    /// <summary>2^64 ρ(x), within <see cref="Margin"/>, for x below 3.5 σ.</summary>
    /// <remarks>
    /// Columns end below 3.4 σ, so that t = x/(σ √2) &lt; 2.5. In units of 2^-60, t is cut by less than 2: its scale, of 63 bits, is off by at most 2^-62 of
    /// itself, and the shift drops less than a unit. So γ = t² is cut by less than 2 · 2.5 · 2 + 1 = 11, which makes exp(-γ) too great by less than
    /// 11 · 16 = 176 units of 2^-64. The table's entry is too small by less than 4, the series is off by less than 8 (its 11 steps cut less than 3 each, of
    /// which the next keeps a sixteenth at most; what is left out is below 2^-70), the product by 1: together below 200.
    /// </remarks>
    public ulong Near(ulong x)
    {
        var t = (ulong)(((UInt128)x * _scale) >> _shift);
        var gamma = (ulong)(((UInt128)t * t) >> 60);
        var rest = (gamma & ((1UL << StepBits) - 1)) << 4; // r = γ - i/16, in units of 2^-64
        var series = 0UL; // 1 - exp(-r) = r/1 (1 - r/2 (1 - r/3 (...)))
        for (var n = 11UL; n >= 1; n--)
            series = Math.BigMul(rest / n, ulong.MaxValue - series, out _);
        return Math.BigMul(_table[gamma >> StepBits], ulong.MaxValue - series, out _);
    }

    private static BigInteger Scale(Rational variance, int p) =>
        IntegerRoot.Floor((variance.Denominator << (2 * p)) / (2 * variance.Numerator));
}
