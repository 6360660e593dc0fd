using System.Numerics;
using CsCheck;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

/// <summary>
/// A dense layer of 3 inputs and 2 outputs whose weights' gradient is clipped per patient and summed in float32, as a trainer does it with ghost norms; patients' rows
/// may be large, small, or cancel. Held against exact fractions.
/// </summary>
public sealed class ClippedSumTests
{
    private const int Inputs = 3;
    private const int Outputs = 2;
    private const int Patients = 6;
    private const int Rows = 4;
    private const int Cancellation = 16;

    private static readonly Gen<float> s_value = Gen.Select(Gen.Float[-2, 2], Gen.Int[-12, 8]).Select((value, power) => MathF.ScaleB(value, power));

    private static readonly Gen<Row> s_row = Gen.Select(s_value.Array[Inputs], s_value.Array[Outputs]).Select((a, delta) => new Row(a, delta));

    // Half of the patients have rows that cancel, more or less.
    private static readonly Gen<Row[]> s_patient = Gen.Select(s_row.Array[1, Rows], Gen.Bool, Gen.Int[0, 12]).Select((rows, cancels, rest) =>
        cancels && rows.Length > 1 ? [.. rows[..^1], rows[0] with { Delta = [.. rows[0].Delta.Select(x => -x * (1 + MathF.ScaleB(1, -rest)))] }] : rows);

    [Fact]
    public void Patient_moves_the_codes_by_no_more_than_the_sensitivity() =>
        Gen.Select(s_patient.Array[Patients], Gen.Int[0, Patients - 1], Gen.Double[-6, 6], Gen.Double[2, 40]).Sample((patients, left, logNorm, logCodes) =>
        {
            var (norm, codesPerUnit) = ((float)Math.Pow(2, logNorm), Math.Pow(2, logCodes));
            var sum = ClippedSum.Of(Inputs * Outputs, Patients, Patients * Rows, Cancellation);
            var neighbour = patients.Select((rows, patient) => patient == left ? [] : rows);
            var difference = Codes(patients, norm, codesPerUnit).Zip(Codes(neighbour, norm, codesPerUnit), (x, y) => (BigInteger)x - y);
            var squared = difference.Aggregate(BigInteger.Zero, (total, x) => total + (x * x));
            var sensitivity = sum.Sensitivity(norm, codesPerUnit);
            Assert.True(Rational.Of(squared) <= sensitivity * sensitivity);
            Assert.All(Codes(patients, norm, codesPerUnit), code => Assert.True(Math.Abs(code) <= sum.GreatestCode(norm, codesPerUnit, Patients)));
        }, iter: 2000);

    [Fact]
    public void Factor_keeps_norm_and_terms_within_what_is_stated() =>
        Gen.Select(s_patient, Gen.Double[-8, 8]).Sample((rows, logNorm) =>
        {
            var norm = (float)Math.Pow(2, logNorm);
            var factor = Rational.Exactly(Norm(rows).Factor(norm, Cancellation));
            var limit = Rational.Exactly(norm) * (Rational.One + ClippedSum.ClippingError);
            Assert.True(factor * factor * ExactSquare(rows) <= limit * limit);
            // Each term's norm up to 2^-60: by squares, as roots of fractions are no fractions.
            var terms = rows.Aggregate(Rational.Zero, (total, row) => total + ExactSquare([row]).SquareRootUp(BigInteger.One << 60));
            Assert.True(factor * terms <= (limit * Rational.Of(Cancellation)) + Rational.Of(1, 1L << 50));
        }, iter: 2000);

    [Fact]
    public void Vector_factor_keeps_the_norm_within_what_is_stated() =>
        Gen.Select(s_value.Array[1, 300], Gen.Double[-8, 8]).Sample((gradient, logNorm) =>
        {
            var norm = (float)Math.Pow(2, logNorm);
            var factor = Rational.Exactly(GradientNorm.OfVector(gradient).Factor(norm, 1));
            var square = gradient.Aggregate(Rational.Zero, (total, x) => total + (Rational.Exactly(x) * Rational.Exactly(x)));
            var limit = Rational.Exactly(norm) * (Rational.One + ClippedSum.ClippingError);
            Assert.True(factor * factor * square <= limit * limit);
            Assert.True(factor == Rational.One || factor * factor * square >= Rational.Exactly(norm * norm * 0.9999));
        });

