using CsCheck;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Studies;
using Xunit;

namespace FederatedClinicalMl.Tests.ClinicalData;

public sealed class FeatureComputerTests
{
    private const string Everything = """
        last: {kind: number, of: [observation], codes: {loinc: [hr]}, unit: "1", plausible: [-1000, 1000]}
        first: {kind: number, of: [observation], codes: {loinc: [hr]}, unit: "1", plausible: [-1000, 1000], aggregate: first, window: {from: 2d}}
        mean: {kind: number, of: [observation], codes: {loinc: [hr, hr-2]}, unit: "1", plausible: [-1000, 1000], aggregate: mean}
        min: {kind: number, of: [observation], codes: {loinc: [hr]}, unit: "1", plausible: [-1000, 1000], aggregate: min, window: {from: 5d, to: 12h}}
        max: {kind: number, of: [observation], codes: {loinc: [hr]}, unit: "1", plausible: [-1000, 1000], aggregate: max}
        sd: {kind: number, of: [observation], codes: {loinc: [hr]}, unit: "1", plausible: [-1000, 1000], aggregate: sd, range: [0, 1000]}
        slope: {kind: number, of: [observation], codes: {loinc: [hr]}, unit: "1", plausible: [-1000, 1000], aggregate: slope, range: [-10000, 10000]}
        count: {kind: count, of: [observation, condition], codes: {loinc: [hr], snomed: ["5"]}, range: [0, 1000]}
        ever: {kind: ever, of: [condition], codes: {snomed: ["5"]}}
        since: {kind: time-since, of: [condition], codes: {snomed: ["5"]}, range: [0, 100000]}
        coded: {kind: coded, of: [observation], codes: {loinc: [smoking]}, levels: [{level: 0, codes: {snomed: ["8392000"]}}, {level: 1, codes: {snomed: ["77176002"]}}]}
        grid: {kind: number, of: [observation], codes: {loinc: [hr]}, unit: "1", plausible: [-1000, 1000], aggregate: mean, grid: {step: 8h, steps: 3}}
        years: {kind: age, range: [0, 120]}
        male: {kind: sex}
        """;

    private static readonly Feature[] s_everything = [.. ClinicalStudyText.Features(Everything)];

    [Fact]
    public void Features_of_a_chart_are_what_their_definitions_say()
    {
        var chart = new Chart().Born(1950, 6, 15, "male")
            .Observation("hr", 0, 60).Observation("hr", 24, 70).Observation("hr", 90, 80).Observation("hr", 95, 100).Observation("hr-2", 96, 50)
            .Coded(EventKind.Condition, CodeSystems.Snomed, "5", 48)
            .Answer("smoking", 10, "8392000").Answer("smoking", 50, "77176002");

        var values = Named(chart, 96);

        Assert.Equal(100, values["last"]);
        Assert.Equal(80, values["first"]); // the window begins 48 h before
        Assert.Equal((60 + 70 + 80 + 100 + 50) / 5.0, values["mean"]);
        Assert.Equal(60, values["min"]); // what is younger than 12 h does not count
        Assert.Equal(100, values["max"]);
        Assert.Equal(17.078251276599330, values["sd"], 1e-12);
        // statistics.linear_regression([0, 1, 90/24, 95/24], [60, 70, 80, 100]) of Python 3.11.
        Assert.Equal(7.724809202521845, values["slope"], 1e-12);
        Assert.Equal(5, values["count"]);
        Assert.Equal(1, values["ever"]);
        Assert.Equal(2, values["since"]);
        Assert.Equal(1, values["coded"]);
        Assert.Equal((90, double.NaN, double.NaN), (values["grid-1"], values["grid-2"], values["grid-3"]));
        Assert.Equal((69, 1), (values["years"], values["male"]));
    }

    [Fact]
    public void Features_of_an_empty_chart_are_missing_or_nothing()
    {
        var values = Named(new Chart(), 0);

        Assert.Equal((0, 0), (values["count"], values["ever"]));
        Assert.All(values.Where(value => value.Key is not ("count" or "ever")), value => Assert.Equal(double.NaN, value.Value));
    }

    [Theory]
    [InlineData("mg/dL", 90, 90 / 18.0156)]
    [InlineData("mmol/L", 5, 5)]
    [InlineData("g/L", 0.9, 900 / 180.156)]
    public void Number_in_another_unit_is_converted_with_the_molar_mass(string unit, double number, double expected)
    {
        var feature = ClinicalStudyText.Features("glucose: {kind: number, of: [observation], codes: {loinc: [2345-7]}, unit: mmol/L, plausible: [1, 60], molar-mass: 180.156}");

        Assert.Equal(expected, new Chart().Observation("2345-7", 0, number, unit).Compute(feature, 1)[0], 1e-12);
    }

