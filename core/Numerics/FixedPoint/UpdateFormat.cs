using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace FederatedClinicalMl.Numerics;

/// <summary>
/// How the values of an update become integers on a public grid, and those integers bytes. Sums are made of the integers, so that they
/// are exact and no order of arrival can change them.
/// <list type="bullet">
/// <item><c>fixed8|16|24|32</c>: code = round-half-even(value × <see cref="MaximumCode"/> / range), two's complement, little-endian,
/// 1 to 4 bytes; codes lie in [-(2^(bits-1) - 1), 2^(bits-1) - 1], so -2^(bits-1) is refused.</item>
/// <item><c>float32</c>: IEEE 754 binary32, little-endian; magnitudes up to 64; its code is round-half-even(value × 2^32).</item>
/// </list>
/// </summary>
public sealed class UpdateFormat : IEquatable<UpdateFormat>
{
    /// <summary>Greatest magnitude of a float32 value.</summary>
    public const float Float32Limit = 64;

    // 1.5 × 2^52: adding it to a double below 2^51 in magnitude rounds half to even and leaves the integer in the low bits.
    internal const double RoundingMagic = 6755399441055744.0;

    // Values per pass: the doubles and codes of a tile stay in the first-level cache.
    private const int Tile = 512;

    private readonly double _codesPerUnit;

    private UpdateFormat(string name, int bits, bool isFloat, double range, long maximumCode, double codesPerUnit, double gridStep)
    {
        if (!BitConverter.IsLittleEndian)
            throw new PlatformNotSupportedException("Updates are read in place as little-endian values; this machine is big-endian.");
        (Name, Bits, IsFloat, Range, MaximumCode, _codesPerUnit, GridStep) = (name, bits, isFloat, range, maximumCode, codesPerUnit, gridStep);
    }

    /// <summary>IEEE binary32 values of magnitude up to 64 on a grid of 2^-32.</summary>
    public static UpdateFormat Float32 { get; } =
        new("float32", 32, isFloat: true, Float32Limit, 1L << 38, Math.ScaleB(1, 32), Math.ScaleB(1, -32));

    /// <summary>Signed fixed point over [-range, range].</summary>
    /// <param name="bits">8, 16, 24 or 32.</param>
    /// <param name="range">Greatest magnitude, in [1e-30, 1e30].</param>
    /// <exception cref="ArgumentOutOfRangeException">Another number of bits, or another range.</exception>
    public static UpdateFormat Fixed(int bits, double range)
    {
        if (bits is not (8 or 16 or 24 or 32))
            throw new ArgumentOutOfRangeException(nameof(bits), bits, "Fixed point has 8, 16, 24 or 32 bits.");
        if (!(range is >= 1e-30 and <= 1e30))
            throw new ArgumentOutOfRangeException(nameof(range), range, "The range of a fixed-point format lies in [1e-30, 1e30].");
        var maximum = (1L << (bits - 1)) - 1;
        return new UpdateFormat($"fixed{bits}", bits, isFloat: false, range, maximum, maximum / range, range / maximum);
    }

    /// <summary>Name as in a release's manifest: "fixed8", "fixed16", "fixed24", "fixed32" or "float32".</summary>
    public string Name { get; }

    /// <summary>Bits of one value.</summary>
    public int Bits { get; }

    /// <summary>Bytes of one value.</summary>
    public int BytesPerValue => Bits / 8;

    /// <summary>Whether payloads hold IEEE binary32 values rather than codes.</summary>
    public bool IsFloat { get; }

    /// <summary>Greatest magnitude of a value.</summary>
    public double Range { get; }

    /// <summary>Greatest magnitude of a code.</summary>
    public long MaximumCode { get; }

    /// <summary>What one code is worth.</summary>
    public double GridStep { get; }

    /// <summary>Bytes of an update of <paramref name="dimension"/> values.</summary>
    public long PayloadLength(int dimension) => (long)dimension * BytesPerValue;

