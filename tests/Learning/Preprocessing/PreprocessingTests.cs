using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Learning.Preprocessing;

public sealed class PreprocessingTests
{
    private static readonly Study s_study = StudyText.Of("""
        {name: age, unit: a, range: [0, 120], missing: mean}
        {name: weight, unit: kg, range: [1, 300], missing: {value: 70}, constants: {mean: 75, sd: 15}}
        {name: kind, type: category, levels: [1, 2, 5], missing: {value: 2}}
        {name: dose, unit: mg, range: [0, 50], scale: none, missing: exclude-row}
        """);

    [Fact]
    public void Encode_a_whole_row_standardises_and_encodes_one_hot()
    {
        var (row, inputs) = Encode([60, 90, 5, 12.5]);
        Assert.Equal([(60f - 50f) / 10f, 1f, 0f, 0f, 1f, 12.5f], inputs);
        Assert.Equal(new EncodedRow(Excluded: false, Missing: 0, Implausible: 0), row);
    }

    [Fact]
    public void Encode_missing_values_follows_each_feature_s_rule()
    {
        var (row, inputs) = Encode([double.NaN, double.NaN, double.NaN, 0]);
        Assert.Equal([0f, (70f - 75f) / 15f, 0f, 1f, 0f, 0f], inputs);
        Assert.Equal(new EncodedRow(Excluded: false, Missing: 3, Implausible: 0), row);
    }

    [Fact]
    public void Encode_implausible_values_counts_them_apart_and_treats_them_as_missing()
    {
        var (row, inputs) = Encode([120.1, 0.5, 3, 50]);
        Assert.Equal([0f, (70f - 75f) / 15f, 0f, 1f, 0f, 50f], inputs);
        Assert.Equal(new EncodedRow(Excluded: false, Missing: 0, Implausible: 3), row);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(-0.001)]
    [InlineData(double.PositiveInfinity)]
    public void Encode_a_row_without_a_value_that_must_be_there_excludes_it(double dose) =>
        Assert.True(Encode([60, 90, 5, dose]).Row.Excluded);

    [Fact]
    public void Compute_counts_only_rows_that_the_study_keeps_and_only_features_that_need_it()
    {
        var report = PreparationReport.Compute(s_study, Rows([40, 80, 1, 1], [60, 80, 1, 1], [double.NaN, 80, 1, 1], [999, 80, 1, 1], [100, 80, 1, double.NaN]));

        var age = report.Of("age")!;
        Assert.Equal((2, 2L, 50.0, 10.0), (age.Count, age.Missing, age.Mean, age.StandardDeviation));
        Assert.Null(report.Of("weight"));
        Assert.Null(report.Of("dose"));
    }

    [Fact]
    public void Merge_of_sites_gives_the_constants_of_their_pooled_rows_in_any_order()
    {
        var rows = Gen.Frequency((6, Gen.Double[0, 120]), (1, Gen.Const(double.NaN))).Select(age => new[] { age, 80, 1, 1 }).Array[1, 20];
        rows.Array[1, 4].Sample(sites =>
        {
            if (sites.SelectMany(site => site).All(row => double.IsNaN(row[0])))
                return;
            var reports = sites.Select(site => PreparationReport.Compute(s_study, Rows(site))).ToArray();
            var pooled = PreparationReport.Compute(s_study, Rows([.. sites.SelectMany(site => site)]));

            var merged = PreprocessingConstants.Freeze(s_study, PreparationReport.Merge(reports));

            Assert.Equal(PreprocessingConstants.Freeze(s_study, pooled).Digest, merged.Digest);
            Assert.Equal(merged.Digest, PreprocessingConstants.Freeze(s_study, PreparationReport.Merge([.. reports.Reverse()])).Digest);
        }, iter: 100);
    }

    [Fact]
    public void Suppress_withholds_moments_and_missing_counts_below_the_minimum()
    {
        var five = PreparationReport.Compute(s_study, Rows([.. Enumerable.Range(0, 5).Select(i => new double[] { 40 + i, 80, 1, 1 }), [double.NaN, 80, 1, 1]]));
        Assert.Null(five.Suppress(6).Of("age"));
        Assert.Equal(5, five.Suppress(5).Of("age")!.Count);
        Assert.Null(five.Suppress(5).Of("age")!.Missing);
        Assert.Equal(1, five.Suppress(1).Of("age")!.Missing);
    }