    [Theory]
    [InlineData("meq/L", 5, EventFlags.None, FeatureProblem.UnitNotUnderstood)]
    [InlineData(null, 5, EventFlags.None, FeatureProblem.UnitNotUnderstood)]
    [InlineData("mmol/L", 61, EventFlags.None, FeatureProblem.Implausible)]
    [InlineData("mmol/L", 5, EventFlags.Bound, FeatureProblem.Bound)]
    [InlineData("mmol/L", double.NaN, EventFlags.None, FeatureProblem.NoNumber)]
    public void Number_that_cannot_be_used_is_left_out_and_counted(string? unit, double number, EventFlags flags, FeatureProblem problem)
    {
        var features = ClinicalStudyText.Features("glucose: {kind: number, of: [observation], codes: {loinc: [2345-7]}, unit: mmol/L, plausible: [1, 60], molar-mass: 180.156}");
        var chart = new Chart().Observation("2345-7", 0, number, unit, flags: flags).Observation("2345-7", -1, 4, "mmol/L");
        var computer = new FeatureComputer([.. features], chart.Concepts, Chart.Clock);
        var row = new double[1];

        computer.Compute(chart.Timeline(), Chart.Hour(1), row);

        Assert.Equal(4, row[0]);
        Assert.Equal(("glucose", problem, 1L), Assert.Single(computer.Problems.All.Select(item => (item.Feature, item.Problem, item.Count))));
    }

    [Theory]
    [InlineData("{kind: number, of: [observation], codes: {loinc: [a]}, unit: mmol/L, plausible: [1, 60], conversion: made-up}", "made-up")]
    [InlineData("{kind: number, of: [observation], codes: {loinc: [a]}, unit: furlong, plausible: [1, 60]}", "furlong")]
    [InlineData("{kind: ever, of: [observation], codes: {loinc: [\"a*\"]}}", "asterisk")]
    public void Definition_that_this_software_cannot_compute_is_refused_in_words(string value, string word)
    {
        var fault = Assert.Throws<DatasetException>(() => new Chart().Compute(ClinicalStudyText.Features($"feature: {value}"), 0));

        Assert.Contains(word, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Window_is_open_at_its_beginning_and_closed_at_its_end()
    {
        var feature = ClinicalStudyText.Features("""count: {kind: count, of: [observation], codes: {loinc: [hr]}, range: [0, 10], window: {from: 24h, to: 12h}}""");
        double At(double hour) => new Chart().Observation("hr", hour, 1).Compute(feature, 48)[0];

        Assert.Equal((0, 1, 1, 0), (At(24), At(24.001), At(36), At(36.001)));
    }

    [Fact]
    public void Features_do_not_change_by_anything_that_happened_or_became_known_later()
    {
        var item = Gen.Select(Gen.OneOf("hr", "hr-2", "smoking", "5"), Gen.Double[-200, 100], Gen.Double[0, 100], Gen.Double[-900, 900]);
        var later = Gen.Select(item, Gen.Bool, Gen.Double[0.001, 500], Gen.Double[0.001, 500]);
        Gen.Select(item.Array[0, 40], later.Array[1, 20]).Sample((past, future) =>
        {
            const double Now = 100;
            var chart = Base(past);
            var before = chart.Compute(s_everything, Now);
            foreach (var ((code, time, _, number), isBackDated, happens, becomesKnown) in future)
            {
                // Later events; and earlier ones that became known later.
                var at = isBackDated ? time : Now + happens;
                Add(chart, code, at, Math.Max(at, Now) + becomesKnown, number);
            }

            Assert.Equal(before.Select(BitConverter.DoubleToInt64Bits), chart.Compute(s_everything, Now).Select(BitConverter.DoubleToInt64Bits));
        }, iter: 300);
    }

    [Fact]
    public void Features_do_not_depend_on_the_order_in_which_events_came()
    {
        var item = Gen.Select(Gen.OneOf("hr", "hr-2", "smoking", "5"), Gen.Int[-20, 20].Select(time => (double)time), Gen.Int[0, 3].Select(lag => (double)lag), Gen.Double[-900, 900]);
        Gen.Select(item.Array[0, 40], Gen.Int[0, int.MaxValue]).Sample((items, seed) =>
        {
            var shuffled = (items.Clone() as (string, double, double, double)[])!;
            new Random(seed).Shuffle(shuffled);
            Assert.Equal(
                Base(items).Compute(s_everything, 30).Select(BitConverter.DoubleToInt64Bits),
                Base(shuffled).Compute(s_everything, 30).Select(BitConverter.DoubleToInt64Bits));
        }, iter: 200);
    }

    private static Chart Base((string Code, double Time, double Lag, double Number)[] items)
    {
        var chart = new Chart().Born(1980, sex: "female");
        foreach (var (code, time, lag, number) in items)
            Add(chart, code, time, time + lag, number);
        return chart;
    }

    private static void Add(Chart chart, string code, double time, double available, double number)
    {
        if (code == "5")
            chart.Coded(EventKind.Condition, CodeSystems.Snomed, code, time, available);
        else
            chart.Observation(code, time, number, available: available);
    }

    private static Dictionary<string, double> Named(Chart chart, double hour) =>
        s_everything.Zip(chart.Compute(s_everything, hour)).ToDictionary(pair => pair.First.Name, pair => pair.Second);
}
