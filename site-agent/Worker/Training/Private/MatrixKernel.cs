using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>A matrix within an array: element (i, j) is at i × row + j × column.</summary>
internal readonly record struct MatrixView(Memory<float> Values, int Row, int Column = 1);

/// <summary>
/// Matrix products of which every element is computed by itself: from its start, products are added one after the other, in the order of the inner dimension, each fused with its
/// addition. So an element's bits depend on its own row and column and on nothing else: not on where in the matrix they lie, how many others there are, or
/// how wide this machine's vectors are. Patients' privacy rests on that (<see cref="ClippedGradients"/>), which is why no library's product is used here: those choose their order by shape.
/// </summary>
internal static class MatrixKernel
{
    /// <summary>Columns come in multiples of it.</summary>
    public const int Lanes = 16;

    private const int TileRows = 8;

    /// <summary>The least multiple of <see cref="Lanes"/> that is not below a width.</summary>
    public static int Padded(int width) => (width + Lanes - 1) / Lanes * Lanes;

    /// <summary>result[i, j] = start[i, j] + Σ_k left[i, k] right[k, j], k ascending.</summary>
    /// <param name="left">[rows, depth].</param>
    /// <param name="right">[depth, columns], its columns side by side.</param>
    /// <param name="start">[rows, columns], its columns side by side; may be the result.</param>
    /// <param name="result">[rows, columns], its columns side by side.</param>
    /// <param name="rows">From 1.</param>
    /// <param name="depth">From 1.</param>
    /// <param name="columns">A multiple of <see cref="Lanes"/>.</param>
    public static void Multiply(MatrixView left, MatrixView right, MatrixView start, MatrixView result, int rows, int depth, int columns)
    {
        if (columns % Lanes != 0 || right.Column != 1 || start.Column != 1 || result.Column != 1)
            throw new ArgumentException("Columns lie side by side, in whole vectors.", nameof(columns));
        ref var a = ref Corner(left, rows, depth);
        ref var b = ref Corner(right, depth, columns);
        ref var s = ref Corner(start, rows, columns);
        ref var c = ref Corner(result, rows, columns);

        // Columns outside: two vectors' width of the right matrix stays in the first-level cache while all rows pass by.
        for (var column = 0; column < columns; column += 2 * Lanes)
        {
            var single = column + Lanes == columns;
            ref var bTile = ref Unsafe.Add(ref b, column);
            var row = 0;
            for (; row + TileRows <= rows; row += TileRows)
            {
                ref var aTile = ref Unsafe.Add(ref a, row * left.Row);
                ref var sTile = ref Unsafe.Add(ref s, (row * start.Row) + column);
                ref var cTile = ref Unsafe.Add(ref c, (row * result.Row) + column);
                if (single)
                    Tile8x1(ref aTile, left.Row, left.Column, ref bTile, right.Row, ref sTile, start.Row, ref cTile, result.Row, depth);
                else
                    Tile8x2(ref aTile, left.Row, left.Column, ref bTile, right.Row, ref sTile, start.Row, ref cTile, result.Row, depth);
            }

            for (; row < rows; row++)
            {
                ref var aTile = ref Unsafe.Add(ref a, row * left.Row);
                for (var part = column; part < Math.Min(columns, column + (2 * Lanes)); part += Lanes)
                    Tile1x1(ref aTile, left.Column, ref Unsafe.Add(ref b, part), right.Row, ref Unsafe.Add(ref s, (row * start.Row) + part), ref Unsafe.Add(ref c, (row * result.Row) + part), depth);
            }
        }
    }