    [Fact]
    public void Merge_with_a_site_that_withheld_counts_the_others()
    {
        var report = PreparationReport.Compute(s_study, Rows([40, 80, 1, 1], [60, 80, 1, 1]));
        var merged = PreparationReport.Merge([report.Suppress(3), report, report.Suppress(3)]);
        Assert.Equal(2, merged.Of("age")!.Count);
        Assert.Throws<InvalidDataException>(() => PreprocessingConstants.Freeze(s_study, PreparationReport.Merge([report.Suppress(3)])));
        Assert.Throws<InvalidDataException>(() => PreprocessingConstants.Freeze(s_study, preparation: null));
    }

    [Fact]
    public void Freeze_a_feature_that_never_varies_divides_it_by_1() =>
        Assert.Equal(1, PreprocessingConstants.Freeze(s_study, PreparationReport.Compute(s_study, Rows([40, 80, 1, 1], [40, 80, 1, 1]))).Features[0].StandardDeviation);

    [Fact]
    public void Read_a_report_that_was_written_is_the_same_report()
    {
        var report = PreparationReport.Compute(s_study, Rows([40, 80, 1, 1], [60.5, 80, 1, 1]));
        Assert.Equal(report.Of("age"), PreparationReport.Read(s_study, report.Write()).Of("age"));
        Assert.Null(PreparationReport.Read(s_study, report.Suppress(3).Write()).Of("age"));
    }

    [Theory]
    [InlineData("""{"features":[]}""")]
    [InlineData("""{"features":[{"moments":null,"name":"weight"}]}""")]
    [InlineData("""{"features":[{"moments":null,"name":"age"},{"moments":null,"name":"age"}]}""")]
    [InlineData("""{"features":[{"moments":{"count":1},"name":"age"}]}""")]
    [InlineData("""{"features":[{"moments":null,"name":"age"}],"rows":5}""")]
    [InlineData("""{"features":{}}""")]
    [InlineData("5")]
    [InlineData("{")]
    public void Read_a_report_of_something_else_is_refused(string json) =>
        Assert.ThrowsAny<FormatException>(() => PreparationReport.Read(s_study, Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void Read_constants_that_were_written_are_the_same_constants()
    {
        var constants = Constants();
        var read = PreprocessingConstants.Read(s_study, constants.Canonical.Span);
        Assert.Equal(constants.Features.AsEnumerable(), read.Features);
        Assert.Equal(constants.Digest, read.Digest);
        Assert.Equal(
            """{"features":[{"mean":50,"name":"age","standardDeviation":10},{"mean":75,"name":"weight","standardDeviation":15},{"mean":null,"name":"kind","standardDeviation":null},{"mean":null,"name":"dose","standardDeviation":null}]}""",
            Encoding.UTF8.GetString(constants.Canonical.Span));
    }

    [Theory]
    [InlineData(0, "standardDeviation", "0")]
    [InlineData(0, "standardDeviation", "-1")]
    [InlineData(0, "standardDeviation", "1e-60")]
    [InlineData(0, "standardDeviation", "null")]
    [InlineData(0, "mean", "1e300")]
    [InlineData(0, "mean", "\"50\"")]
    [InlineData(0, "name", "\"other\"")]
    [InlineData(1, "mean", "76")] // the protocol says 75
    [InlineData(2, "mean", "1")] // the study does not use it
    [InlineData(3, "more", "1")]
    public void Read_constants_that_are_not_the_study_s_are_refused(int feature, string field, string value)
    {
        var json = JsonNode.Parse(Constants().Canonical.Span)!;
        json["features"]![feature]![field] = JsonNode.Parse(value);
        Assert.Throws<FormatException>(() => PreprocessingConstants.Read(s_study, CanonicalJson.Write(json)));
    }

    [Fact]
    public void Read_constants_that_are_not_canonical_are_refused() =>
        Assert.Throws<FormatException>(() => PreprocessingConstants.Read(s_study, (byte[])[.. Constants().Canonical.Span, (byte)' ']));

    private static PreprocessingConstants Constants() =>
        PreprocessingConstants.Freeze(s_study, PreparationReport.Compute(s_study, Rows([40, 80, 1, 1], [60, 80, 1, 1])));

    private static (EncodedRow Row, float[] Inputs) Encode(double[] raw)
    {
        var encoder = new InputEncoder(s_study, Constants());
        var inputs = new float[encoder.InputWidth];
        return (encoder.Encode(raw, inputs), inputs);
    }

    private static double[] Rows(params double[][] rows) => [.. rows.SelectMany(row => row)];
}
