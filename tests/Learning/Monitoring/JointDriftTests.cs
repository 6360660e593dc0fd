using System.Text;
using CsCheck;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Tests.Learning.Monitoring;

/// <summary>What is told of all numbers together: two rounded figures, and no sum of which they are made.</summary>
public sealed class JointDriftTests
{
    private static readonly MonitoringOrder s_order = new("heart", Reports.Version);
    private static readonly FourierSketch s_reference = Sketch(Ages(200, 50));

    [Fact]
    public void What_is_told_is_rounded_to_thousandths_and_up_to_a_level() => Gen.Select(Gen.Float[20, 90].Array[4, 80], Gen.Float[20, 90].Array[4, 80]).Sample((before, after) =>
    {
        var (reference, current) = (Sketch(before), Sketch(after));
        var told = JointDrift.Of(reference, current, 1)!;

        Assert.Equal(reference.UnbiasedDiscrepancy(current)!.Value, told.Discrepancy, 0.00051);
        Assert.Equal(JointDrift.Levels.Where(level => level >= reference.DriftBound(current)!.Value).Min(), told.P);
        Assert.False(double.IsNegative(told.Discrepancy) && told.Discrepancy == 0);
        Assert.Equal(told, Read(Written(after, reference)).Windows[0].Usage!.Joint);
    }, iter: 300);

    [Theory]
    [InlineData(10, 12, 12, true)]
    [InlineData(10, 9, 12, false)] // of the reference
    [InlineData(10, 12, 9, false)]
    [InlineData(1, 3, 12, false)] // whatever the policy lets out
    [InlineData(1, 12, 3, false)]
    public void Nothing_is_told_of_fewer_rows_than_the_minimum_on_either_side(int minimum, int before, int after, bool told) =>
        Assert.Equal(told, JointDrift.Of(Sketch(Ages(before, 50)), Sketch(Ages(after, 70)), minimum) is not null);

    [Fact]
    public void Window_without_a_reference_or_a_sketch_reads_as_it_did_before_there_were_any()
    {
        var without = Written(Ages(20, 50), null);

        Assert.DoesNotContain("joint", without, StringComparison.Ordinal);
        Assert.Null(Read(without).Windows[0].Usage!.Joint);
        Assert.Null(JointDrift.Of(s_reference, null, 1));
    }

    [Fact]
    public void Sketch_itself_does_not_leave()
    {
        var written = Written(Ages(20, 50), s_reference);

        Assert.Contains("\"joint\":{\"discrepancy\":", written, StringComparison.Ordinal);
        Assert.DoesNotContain("sketch", written, StringComparison.Ordinal);
        Assert.DoesNotContain("sums", written, StringComparison.Ordinal);
    }

    [Fact]
    public void Drift_counts_where_chance_hardly_makes_it()
    {
        Assert.InRange(JointDrift.Of(s_reference, Sketch(Ages(100, 70)), 1)!.CertainDiscrepancy, JointDrift.LargeFrom, 2);
        Assert.Equal(0, JointDrift.Of(s_reference, Sketch(Ages(10, 52)), 1)!.CertainDiscrepancy);
        Assert.Equal(0, new JointDrift(0.3, 0.01).CertainDiscrepancy);
        Assert.Equal(0.3, new JointDrift(0.3, 0.001).CertainDiscrepancy);
    }

    // Of normal rows with a shift s in one of d, and the kernel of bandwidth √(2d): 2 (d / (d + 1))^(d/2) (1 - exp(-s² / (4 (d + 1)))).
    [Fact]
    public void Half_a_standard_deviation_in_one_of_seven_numbers_is_where_large_begins()
    {
        const int Numbers = 7, Rows = 4000;
        Assert.Equal(JointDrift.LargeFrom, 2 * Math.Pow(Numbers / 8.0, Numbers / 2.0) * (1 - Math.Exp(-0.25 / 32)), 0.0005);

        var random = DeterministicRandom.Of("large");
        double[] measured = [.. Enumerable.Range(0, 9).Select(i =>
        {
            var basis = FourierBasis.Of($"large {i}", Numbers, 64, Math.Sqrt(2 * Numbers));
            return FourierSketch.Of(basis, Normal(0)).UnbiasedDiscrepancy(FourierSketch.Of(basis, Normal(0.5)))!.Value;
        }).Order()];
        Assert.Equal(JointDrift.LargeFrom, measured[4], 0.002);

        double[] Normal(double shift) => [.. Enumerable.Range(0, Rows * Numbers).Select(i =>
            (Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())) + (i % Numbers == 0 ? shift : 0))];
    }

    [Theory]
    [InlineData("{\"discrepancy\":0.5,\"p\":0.001}", true)]
    [InlineData("{\"discrepancy\":-0.667,\"p\":1}", true)]
    [InlineData("{\"discrepancy\":0.5001,\"p\":0.001}", false)]
    [InlineData("{\"discrepancy\":-0.668,\"p\":1}", false)]
    [InlineData("{\"discrepancy\":4.001,\"p\":0.001}", false)]
    [InlineData("{\"discrepancy\":0.5,\"p\":0.002}", false)]
    [InlineData("{\"discrepancy\":0.5,\"p\":0}", false)]
    [InlineData("{\"discrepancy\":0.5}", false)]
    [InlineData("{\"discrepancy\":0.5,\"n\":3,\"p\":0.001}", false)]
    [InlineData("null", false)]
    public void Figures_that_no_rows_can_have_are_refused(string joint, bool taken)
    {
        var written = Written(Ages(20, 50), null);
        var changed = written.Replace("\"latency\":", $"\"joint\":{joint},\"latency\":", StringComparison.Ordinal);
        Assert.NotEqual(written, changed);

        if (taken)
            Assert.NotNull(Read(changed).Windows[0].Usage!.Joint);
        else
            Assert.Throws<FormatException>(() => Read(changed));
    }

    [Fact]
    public void Figures_beside_fewer_rows_than_have_any_are_refused()
    {
        var written = Written(Ages(3, 50), null, minimum: 1);

        Assert.Throws<FormatException>(() => Read(written.Replace("\"latency\":", "\"joint\":{\"discrepancy\":0.5,\"p\":1},\"latency\":", StringComparison.Ordinal)));
    }

    private static string Written(float[] ages, FourierSketch? reference, int minimum = 4)
    {
        var day = Reports.Of(Reports.Monday, ages.Select(age => (0.3f, age, 1f, (bool?)null, 100)));
        return Encoding.UTF8.GetString(MonitoringReport.With(Reports.Study, s_order, ReportSchedule.Daily, 30, [Reports.Window(day, minimum, reference: reference)], minimum).Write(Reports.Study));
    }

    private static MonitoringReport Read(string written) => MonitoringReport.Read(Reports.Study, Encoding.UTF8.GetBytes(written));

    private static FourierSketch Sketch(float[] ages) => FourierSketch.Of(Reports.Basis, [.. ages.Select(Reports.Scaled)]);

    // Spread evenly over 20 years.
    private static float[] Ages(int count, float middle) => [.. Enumerable.Range(0, count).Select(i => middle + (20 * ((i + 0.5f) / count)) - 10)];
}
