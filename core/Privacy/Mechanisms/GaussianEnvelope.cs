using System.Numerics;
using System.Runtime.CompilerServices;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// A staircase over ρ(x) = exp(-x²/2σ²), x = 0, 1, 2, ...: columns of 2^<see cref="Shift"/> whole numbers each, built of cells that are 2^-8 high, so that
/// every cell has the same area and a uniform cell with a uniform point in it is a uniform point under the staircase. A cell that lies below ρ as
/// a whole is marked as such: its points need no test. From T, the first column's start with ρ ≤ 2^-8, on the staircase is a tail of steps
/// 2^<see cref="TailShift"/> wide, each half as high as the one before, which have together twice the area of the first.
/// </summary>
/// <remarks>
/// What is drawn does not depend on how near the staircase is to ρ, only on its lying nowhere below, and on no marked cell's reaching above: both are
/// taken from the certified side of <see cref="Exponential.Bounds"/>. The tail: ρ(T + s v) = ρ(T) exp(-(2 T s v + s² v²)/2σ²) ≤ 2^-8 2^-s
/// where T v ≥ σ² ln 2.
/// </remarks>
internal sealed class GaussianEnvelope
{
    /// <summary>Marks a cell that reaches above ρ.</summary>
    public const byte Crossing = 0x80;

    /// <summary>Marks a cell of the tail.</summary>
    public const byte Tail = 0xFF;

    /// <summary>A cell is 2^-8 high.</summary>
    public const int HeightBits = 8;

    /// <summary>A cell is picked by so many bits.</summary>
    public const int PickBits = 24;

    private const int ColumnsPerSigmaBits = 4;
    private const int BoundBits = 96;

    private readonly ulong _biased; // 2^24 mod cells: so many of the 2^24 picks would favour a cell

    /// <summary>The staircase of a variance in [1/4, 2^80].</summary>
    public GaussianEnvelope(Rational variance)
    {
        // The widest columns of which 16 are no wider than σ: 4 to 10 thousand cells, which fit the first-level cache, and 3 to 6 in a hundred cross ρ.
        while (Rational.Of(BigInteger.One << (2 * (ColumnsPerSigmaBits + Shift + 1))) <= variance)
            Shift++;
        var cells = new List<byte>();
        var first = new List<int>();
        for (var column = 0; ; column++)
        {
            var height = Height(column, variance);
            if (height == 1)
                break;
            first.Add(cells.Count);
            var inside = Inside(column, variance);
            for (var cell = 0; cell < height; cell++)
                cells.Add((byte)(cell < inside ? column : column | Crossing));
        }

        TailStart = (long)first.Count << Shift;
        TailShift = Shift;
        while (Rational.Of(10 * ((BigInteger)TailStart << TailShift)) < variance * Rational.Of(7)) // ln 2 < 7/10
            TailShift++;
        cells.AddRange(Enumerable.Repeat(Tail, 2 << (TailShift - Shift)));
        (Cells, FirstCell) = ([.. cells], [.. first]);
        _biased = (1UL << PickBits) % (ulong)Cells.Length;
    }

    /// <summary>Per cell its column, with marks.</summary>
    public byte[] Cells { get; }

    /// <summary>Per column the index of its lowest cell.</summary>
    public int[] FirstCell { get; }

    /// <summary>A column is 2^Shift wide.</summary>
    public int Shift { get; }

    /// <summary>Where the tail starts: T.</summary>
    public long TailStart { get; }

    /// <summary>The tail's steps are 2^TailShift wide.</summary>
    public int TailShift { get; }

    /// <summary>The cell that 24 uniform bits pick, each with the same probability; -1 for the few picks that are left over (Lemire 2019, algorithm 5).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Pick(ulong bits)
    {
        var product = bits * (ulong)Cells.Length;
        return (product & ((1UL << PickBits) - 1)) < _biased ? -1 : (int)(product >> PickBits);
    }

    // Cells up to the top of ρ in the column: ρ is greatest at its first number.
    private int Height(int column, Rational variance)
    {
        var upper = At((BigInteger)column << Shift, variance).Upper;
        var step = BoundBits - HeightBits;
        return (int)(upper + (BigInteger.One << step) - 1 >> step);
    }

    // Cells below ρ in the whole column: ρ is least at its last number.
    private int Inside(int column, Rational variance) =>
        (int)(At(((BigInteger)(column + 1) << Shift) - 1, variance).Lower >> (BoundBits - HeightBits));

    private static (BigInteger Lower, BigInteger Upper) At(BigInteger x, Rational variance) =>
        Exponential.Bounds(x * x * variance.Denominator, 2 * variance.Numerator, BoundBits);
}
