using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace FederatedClinicalMl.Numerics;

/// <summary>
/// The exact weighted sum of updates: one 64-bit integer per coordinate, whatever the number of sites. Integers add up to the same bits in
/// any order, so neither the order of arrival nor the cutting into blocks nor the hardware can change a result. Not for use by several
/// threads at once.
/// </summary>
/// <remarks>
/// Several contributions may be open at a time: a caller that folds block by block, all sites within each block, keeps the sums of the
/// block in the cache and reads memory once.
/// </remarks>
public sealed class ExactVectorSum
{
    private readonly long[] _sum;
    private readonly long _maximumTotalWeight;
    private long _pledgedWeight;
    private int _open;

    /// <summary>An empty sum.</summary>
    /// <param name="format">The format of every update.</param>
    /// <param name="dimension">Number of coordinates, from 1.</param>
    /// <param name="maximumTotalWeight">What the weights may add up to, from 1.</param>
    /// <exception cref="ArgumentException">Such a sum might overflow (<see cref="WordBudget"/>).</exception>
    public ExactVectorSum(UpdateFormat format, int dimension, long maximumTotalWeight)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dimension, 1);
        var budget = WordBudget.Of(format, maximumTotalWeight);
        if (!budget.Fits)
            throw new ArgumentException($"The sum may overflow: {budget}. Use fewer bits, or lower the weights' cap.", nameof(maximumTotalWeight));
        Format = format;
        _maximumTotalWeight = maximumTotalWeight;
        _sum = new long[dimension];
    }

    /// <summary>The format of every update.</summary>
    public UpdateFormat Format { get; }

    /// <summary>Number of coordinates.</summary>
    public int Dimension => _sum.Length;

    /// <summary>Sum of the weights of the whole contributions.</summary>
    public long TotalWeight { get; private set; }

    /// <summary>How many whole contributions the sum holds.</summary>
    public int Contributions { get; private set; }

    /// <summary>Begins to add an update.</summary>
    /// <param name="weight">How much it counts, from 1.</param>
    /// <exception cref="InvalidOperationException">The weights would exceed the total that the sum was made for.</exception>
    public Contribution Contribute(int weight)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(weight, 1);
        if (_pledgedWeight + weight > _maximumTotalWeight)
            throw new InvalidOperationException($"A weight of {weight} on top of {_pledgedWeight} exceeds the total of {_maximumTotalWeight} that this sum was made for.");
        _pledgedWeight += weight;
        _open++;
        return new Contribution(this, weight);
    }

    /// <summary>
    /// The weighted mean of coordinates [start, start + mean.Length), as sum / total weight × grid step in IEEE double, each operation rounded
    /// once: the same bits on every machine.
    /// </summary>
    /// <exception cref="InvalidOperationException">Nothing was added, or a contribution is not whole.</exception>
    public void Mean(int start, Span<double> mean)
    {
        if (Contributions == 0)
            throw new InvalidOperationException("The mean of no contributions is not defined.");
        Mean(Sum.Slice(start, mean.Length), TotalWeight, Format.GridStep, mean);
    }

    /// <summary>The sums: of each coordinate the weighted codes (<see cref="UpdateFormat.Float32"/>: the values on its grid), added up.</summary>
    /// <exception cref="InvalidOperationException">A contribution is not whole.</exception>
    public ReadOnlySpan<long> Sum => _open == 0 ? _sum : throw new InvalidOperationException($"{_open} contribution(s) are not whole; a sum of parts would be wrong.");

    /// <summary>The same mean of sums that were added elsewhere, under masks for example.</summary>
    /// <param name="sum">Exact sums of weighted codes.</param>
    /// <param name="totalWeight">Sum of the weights, from 1.</param>
    /// <param name="gridStep">What one code is worth.</param>
    /// <param name="mean">Receives as many means.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Mean(ReadOnlySpan<long> sum, long totalWeight, double gridStep, Span<double> mean)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(mean.Length, sum.Length);
        var (weight, step) = ((double)totalWeight, gridStep);
        var i = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            for (; i <= sum.Length - Vector512<long>.Count; i += Vector512<long>.Count)
                (Vector512.ConvertToDouble(Vector512.Create(sum.Slice(i, Vector512<long>.Count))) / weight * step).CopyTo(mean[i..]);
        }

        for (; i < sum.Length; i++)
            mean[i] = sum[i] / weight * step;
    }

    private void Fold(ReadOnlySpan<byte> block, int start, int weight)
    {
        var count = block.Length / Format.BytesPerValue;
        var sum = _sum.AsSpan(start, count);
        if (Format.IsFloat)
        {
            FoldFloats(MemoryMarshal.Cast<byte, float>(block), sum, weight);
            return;
        }

        if (Format.Bits == 32)
        {
            FoldCodes(MemoryMarshal.Cast<byte, int>(block), sum, weight);
            return;
        }

        const int tile = 512;
        Span<int> room = stackalloc int[tile];
        for (var done = 0; done < count; done += tile)
        {
            var part = Math.Min(tile, count - done);
            FoldCodes(Format.Codes(block.Slice(done * Format.BytesPerValue, part * Format.BytesPerValue), room), sum.Slice(done, part), weight);
        }
    }

    // In the two kernels the loop's bound proves every load and store to be within the spans, which have one length. Optimised from the first
    // call: compiled ahead of time they would be compiled again, and quickly, for the vectors of the machine at hand.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FoldCodes(ReadOnlySpan<int> codes, Span<long> sum, int weight)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(sum.Length, codes.Length);
        var i = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            ref var source = ref MemoryMarshal.GetReference(codes);
            ref var target = ref MemoryMarshal.GetReference(sum);
            var weights = Vector512.Create((long)weight);
            for (; i <= codes.Length - Vector512<int>.Count; i += Vector512<int>.Count)
            {
                var (low, high) = Vector512.Widen(Vector512.LoadUnsafe(ref source, (nuint)i));
                Add(ref target, i, low * weights);
                Add(ref target, i + Vector512<long>.Count, high * weights);
            }
        }

        for (; i < codes.Length; i++)
            sum[i] += (long)codes[i] * weight;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FoldFloats(ReadOnlySpan<float> values, Span<long> sum, int weight)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(sum.Length, values.Length);
        var scale = UpdateFormat.Float32.MaximumCode / UpdateFormat.Float32.Range;
        var i = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            ref var source = ref MemoryMarshal.GetReference(values);
            ref var target = ref MemoryMarshal.GetReference(sum);
            var weights = Vector512.Create((long)weight);
            var scales = Vector512.Create(scale);
            for (; i <= values.Length - Vector512<float>.Count; i += Vector512<float>.Count)
            {
                var (low, high) = Vector512.Widen(Vector512.LoadUnsafe(ref source, (nuint)i));
                Add(ref target, i, Round(low * scales) * weights);
                Add(ref target, i + Vector512<long>.Count, Round(high * scales) * weights);
            }
        }

        for (; i < values.Length; i++)
            sum[i] += (long)Math.Round(values[i] * scale, MidpointRounding.ToEven) * weight;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<long> Round(Vector512<double> values)
    {
        var magic = Vector512.Create(UpdateFormat.RoundingMagic);
        return (values + magic).AsInt64() - magic.AsInt64();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(ref long sum, int index, Vector512<long> addend) =>
        (Vector512.LoadUnsafe(ref sum, (nuint)index) + addend).StoreUnsafe(ref sum, (nuint)index);

    /// <summary>One update on its way into the sum, block by block from its first coordinate. Counts once it is whole.</summary>
    public sealed class Contribution
    {
        private readonly ExactVectorSum _owner;
        private readonly int _weight;

        internal Contribution(ExactVectorSum owner, int weight) => (_owner, _weight) = (owner, weight);

        /// <summary>The next coordinate.</summary>
        public int Position { get; private set; }

        /// <summary>Whether every coordinate has been added.</summary>
        public bool IsWhole => Position == _owner.Dimension;

        /// <summary>Adds the next block of the payload.</summary>
        /// <param name="block">Whole values, in the format of the sum.</param>
        /// <exception cref="InvalidDataException">
        /// The block holds a value that it must not, or is longer than what is missing. The block has not been added; as the contribution cannot
        /// become whole any more, the sum is to be thrown away.
        /// </exception>
        public void Fold(ReadOnlySpan<byte> block)
        {
            // Checked here although uploads are verified before: a staged file may have changed on disk since.
            if (_owner.Format.FirstFault(block) is { } fault)
                throw new InvalidDataException($"Coordinate {(long)Position + fault.Index} of the update is not to be summed: {fault.Kind}.");
            var count = block.Length / _owner.Format.BytesPerValue;
            if (count > _owner.Dimension - Position)
                throw new InvalidDataException($"The update has more than {_owner.Dimension} coordinates.");
            _owner.Fold(block, Position, _weight);
            Position += count;
            if (!IsWhole || count == 0)
                return;
            _owner._open--;
            _owner.Contributions++;
            _owner.TotalWeight += _weight;
        }
    }
}
