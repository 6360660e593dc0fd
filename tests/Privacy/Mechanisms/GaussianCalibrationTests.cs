using CsCheck;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class GaussianCalibrationTests
{
    [Fact]
    public void Deviation_is_never_below_multiplier_times_sensitivity_and_hardly_above() =>
        Gen.Select(Gen.Int[1, 1_000_000], Gen.Double[-3, 3], Gen.Double[4, 30], Gen.Double[0.3, 30]).Sample((dimension, logNorm, logCodes, multiplier) =>
        {
            var z = Rational.Exactly(multiplier);
            var calibration = GaussianCalibration.Of(ClippedSum.Of(dimension, 32, 256, 8), (float)Math.Pow(2, logNorm), Math.Pow(2, logCodes), z * z);
            var least = z * calibration.Sensitivity;
            Assert.True(calibration.Variance >= least * least);
            Assert.True(calibration.Sigma * calibration.Sigma >= calibration.Variance);
            Assert.True(calibration.Sigma <= least + Rational.Of(1, 1 << 15));
            Assert.Equal(calibration.Variance, DiscreteGaussian.Of(calibration.Variance).Variance);
        });

    [Fact]
    public void Bits_hold_codes_and_noise()
    {
        // Per patient 1 × 1000 and a little, and 1 for rounding: 100 patients below 2^17. Noise of σ = 1010 or so, 10 coordinates, 2^-40: 8.0 σ.
        var calibration = GaussianCalibration.Of(ClippedSum.Of(10, 32, 32), 1, 1000, Rational.One);
        Assert.InRange(calibration.Sigma.ToDouble(), 1003, 1004);
        Assert.Equal(17, calibration.CodeBits(100, 40));
        Assert.Equal(18, calibration.CodeBits(130, 40));
    }

    [Fact]
    public void Multiplier_must_be_above_zero() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => GaussianCalibration.Of(ClippedSum.Of(1, 1, 1), 1, 1, Rational.Zero));

    [Theory]
    [InlineData(float.NaN, 1)]
    [InlineData(0, 1)]
    [InlineData(1, double.PositiveInfinity)]
    [InlineData(1, -1)]
    public void Norm_or_grid_out_of_range_is_refused(float norm, double codesPerUnit) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => GaussianCalibration.Of(ClippedSum.Of(1, 1, 1), norm, codesPerUnit, Rational.One));
}
