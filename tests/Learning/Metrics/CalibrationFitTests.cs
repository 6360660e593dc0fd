using FederatedClinicalMl.Learning;

namespace FederatedClinicalMl.Tests.Learning.Metrics;

public sealed class CalibrationFitTests
{
    // Hours of study and whether the exam was passed, of 20 students: the worked example of en.wikipedia.org/wiki/Logistic_regression, which gives the intercept as -4.1 with a standard error of 1.8 and the
    // slope as 1.5 with 0.6. The digits below are of the same fit in 40 decimal places.
    private static readonly double[] s_hours = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 1.75, 2, 2.25, 2.5, 2.75, 3, 3.25, 3.5, 4, 4.25, 4.5, 4.75, 5, 5.5];
    private static readonly bool[] s_passed = [.. "00000010101010111111".Select(digit => digit == '1')];

    [Fact]
    public void Of_the_published_example_has_its_coefficients_and_standard_errors()
    {
        var fit = CalibrationFit.Of(s_hours, s_passed)!.Value;

        Assert.Equal(-4.0777134310876, fit.Intercept, 1e-10);
        Assert.Equal(1.5046454283733, fit.Slope, 1e-10);
        Assert.Equal(1.7609943141565, Math.Sqrt(fit.InterceptVariance), 1e-7);
        Assert.Equal(0.6287208458454, Math.Sqrt(fit.SlopeVariance), 1e-7);
        Assert.Equal(0.2723752141868, fit.SlopeInterval.Low, 1e-7);
        Assert.Equal(2.7369156425598, fit.SlopeInterval.High, 1e-7);
        Assert.Equal(-7.5291988638142, fit.InterceptInterval.Low, 1e-7);
        Assert.Equal(-0.6262279983610, fit.InterceptInterval.High, 1e-7);
    }

    [Fact]
    public void Of_bins_is_the_fit_to_their_rows()
    {
        var (rows, bins) = (CalibrationFit.Of(s_hours, s_passed)!.Value, CalibrationFit.Of([.. s_hours.Zip(s_passed).GroupBy(row => row.First)
            .Select(bin => new CalibrationBin(bin.Count(), 1 / (1 + Math.Exp(-bin.Key)), bin.Average(row => row.Second ? 1 : 0)))])!.Value);

        Assert.Equal(rows.Intercept, bins.Intercept, 1e-9);
        Assert.Equal(rows.Slope, bins.Slope, 1e-9);
        Assert.Equal(rows.InterceptVariance, bins.InterceptVariance, 1e-8);
        Assert.Equal(rows.SlopeVariance, bins.SlopeVariance, 1e-8);
    }

    // The coefficient of a score that is ten times as sure is a tenth, and so is its standard error.
    [Fact]
    public void Of_scores_that_are_far_too_sure_is_found()
    {
        var (fit, sure) = (CalibrationFit.Of(Centred(1), s_passed)!.Value, CalibrationFit.Of(Centred(40), s_passed)!.Value);

        Assert.Equal(fit.Slope / 40, sure.Slope, 1e-9);
        Assert.Equal(fit.SlopeVariance / 1600, sure.SlopeVariance, 1e-9);
        Assert.Equal(fit.Intercept, sure.Intercept, 1e-9);

        static double[] Centred(double times) => [.. s_hours.Select(hours => times * (hours - 2.7))];
    }

    [Fact]
    public void Of_one_class_one_score_or_classes_apart_is_undefined()
    {
        Assert.Null(CalibrationFit.Of([-1, 0, 1], [true, true, true]));
        Assert.Null(CalibrationFit.Of([1, 1, 1], [true, false, true]));
        Assert.Null(CalibrationFit.Of([-2, -1, 1, 2], [false, false, true, true]));
        Assert.Null(CalibrationFit.Of([], []));
        Assert.Throws<ArgumentException>(() => CalibrationFit.Of([double.NaN, 1], [true, false]));
    }
}
