using System.Numerics;
using CsCheck;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Tests.Numerics.FixedPoint;

public sealed class UpdateFormatTests
{
    private static readonly Gen<UpdateFormat> s_formats = Gen.Select(Gen.OneOf(8, 16, 24, 32), Gen.Double[0.001, 1000], UpdateFormat.Fixed);

    [Fact]
    public void Encode_any_values_gives_the_nearest_code_of_each_whatever_the_length()
    {
        Gen.Select(s_formats, Gen.Double[-1.2, 1.2].Array[0, 1200]).Sample((format, shares) =>
        {
            var values = shares.Select(share => share * format.Range).ToArray();
            var payload = new byte[format.PayloadLength(values.Length)];

            var saturated = format.Encode(values, payload);

            Assert.Equal(values.Count(value => Math.Abs(value) > format.Range), saturated);
            for (var i = 0; i < values.Length; i++)
                Assert.Equal(NearestCode(format, values[i]), CodeAt(format, payload, i));
            Assert.Null(format.FirstFault(payload));
        }, iter: 300);
    }

    [Fact]
    public void Encode_floats_gives_the_same_bytes_as_encoding_them_as_doubles()
    {
        Gen.Select(Gen.OneOf(s_formats, Gen.Const(UpdateFormat.Float32)), Gen.Float[-100, 100].Array[0, 1200]).Sample((format, values) =>
        {
            var fromFloats = new byte[format.PayloadLength(values.Length)];
            var fromDoubles = new byte[fromFloats.Length];

            var saturated = format.Encode(values, fromFloats);

            Assert.Equal(format.Encode(values.Select(value => (double)value).ToArray(), fromDoubles), saturated);
            Assert.Equal(fromDoubles, fromFloats);
        }, iter: 200);
    }

    [Theory]
    [InlineData(0.5, 0)]
    [InlineData(1.5, 2)]
    [InlineData(2.5, 2)]
    [InlineData(-0.5, 0)]
    [InlineData(-1.5, -2)]
    [InlineData(-2.5, -2)]
    public void Encode_a_value_half_way_between_codes_takes_the_even_one(double value, int code)
    {
        var format = UpdateFormat.Fixed(8, 127); // one code per unit
        foreach (var length in (int[])[1, 16, 33]) // scalar, vector, both
        {
            var payload = new byte[length];
            format.Encode(Enumerable.Repeat(value, length).ToArray(), payload);
            Assert.All(payload, one => Assert.Equal(code, (sbyte)one));
        }
    }

    [Fact]
    public void Encode_float32_keeps_the_bits_and_saturates_above_64()
    {
        float[] values = [0.1f, -0f, 64, -64, 64.00001f, -1e30f, float.Epsilon];
        var payload = new byte[4 * values.Length];

        Assert.Equal(2, UpdateFormat.Float32.Encode(values, payload));
        var decoded = Enumerable.Range(0, values.Length).Select(i => BitConverter.ToSingle(payload, 4 * i)).ToArray();
        Assert.Equal([0.1f, -0f, 64, -64, 64, -64, float.Epsilon], decoded);
    }

