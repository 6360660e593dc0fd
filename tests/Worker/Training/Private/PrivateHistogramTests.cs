using CsCheck;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Worker.Training.Private;

public sealed class PrivateHistogramTests
{
    /// <summary>Rows of patients: for each its scores and labels.</summary>
    private static readonly Gen<(double Logit, bool Label)[][]> s_patients = Gen.Select(Gen.Double[-9, 9], Gen.Bool).Array[0, 6].Array[1, 12];

    [Fact]
    public void One_patient_more_or_less_moves_the_counts_by_at_most_as_many_rows_as_count_and_no_other_count()
    {
        var most = 0.0;
        Gen.Select(s_patients, Gen.Int[0, 11], Gen.Int[1, 4], Gen.Bool).Sample((patients, which, rows, isAlike) =>
        {
            which %= patients.Length;
            if (isAlike)
                patients[which] = [.. patients[which].Select(_ => patients[which][0])]; // all in one bin: the worst case
            var mechanism = PrivateHistogram.Of(new PrivateEvaluation(2, 16), rows);
            var (with, without) = (Noisy(mechanism, patients), Noisy(mechanism, [.. patients.Select((own, i) => i == which ? [] : own)]));

            var moved = Math.Sqrt(with.Zip(without).Sum(pair => Math.Pow(pair.First - pair.Second, 2)));

            Assert.True(moved * moved <= ((GaussianCharge)mechanism.Charge).SquaredSensitivity.ToDouble(), $"{moved} with {rows} rows");
            Assert.Equal(Math.Min(rows, patients[which].Length), with.Sum() - without.Sum());
            most = Math.Max(most, moved / rows);
        }, threads: 1);
        Assert.Equal(1, most); // and the bound is reached
    }

    [Fact]
    public void Rows_beyond_the_cap_do_not_count_whatever_they_say()
    {
        (double, bool)[] first = [(1, true), (-1, false)];
        var mechanism = PrivateHistogram.Of(new PrivateEvaluation(2, 16), 2);

        Assert.Equal(Noisy(mechanism, [first, [(0, true)]]), Noisy(mechanism, [[.. first, (5, true), (double.NaN, false), (-7, true)], [(0, true)]]));
    }

    [Theory]
    [InlineData(0.125, 1, 1)] // less than one grid unit is more noise than was asked for
    [InlineData(3, 1, 9)]
    [InlineData(3, 5, 225)]
    [InlineData(2.5, 2, 25)]
    public void Noise_has_the_variance_that_is_charged(double multiplier, int rows, double variance)
    {
        var mechanism = PrivateHistogram.Of(new PrivateEvaluation(multiplier, 64), rows);
        var charge = Assert.IsType<GaussianCharge>(mechanism.Charge);
        Assert.Equal((Rational.One, Rational.Of(rows * rows), variance, 128L, 1), (charge.SamplingRate, charge.SquaredSensitivity, charge.Variance.ToDouble(), charge.Coordinates, charge.Steps));

        var noise = Enumerable.Range(0, 100).SelectMany(i => Noisy(mechanism, [[]], $"variance {i}")).ToArray(); // 12,800: the sample variance is off by 1 % or so

        Assert.InRange(noise.Average(value => (double)value * value) / variance, 0.93, 1.07);
        Assert.InRange(noise.Average(), -0.05 * Math.Sqrt(variance), 0.05 * Math.Sqrt(variance));
    }

    [Fact]
    public void Nearest_counts_are_none_below_0_and_keep_the_sum_but_for_rounding() => Gen.Long[-60, 200].Array[8, 64].Sample(counts =>
    {
        var nearest = PrivateHistogram.Nearest(counts);
        var total = Math.Max(0, counts.Sum());

        Assert.All(nearest, count => Assert.True(count >= 0));
        Assert.InRange(nearest.Sum(), Math.Max(0, total - counts.Length + 1), total);
        // What is nearest: of those above 0, all have lost the same, and nobody else has had more than that (the conditions of Kuhn and Tucker).
        var losses = counts.Zip(nearest).Where(pair => pair.Second > 0).Select(pair => pair.First - pair.Second).ToArray();
        Assert.True(losses.Length == 0 || losses.Max() - losses.Min() <= 1);
        Assert.All(counts.Zip(nearest).Where(pair => pair.Second == 0), pair => Assert.True(losses.Length == 0 || pair.First <= losses.Max() + 1));
    });

    [Fact]
    public void Nearest_counts_of_a_sum_below_0_are_all_0() => Assert.Equal([0L, 0, 0], PrivateHistogram.Nearest([5, -7, 1]));

    [Fact]
    public void Nearest_counts_of_counts_that_are_none_below_0_are_these() => Gen.Long[0, 200].Array[8, 64].Sample(counts => Assert.Equal(counts, PrivateHistogram.Nearest(counts)));

    [Fact]
    public void Histogram_that_leaves_can_be_read_by_whoever_gets_it() => s_patients.Sample(patients =>
    {
        var mechanism = PrivateHistogram.Of(new PrivateEvaluation(1000, 8), 256);
        var (logits, labels, grouped) = Rows(patients);
        using var noise = Stream("read");
        var histogram = mechanism.Count(logits, labels, grouped, noise);
        Assert.Equal(histogram.Bins, ScoreHistogram.Read(histogram.ToJson(), "scores").Bins);
    }, iter: 20);

    private static long[] Noisy(PrivateHistogram mechanism, (double Logit, bool Label)[][] patients, string of = "same")
    {
        var (logits, labels, grouped) = Rows(patients);
        using var noise = Stream(of);
        var (negatives, positives) = mechanism.Noisy(logits, labels, grouped, noise);
        return [.. negatives, .. positives];
    }

    private static (double[] Logits, float[] Labels, PatientRows Patients) Rows((double Logit, bool Label)[][] patients) => (
        [.. patients.SelectMany(own => own.Select(row => row.Logit))], [.. patients.SelectMany(own => own.Select(row => row.Label ? 1f : 0))],
        PatientRows.Grouped([.. patients.SelectMany((own, patient) => Enumerable.Repeat(patient, own.Length))], patients.Length));

    private static KeyStream Stream(string of) => KeyStream.Derive(new byte[32], "fcml-test-v1", Sha256Digest.Of(System.Text.Encoding.UTF8.GetBytes(of)).Span);
}
