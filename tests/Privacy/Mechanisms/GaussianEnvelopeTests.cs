using System.Numerics;
using CsCheck;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

/// <summary>What the sampler's exactness rests on, of the variances at which the staircase changes its form and of others.</summary>
public sealed class GaussianEnvelopeTests
{
    private static readonly Rational[] s_edges =
        [Rational.Of(1, 4), Rational.One, Rational.Of(1023), Rational.Of(1024), Rational.Of(1025), Rational.Of(BigInteger.One << 80)];

    private static readonly Gen<Rational> s_variances = Gen.OneOf(
        Gen.Int[0, s_edges.Length - 1].Select(index => s_edges[index]),
        Gen.Double[-2, 80].Select(power => Rational.Exactly(Math.Pow(2, power))));

    [Fact]
    public void Staircase_lies_nowhere_below_the_density_and_no_unmarked_cell_above() =>
        s_variances.Sample(variance =>
        {
            var envelope = new GaussianEnvelope(variance);
            var columns = envelope.FirstCell.Length;
            for (var column = 0; column < columns; column++)
            {
                var end = column + 1 < columns ? envelope.FirstCell[column + 1] : envelope.Cells.Length - (2 << (envelope.TailShift - envelope.Shift));
                var cells = envelope.Cells[envelope.FirstCell[column]..end];
                var inside = cells.Count(cell => cell < GaussianEnvelope.Crossing);
                Assert.All(cells[..inside], cell => Assert.Equal(column, cell));
                Assert.All(cells[inside..], cell => Assert.Equal(column | GaussianEnvelope.Crossing, cell));
                Assert.True(cells.Length / 256.0 >= Density((double)column * (1L << envelope.Shift), variance) - 1e-12);
                Assert.True(inside / 256.0 <= Density(((column + 1.0) * (1L << envelope.Shift)) - 1, variance) + 1e-12);
                Assert.True(column == 0 || envelope.FirstCell[column] > envelope.FirstCell[column - 1]);
            }

            Assert.Equal((long)columns << envelope.Shift, envelope.TailStart);
            for (var step = 0; step < 60; step++)
                Assert.True(Density(envelope.TailStart + (step * Math.ScaleB(1, envelope.TailShift)), variance) <= Math.ScaleB(1 + 1e-12, -8 - step));
        }, iter: 200);

    [Fact]
    public void Cells_are_picked_with_one_probability()
    {
        var envelope = new GaussianEnvelope(Rational.Of(1000));
        var counts = new int[envelope.Cells.Length];
        var left = 0;
        for (var bits = 0UL; bits < 1UL << GaussianEnvelope.PickBits; bits++)
        {
            if (envelope.Pick(bits) is >= 0 and var cell)
                counts[cell]++;
            else
                left++;
        }

        Assert.All(counts, count => Assert.Equal(counts[0], count));
        Assert.True(left < counts.Length);
    }

    [Fact]
    public void Fast_density_is_within_its_margin() =>
        Gen.Select(s_variances, Gen.Double[0, 3.5]).Sample((variance, sigmas) =>
        {
            var x = (ulong)(sigmas * Math.Sqrt(variance.ToDouble()));
            var (lower, upper) = Exponential.Bounds((BigInteger)x * x * variance.Denominator, 2 * variance.Numerator, 64);
            BigInteger near = new GaussianDensity(variance).Near(x);
            Assert.InRange(near, lower - 200, upper + 200); // as its comment has it; the margin is five times that
        });

    private static double Density(double x, Rational variance) => Math.Exp(-x * x / (2 * variance.ToDouble()));
}