    [Theory]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "infinite")]
    [InlineData(double.NegativeInfinity, "infinite")]
    public void Encode_a_value_that_is_no_number_is_refused_with_its_coordinate(double wrong, string word)
    {
        foreach (var format in (UpdateFormat[])[UpdateFormat.Fixed(8, 1), UpdateFormat.Fixed(16, 1), UpdateFormat.Fixed(24, 1), UpdateFormat.Fixed(32, 1), UpdateFormat.Float32])
        {
            foreach (var index in (int[])[0, 7, 31, 599, 1002])
            {
                var values = new double[1003];
                values[index] = wrong;
                var refusal = Assert.Throws<NotFiniteNumberException>(() => format.Encode(values, new byte[format.PayloadLength(values.Length)]));
                Assert.Contains($"Coordinate {index} ", refusal.Message, StringComparison.Ordinal);
                Assert.Contains(word, refusal.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void Decode_what_was_encoded_is_within_half_a_grid_step()
    {
        Gen.Select(s_formats, Gen.Double[-1, 1].Array[0, 600]).Sample((format, shares) =>
        {
            var values = shares.Select(share => share * format.Range).ToArray();
            var payload = new byte[format.PayloadLength(values.Length)];
            format.Encode(values, payload);
            var decoded = new double[values.Length];

            format.Decode(payload, decoded);

            // Half a step for the grid, and for doubles: codes per unit, the step, both products and this difference each round once, by at most
            // 2^-53 of the range. At 32 bits that is 5e-7 of a step, which no slack in steps would cover for every number of bits.
            var bound = (0.5 * format.GridStep) + (6 * Math.ScaleB(format.Range, -53));
            for (var i = 0; i < values.Length; i++)
                Assert.InRange(Math.Abs(decoded[i] - values[i]), 0, bound);
        }, iter: 200);
    }

    [Fact]
    public void FirstFault_of_a_code_that_no_encoder_writes_is_found_wherever_it_is()
    {
        Gen.Select(Gen.OneOf(8, 16, 24, 32), Gen.Int[1, 1500], Gen.Int[0, 1499], Gen.Int[0, 1499]).Sample((bits, length, one, other) =>
        {
            var format = UpdateFormat.Fixed(bits, 1);
            var payload = new byte[format.PayloadLength(length)];
            foreach (var index in (int[])[one % length, other % length])
                payload[((index + 1) * format.BytesPerValue) - 1] = 0x80;

            Assert.Equal(new PayloadFault(Math.Min(one % length, other % length), PayloadFaultKind.InvalidCode), format.FirstFault(payload));
        });
    }

    [Theory]
    [InlineData(float.NaN, PayloadFaultKind.NotANumber)]
    [InlineData(float.PositiveInfinity, PayloadFaultKind.Infinite)]
    [InlineData(float.NegativeInfinity, PayloadFaultKind.Infinite)]
    [InlineData(64.00001f, PayloadFaultKind.OutOfRange)]
    [InlineData(-64.00001f, PayloadFaultKind.OutOfRange)]
    public void FirstFault_of_a_float_that_must_not_be_summed_is_found_wherever_it_is(float wrong, PayloadFaultKind kind)
    {
        foreach (var index in (int[])[0, 1, 15, 16, 40])
        {
            var payload = new byte[4 * 41];
            BitConverter.TryWriteBytes(payload.AsSpan(4 * index), wrong);
            if (index < 40)
                BitConverter.TryWriteBytes(payload.AsSpan(4 * 40), float.NaN);
            Assert.Equal(new PayloadFault(index, kind), UpdateFormat.Float32.FirstFault(payload));
        }
    }

    [Fact]
    public void FirstFault_of_a_block_that_ends_within_a_value_is_an_error() =>
        Assert.Throws<ArgumentException>(() => UpdateFormat.Fixed(24, 1).FirstFault(new byte[4]));

    [Theory]
    [InlineData(12, 1)]
    [InlineData(8, 0)]
    [InlineData(8, -1)]
    [InlineData(8, double.NaN)]
    [InlineData(8, double.PositiveInfinity)]
    public void Fixed_of_other_bits_or_ranges_is_an_error(int bits, double range) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => UpdateFormat.Fixed(bits, range));

    [Theory]
    [InlineData(32, (1L << 31) - 1, true)] // 31 + 31 = 62
    [InlineData(32, 1L << 31, false)]
    [InlineData(8, (1L << 55) - 1, true)] // 7 + 55 = 62
    [InlineData(8, 1L << 55, false)]
    public void WordBudget_fits_while_value_and_weight_bits_stay_below_63(int bits, long weight, bool fits)
    {
        var format = UpdateFormat.Fixed(bits, 1);
        Assert.Equal(fits, WordBudget.Of(format, weight).Fits);
        if (fits)
            Assert.True((BigInteger)format.MaximumCode * weight < long.MaxValue);
    }

    [Fact]
    public void WordBudget_of_float32_shows_its_arithmetic()
    {
        Assert.Equal("39 value bits + 23 weight bits = 62, below 63", WordBudget.Of(UpdateFormat.Float32, (1 << 23) - 1).ToString());
        Assert.Equal("39 value bits + 24 weight bits = 63, not below 63", WordBudget.Of(UpdateFormat.Float32, 1 << 23).ToString());
        Assert.False(WordBudget.Of(UpdateFormat.Float32, 1 << 23).Fits);
    }

    internal static long NearestCode(UpdateFormat format, double value) => (long)Math.Round(
        Math.Clamp(value * (format.MaximumCode / format.Range), -format.MaximumCode, format.MaximumCode), MidpointRounding.ToEven);

    internal static long CodeAt(UpdateFormat format, ReadOnlySpan<byte> payload, int index)
    {
        if (format.IsFloat)
            return (long)Math.Round(BitConverter.ToSingle(payload[(4 * index)..]) * 4294967296.0, MidpointRounding.ToEven);
        var code = new BigInteger(payload.Slice(index * format.BytesPerValue, format.BytesPerValue));
        return (long)code;
    }
}