    [Fact]
    public void Rounding_of_a_float32_sum_moves_it_beyond_the_clipping_norm_and_stays_below_the_sensitivity()
    {
        // 4,096 patients with values of about C in one sum: without the term for accumulation the sensitivity would be too small.
        const int patients = 4096;
        const double codesPerUnit = 1L << 40;
        var random = new Random(1);
        var worst = 0.0;
        for (var attempt = 0; attempt < 200; attempt++)
        {
            var values = Enumerable.Range(0, patients).Select(_ => 0.5f + (random.NextSingle() / 2)).ToArray();
            values[0] = 1;
            var (with, without) = (0f, 0f);
            for (var i = 0; i < patients; i++)
                (with, without) = (with + values[i], without + (i == 0 ? 0 : values[i]));
            worst = Math.Max(worst, Math.Abs((with * codesPerUnit) - (without * codesPerUnit)));
        }

        var sensitivity = ClippedSum.Of(1, patients, patients).Sensitivity(1, codesPerUnit).ToDouble();
        Assert.InRange(worst, 1.0003 * codesPerUnit, sensitivity);
    }

    [Fact]
    public void Sensitivity_is_its_formula()
    {
        var gamma = 258 / (16777216.0 - 258);
        var expected = (1000 * 1.5 * (1 + Math.Pow(2, -22)) * (1 + (2 * 3 * 32 * 8 * gamma))) + (3 * Math.Sqrt(100));
        var sensitivity = ClippedSum.Of(100, 32, 256, 8, 3).Sensitivity(1.5f, 1000);
        Assert.InRange(sensitivity.ToDouble(), expected, expected + Math.ScaleB(1.01, -16));
    }

    [Fact]
    public void Gradient_that_is_not_finite_gets_factor_zero_and_a_zero_gradient_one()
    {
        Assert.Equal(0, GradientNorm.OfVector([1, float.NaN]).Factor(1, 1));
        Assert.Equal(0, GradientNorm.OfVector([float.PositiveInfinity]).Factor(1, 1));
        Assert.Equal(0, GradientNorm.OfGhost(double.NaN, 1, 10).Factor(1, 1));
        Assert.Equal(0, new GradientNorm(1, 1).And(new GradientNorm(1, double.NaN)).Factor(1, 1));
        Assert.Equal(1, GradientNorm.OfVector([0, 0]).Factor(1, 1));
        Assert.Equal(0.5f, GradientNorm.OfVector([0, 2]).Factor(1, 1));
    }

    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(1, 2, 1)]
    [InlineData(1, 1, (1 << 20) + 1)]
    public void Sum_out_of_range_is_refused(int dimension, int patients, int terms) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ClippedSum.Of(dimension, patients, terms));

    private static long[] Codes(IEnumerable<Row[]> patients, float norm, double codesPerUnit)
    {
        var sums = new float[Inputs * Outputs];
        foreach (var rows in patients)
        {
            var factor = rows.Length == 0 ? 0 : Norm(rows).Factor(norm, Cancellation);
            foreach (var row in rows)
            {
                for (var i = 0; i < sums.Length; i++)
                    sums[i] += factor * row.Delta[i / Inputs] * row.A[i % Inputs];
            }
        }

        return [.. sums.Select(value => (long)Math.Round(value * codesPerUnit, MidpointRounding.ToEven))];
    }

    private static GradientNorm Norm(Row[] rows)
    {
        var gram = 0f;
        foreach (var one in rows)
        {
            foreach (var other in rows)
                gram += Dot(one.A, other.A) * Dot(one.Delta, other.Delta);
        }

        var terms = rows.Aggregate(0f, (total, row) => total + (MathF.Sqrt(Dot(row.A, row.A)) * MathF.Sqrt(Dot(row.Delta, row.Delta))));
        return GradientNorm.OfGhost(gram, terms, Inputs + Outputs + (Rows * Rows) + 4);
    }

    private static float Dot(float[] one, float[] other) => one.Zip(other).Aggregate(0f, (total, pair) => total + (pair.First * pair.Second));

    private static Rational ExactSquare(Row[] rows)
    {
        var total = Rational.Zero;
        for (var i = 0; i < Inputs * Outputs; i++)
        {
            var value = rows.Aggregate(Rational.Zero, (sum, row) => sum + (Rational.Exactly(row.Delta[i / Inputs]) * Rational.Exactly(row.A[i % Inputs])));
            total += value * value;
        }

        return total;
    }

    private sealed record Row(float[] A, float[] Delta);
}