    /// <summary>
    /// Encodes values; one outside the range becomes the nearest within it, and is counted.
    /// </summary>
    /// <param name="values">Finite values.</param>
    /// <param name="payload">Receives exactly <see cref="PayloadLength"/> bytes.</param>
    /// <returns>How many values were outside the range.</returns>
    /// <exception cref="NotFiniteNumberException">A value is NaN or infinite; the payload is not to be used.</exception>
    public long Encode(ReadOnlySpan<float> values, Span<byte> payload)
    {
        CheckLength(values.Length, payload.Length);
        Span<double> tile = stackalloc double[Tile];
        var saturated = 0L;
        for (var start = 0; start < values.Length; start += Tile)
        {
            var part = values.Slice(start, Math.Min(Tile, values.Length - start));
            TensorPrimitives.ConvertChecked(part, tile);
            saturated += EncodeTile(tile[..part.Length], payload.Slice(start * BytesPerValue, part.Length * BytesPerValue), start);
        }

        return saturated;
    }

    /// <inheritdoc cref="Encode(ReadOnlySpan{float}, Span{byte})"/>
    public long Encode(ReadOnlySpan<double> values, Span<byte> payload)
    {
        CheckLength(values.Length, payload.Length);
        var saturated = 0L;
        for (var start = 0; start < values.Length; start += Tile)
        {
            var part = values.Slice(start, Math.Min(Tile, values.Length - start));
            saturated += EncodeTile(part, payload.Slice(start * BytesPerValue, part.Length * BytesPerValue), start);
        }

        return saturated;
    }

    /// <summary>The values that a payload's codes stand for.</summary>
    /// <param name="payload">Whole values, without faults.</param>
    /// <param name="values">Receives one value each.</param>
    public void Decode(ReadOnlySpan<byte> payload, Span<double> values)
    {
        CheckLength(values.Length, payload.Length);
        Span<int> codes = stackalloc int[Tile];
        for (var start = 0; start < values.Length; start += Tile)
        {
            var count = Math.Min(Tile, values.Length - start);
            var bytes = payload.Slice(start * BytesPerValue, count * BytesPerValue);
            if (IsFloat)
            {
                TensorPrimitives.ConvertChecked(MemoryMarshal.Cast<byte, float>(bytes), values[start..]);
                continue;
            }

            var read = Codes(bytes, codes);
            for (var i = 0; i < count; i++)
                values[start + i] = read[i] * GridStep;
        }
    }

    /// <summary>
    /// Looks for the first value that a payload must not hold. Blocks may be cut anywhere between two values.
    /// </summary>
    /// <param name="block">Whole values.</param>
    /// <returns>The first fault, its index counted from the start of the block; null where there is none.</returns>
    /// <exception cref="ArgumentException">The block ends within a value.</exception>
    public PayloadFault? FirstFault(ReadOnlySpan<byte> block)
    {
        if (block.Length % BytesPerValue != 0)
            throw new ArgumentException($"A block of {Name} must hold whole values of {BytesPerValue} bytes; this one has {block.Length} bytes.", nameof(block));
        if (IsFloat)
            return FirstFloatFault(MemoryMarshal.Cast<byte, float>(block));
        var index = Bits switch
        {
            8 => MemoryMarshal.Cast<byte, sbyte>(block).IndexOf(sbyte.MinValue),
            16 => MemoryMarshal.Cast<byte, short>(block).IndexOf(short.MinValue),
            24 => FirstInvalid24(block),
            _ => MemoryMarshal.Cast<byte, int>(block).IndexOf(int.MinValue),
        };
        return index < 0 ? null : new PayloadFault(index, PayloadFaultKind.InvalidCode);
    }

    /// <summary>The codes of a fixed-point block: read in place for 32 bits, else widened into <paramref name="room"/>.</summary>
    /// <param name="block">Whole values, without faults.</param>
    /// <param name="room">As many codes.</param>
    public ReadOnlySpan<int> Codes(ReadOnlySpan<byte> block, Span<int> room)
    {
        switch (Bits)
        {
            case 8:
                TensorPrimitives.ConvertChecked(MemoryMarshal.Cast<byte, sbyte>(block), room);
                break;
            case 16:
                TensorPrimitives.ConvertChecked(MemoryMarshal.Cast<byte, short>(block), room);
                break;
            case 24:
                Unpack24(block, room);
                break;
            default:
                return MemoryMarshal.Cast<byte, int>(block);
        }

        return room[..(block.Length / BytesPerValue)];
    }