    /// <summary>Σ one[i] other[i], in float32, over a multiple of <see cref="Lanes"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Dot(ReadOnlySpan<float> one, ReadOnlySpan<float> other)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(other.Length, one.Length);
        ref var x = ref MemoryMarshal.GetReference(one);
        ref var y = ref MemoryMarshal.GetReference(other);
        var sum = Vector512<float>.Zero;
        for (var i = 0; i < one.Length; i += Lanes)
            sum = Vector512.FusedMultiplyAdd(Vector512.LoadUnsafe(ref x, (nuint)i), Vector512.LoadUnsafe(ref y, (nuint)i), sum);
        // Lanes in an order of our own: a library's depends on how wide this machine's vectors are.
        var eight = sum.GetLower() + sum.GetUpper();
        var four = eight.GetLower() + eight.GetUpper();
        var two = four + Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1));
        return two[0] + two[1];
    }

    /// <summary>Multiplies values with a factor, over a multiple of <see cref="Lanes"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scale(Span<float> values, float factor)
    {
        ref var x = ref MemoryMarshal.GetReference(values);
        for (var i = 0; i < values.Length; i += Lanes)
            (Vector512.LoadUnsafe(ref x, (nuint)i) * factor).StoreUnsafe(ref x, (nuint)i);
    }

    // The first element, once the last is known to lie within.
    private static ref float Corner(MatrixView matrix, int rows, int columns)
    {
        var needed = checked(((rows - 1) * matrix.Row) + ((columns - 1) * matrix.Column) + 1);
        if (matrix.Values.Length < needed)
            throw new ArgumentException($"A matrix of {rows} times {columns} with strides {matrix.Row} and {matrix.Column} needs {needed} values; there are {matrix.Values.Length}.");
        return ref MemoryMarshal.GetReference(matrix.Values.Span);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile8x2(ref float a, int aRow, int aStep, ref float b, int bRow, ref float s, int sRow, ref float c, int cRow, int depth)
    {
        var (c00, c01) = (Load(ref s, 0), Load(ref s, Lanes));
        var (c10, c11) = (Load(ref s, sRow), Load(ref s, sRow + Lanes));
        var (c20, c21) = (Load(ref s, 2 * sRow), Load(ref s, (2 * sRow) + Lanes));
        var (c30, c31) = (Load(ref s, 3 * sRow), Load(ref s, (3 * sRow) + Lanes));
        var (c40, c41) = (Load(ref s, 4 * sRow), Load(ref s, (4 * sRow) + Lanes));
        var (c50, c51) = (Load(ref s, 5 * sRow), Load(ref s, (5 * sRow) + Lanes));
        var (c60, c61) = (Load(ref s, 6 * sRow), Load(ref s, (6 * sRow) + Lanes));
        var (c70, c71) = (Load(ref s, 7 * sRow), Load(ref s, (7 * sRow) + Lanes));
        nint one = aRow, three = 3 * one;
        ref var a4 = ref Unsafe.Add(ref a, 4 * one);
        for (; depth > 0; depth--)
        {
            var (b0, b1) = (Load(ref b, 0), Load(ref b, Lanes));
            var broadcast = Vector512.Create(a);
            (c00, c01) = (Vector512.FusedMultiplyAdd(broadcast, b0, c00), Vector512.FusedMultiplyAdd(broadcast, b1, c01));
            broadcast = Vector512.Create(Unsafe.Add(ref a, one));
            (c10, c11) = (Vector512.FusedMultiplyAdd(broadcast, b0, c10), Vector512.FusedMultiplyAdd(broadcast, b1, c11));
            broadcast = Vector512.Create(Unsafe.Add(ref a, 2 * one));
            (c20, c21) = (Vector512.FusedMultiplyAdd(broadcast, b0, c20), Vector512.FusedMultiplyAdd(broadcast, b1, c21));
            broadcast = Vector512.Create(Unsafe.Add(ref a, three));
            (c30, c31) = (Vector512.FusedMultiplyAdd(broadcast, b0, c30), Vector512.FusedMultiplyAdd(broadcast, b1, c31));
            broadcast = Vector512.Create(a4);
            (c40, c41) = (Vector512.FusedMultiplyAdd(broadcast, b0, c40), Vector512.FusedMultiplyAdd(broadcast, b1, c41));
            broadcast = Vector512.Create(Unsafe.Add(ref a4, one));
            (c50, c51) = (Vector512.FusedMultiplyAdd(broadcast, b0, c50), Vector512.FusedMultiplyAdd(broadcast, b1, c51));
            broadcast = Vector512.Create(Unsafe.Add(ref a4, 2 * one));
            (c60, c61) = (Vector512.FusedMultiplyAdd(broadcast, b0, c60), Vector512.FusedMultiplyAdd(broadcast, b1, c61));
            broadcast = Vector512.Create(Unsafe.Add(ref a4, three));
            (c70, c71) = (Vector512.FusedMultiplyAdd(broadcast, b0, c70), Vector512.FusedMultiplyAdd(broadcast, b1, c71));
            a = ref Unsafe.Add(ref a, aStep);
            a4 = ref Unsafe.Add(ref a4, aStep);
            b = ref Unsafe.Add(ref b, bRow);
        }

        Store(ref c, 0, c00, c01);
        Store(ref c, cRow, c10, c11);
        Store(ref c, 2 * cRow, c20, c21);
        Store(ref c, 3 * cRow, c30, c31);
        Store(ref c, 4 * cRow, c40, c41);
        Store(ref c, 5 * cRow, c50, c51);
        Store(ref c, 6 * cRow, c60, c61);
        Store(ref c, 7 * cRow, c70, c71);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile8x1(ref float a, int aRow, int aStep, ref float b, int bRow, ref float s, int sRow, ref float c, int cRow, int depth)
    {
        var (c0, c1, c2, c3) = (Load(ref s, 0), Load(ref s, sRow), Load(ref s, 2 * sRow), Load(ref s, 3 * sRow));
        var (c4, c5, c6, c7) = (Load(ref s, 4 * sRow), Load(ref s, 5 * sRow), Load(ref s, 6 * sRow), Load(ref s, 7 * sRow));
        nint one = aRow, three = 3 * one;
        ref var a4 = ref Unsafe.Add(ref a, 4 * one);
        for (; depth > 0; depth--)
        {
            var row = Load(ref b, 0);
            c0 = Vector512.FusedMultiplyAdd(Vector512.Create(a), row, c0);
            c1 = Vector512.FusedMultiplyAdd(Vector512.Create(Unsafe.Add(ref a, one)), row, c1);
            c2 = Vector512.FusedMultiplyAdd(Vector512.Create(Unsafe.Add(ref a, 2 * one)), row, c2);
            c3 = Vector512.FusedMultiplyAdd(Vector512.Create(Unsafe.Add(ref a, three)), row, c3);
            c4 = Vector512.FusedMultiplyAdd(Vector512.Create(a4), row, c4);
            c5 = Vector512.FusedMultiplyAdd(Vector512.Create(Unsafe.Add(ref a4, one)), row, c5);
            c6 = Vector512.FusedMultiplyAdd(Vector512.Create(Unsafe.Add(ref a4, 2 * one)), row, c6);
            c7 = Vector512.FusedMultiplyAdd(Vector512.Create(Unsafe.Add(ref a4, three)), row, c7);
            a = ref Unsafe.Add(ref a, aStep);
            a4 = ref Unsafe.Add(ref a4, aStep);
            b = ref Unsafe.Add(ref b, bRow);
        }

        c0.StoreUnsafe(ref c);
        c1.StoreUnsafe(ref c, (nuint)cRow);
        c2.StoreUnsafe(ref c, (nuint)(2 * cRow));
        c3.StoreUnsafe(ref c, (nuint)(3 * cRow));
        c4.StoreUnsafe(ref c, (nuint)(4 * cRow));
        c5.StoreUnsafe(ref c, (nuint)(5 * cRow));
        c6.StoreUnsafe(ref c, (nuint)(6 * cRow));
        c7.StoreUnsafe(ref c, (nuint)(7 * cRow));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile1x1(ref float a, int aStep, ref float b, int bRow, ref float s, ref float c, int depth)
    {
        var sum = Load(ref s, 0);
        for (; depth > 0; depth--)
        {
            sum = Vector512.FusedMultiplyAdd(Vector512.Create(a), Load(ref b, 0), sum);
            a = ref Unsafe.Add(ref a, aStep);
            b = ref Unsafe.Add(ref b, bRow);
        }

        sum.StoreUnsafe(ref c);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Load(ref float origin, int offset) => Vector512.LoadUnsafe(ref origin, (nuint)offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(ref float origin, int offset, Vector512<float> first, Vector512<float> second)
    {
        first.StoreUnsafe(ref origin, (nuint)offset);
        second.StoreUnsafe(ref origin, (nuint)(offset + Lanes));
    }
}