    /// <inheritdoc/>
    public bool Equals(UpdateFormat? other) => other is not null && other.Name == Name && other.Range.Equals(Range);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as UpdateFormat);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Range);

    /// <inheritdoc/>
    public override string ToString() => IsFloat ? Name : $"{Name} over ±{Range:R}";

    private void CheckLength(int values, int bytes)
    {
        if (bytes != PayloadLength(values))
            throw new ArgumentException($"{values} values of {Name} fill {PayloadLength(values)} bytes; the payload has {bytes}.");
    }

    private long EncodeTile(ReadOnlySpan<double> values, Span<byte> payload, int start)
    {
        if (IsFloat)
            return EncodeFloats(values, MemoryMarshal.Cast<byte, float>(payload), start);
        Span<int> room = stackalloc int[Tile];
        var codes = Bits == 32 ? MemoryMarshal.Cast<byte, int>(payload) : room[..values.Length];
        var saturated = Quantise(values, codes, start);
        switch (Bits)
        {
            case 8:
                TensorPrimitives.ConvertTruncating<int, sbyte>(codes, MemoryMarshal.Cast<byte, sbyte>(payload));
                break;
            case 16:
                TensorPrimitives.ConvertTruncating<int, short>(codes, MemoryMarshal.Cast<byte, short>(payload));
                break;
            case 24:
                Pack24(codes, payload);
                break;
        }

        return saturated;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private long Quantise(ReadOnlySpan<double> values, Span<int> codes, int start)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(codes.Length, values.Length);
        var saturated = 0L;
        var i = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            var outside = Vector512<long>.Zero;
            var finite = Vector512<double>.AllBitsSet;
            ref var source = ref MemoryMarshal.GetReference(values); // the loop's bound and the check above prove every access to be within the spans
            ref var target = ref MemoryMarshal.GetReference(codes);
            for (; i <= values.Length - Vector512<int>.Count; i += Vector512<int>.Count)
            {
                var low = Quantise(Vector512.LoadUnsafe(ref source, (nuint)i), ref finite, ref outside);
                var high = Quantise(Vector512.LoadUnsafe(ref source, (nuint)(i + Vector512<double>.Count)), ref finite, ref outside);
                Vector512.Narrow(low, high).StoreUnsafe(ref target, (nuint)i);
            }

            if (!Vector512.EqualsAll(finite.AsInt64(), Vector512<long>.AllBitsSet))
                throw NotFinite(values, start);
            saturated -= Vector512.Sum(outside); // a comparison's true is -1
        }

        for (; i < values.Length; i++)
        {
            if (!double.IsFinite(values[i]))
                throw NotFinite(values, start);
            if (Math.Abs(values[i]) > Range)
                saturated++;
            codes[i] = (int)Math.Round(Math.Clamp(values[i] * _codesPerUnit, -MaximumCode, MaximumCode), MidpointRounding.ToEven);
        }

        return saturated;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector512<long> Quantise(Vector512<double> values, ref Vector512<double> finite, ref Vector512<long> outside)
    {
        var magnitude = Vector512.Abs(values);
        finite &= Vector512.LessThanOrEqual(magnitude, Vector512.Create(double.MaxValue));
        outside += Vector512.GreaterThan(magnitude, Vector512.Create(Range)).AsInt64();
        var limit = Vector512.Create((double)MaximumCode);
        var scaled = Vector512.MinNative(Vector512.MaxNative(values * Vector512.Create(_codesPerUnit), -limit), limit);
        return (scaled + Vector512.Create(RoundingMagic)).AsInt64();
    }

    private static long EncodeFloats(ReadOnlySpan<double> values, Span<float> payload, int start)
    {
        var saturated = 0L;
        for (var i = 0; i < values.Length; i++)
        {
            if (!double.IsFinite(values[i]))
                throw NotFinite(values, start);
            if (Math.Abs(values[i]) > Float32Limit)
                saturated++;
            payload[i] = (float)Math.Clamp(values[i], -Float32Limit, Float32Limit);
        }

        return saturated;
    }

    private static NotFiniteNumberException NotFinite(ReadOnlySpan<double> tile, int start)
    {
        var index = 0;
        while (double.IsFinite(tile[index]))
            index++;
        return new NotFiniteNumberException(
            $"Coordinate {start + index} of the update is {(double.IsNaN(tile[index]) ? "NaN" : "infinite")}: training diverged. Lower the learning rate, or check the features' plausible ranges.");
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static PayloadFault? FirstFloatFault(ReadOnlySpan<float> values)
    {
        // Without its sign bit a float's bits grow with its magnitude, and infinities and NaNs lie above all numbers: one comparison finds all faults.
        const int magnitudeBits = 0x7FFFFFFF;
        var limit = BitConverter.SingleToInt32Bits(Float32Limit);
        var bits = MemoryMarshal.Cast<float, int>(values);
        var i = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            while (i <= bits.Length - Vector512<int>.Count
                && !Vector512.GreaterThanAny(Vector512.Create(bits.Slice(i, Vector512<int>.Count)) & Vector512.Create(magnitudeBits), Vector512.Create(limit)))
                i += Vector512<int>.Count;
        }

        while (i < bits.Length && (bits[i] & magnitudeBits) <= limit)
            i++;
        if (i == bits.Length)
            return null;
        return new PayloadFault(i, float.IsNaN(values[i]) ? PayloadFaultKind.NotANumber
            : float.IsInfinity(values[i]) ? PayloadFaultKind.Infinite
            : PayloadFaultKind.OutOfRange);
    }

    private static int FirstInvalid24(ReadOnlySpan<byte> block)
    {
        Span<int> codes = stackalloc int[Tile];
        for (var start = 0; start < block.Length; start += 3 * Tile)
        {
            var part = block[start..Math.Min(block.Length, start + (3 * Tile))];
            Unpack24(part, codes);
            var index = codes[..(part.Length / 3)].IndexOf(-(1 << 23));
            if (index >= 0)
                return (start / 3) + index;
        }

        return -1;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Unpack24(ReadOnlySpan<byte> block, Span<int> codes)
    {
        var count = block.Length / 3;
        var i = 0;
        if (Vector128.IsHardwareAccelerated)
        {
            // Each 3 bytes go to the upper three of 4, then an arithmetic shift brings them down with their sign.
            var places = Vector128.Create((byte)255, 0, 1, 2, 255, 3, 4, 5, 255, 6, 7, 8, 255, 9, 10, 11);
            for (; (3 * i) + Vector128<byte>.Count <= block.Length; i += 4)
                (Vector128.Shuffle(Vector128.Create(block.Slice(3 * i, 16)), places).AsInt32() >> 8).CopyTo(codes[i..]);
        }

        for (; i < count; i++)
            codes[i] = block[3 * i] | (block[(3 * i) + 1] << 8) | ((sbyte)block[(3 * i) + 2] << 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pack24(ReadOnlySpan<int> codes, Span<byte> block)
    {
        var i = 0;
        if (Vector128.IsHardwareAccelerated)
        {
            var places = Vector128.Create((byte)0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 255, 255, 255, 255);
            for (; (3 * i) + Vector128<byte>.Count <= block.Length; i += 4) // the last 4 of 16 bytes are written again by the next
                Vector128.Shuffle(Vector128.Create(codes.Slice(i, 4)).AsByte(), places).CopyTo(block[(3 * i)..]);
        }

        for (; i < codes.Length; i++)
        {
            block[3 * i] = (byte)codes[i];
            block[(3 * i) + 1] = (byte)(codes[i] >> 8);
            block[(3 * i) + 2] = (byte)(codes[i] >> 16);
        }
    }
}

/// <summary>What is wrong with a payload.</summary>
/// <param name="Index">Index of the value.</param>
/// <param name="Kind">What it is.</param>
public readonly record struct PayloadFault(int Index, PayloadFaultKind Kind);

/// <summary>Values that a payload must not hold.</summary>
public enum PayloadFaultKind
{
    /// <summary>NaN.</summary>
    NotANumber,

    /// <summary>An infinity.</summary>
    Infinite,

    /// <summary>A magnitude above the format's range.</summary>
    OutOfRange,

    /// <summary>The code -2^(bits-1), which no encoder writes.</summary>
    InvalidCode,
}
