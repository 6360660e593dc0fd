using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Studies;
using Xunit;

namespace FederatedClinicalMl.Tests.ClinicalData.Quality;

public sealed class QualityCheckTests
{
    private const double Year = 366 * 24;

    // For each built-in rule what makes it fail, and no more of it than needed.
    private static readonly Dictionary<string, Action<Ward>> s_faults = new(StringComparer.Ordinal)
    {
        ["schema"] = ward => ward.Number("p1", 30, "2345-7", double.PositiveInfinity, "mg/dL"),
        ["code-known"] = ward => Repeat(200, i => ward.Add("p1", EventKind.Procedure, 30 + i, "http://hospital.example/codes", "X")),
        ["unit-known"] = ward => Repeat(100, i => ward.Number("p1", 30 + i, "2345-7", 5, "furlong per fortnight")),
        ["age-range"] = ward => ward.Born("old", 1890, "male").Add("old", EventKind.Condition, 0, CodeSystems.Snomed, "1"),
        ["missing-birth"] = ward => Repeat(10, i => ward.Born($"unborn{i}", null, "male").Add($"unborn{i}", EventKind.Condition, i, CodeSystems.Snomed, "1")),
        ["missing-sex"] = ward => Repeat(10, i => ward.Born($"x{i}", 1950 + i, null).Add($"x{i}", EventKind.Condition, i, CodeSystems.Snomed, "1")),
        ["missing-time"] = ward => Repeat(40, _ => ward.Number("p1", null, "2345-7", 5, "mg/dL")),
        ["missing-code"] = ward => Repeat(40, i => ward.Number("p1", 30 + i, null, 5, "mg/dL")),
        ["missing-unit"] = ward => Repeat(100, i => ward.Number("p1", 30 + i, "2345-7", 5, null)),
        ["missing-value"] = ward => Repeat(300, i => ward.Add("p1", EventKind.Observation, 30 + i, CodeSystems.Loinc, "panel")),
        ["missing-availability"] = ward => Repeat(500, i => ward.Add("p1", sink => Ward.Event(EventKind.Procedure, Ward.Hour(30 + i), ClinicalTime.None) with
        {
            Concept = sink.Concept(new Coding(CodeSystems.Snomed, "1")),
        })),
        ["range-heart-rate"] = ward => Repeat(3, i => ward.Number("p1", 30 + i, "8867-4", 7, "/min")),
        ["range-respiratory-rate"] = ward => ward.Number("p1", 30, "9279-1", 160, "/min"),
        ["range-body-temperature"] = ward => Repeat(2, i => ward.Number("p1", 30 + i, "8310-5", 98.6, "Cel")),
        ["range-systolic-pressure"] = ward => ward.Number("p1", 30, "8480-6", 1200, "mm[Hg]"),
        ["range-diastolic-pressure"] = ward => ward.Number("p1", 30, "8462-4", 0, "mm[Hg]"),
        ["range-oxygen-saturation"] = ward => ward.Number("p1", 30, "59408-5", 101, "%"),
        ["range-body-height"] = ward => ward.Number("p1", 30, "8302-2", 17, "m"),
        ["range-body-weight"] = ward => ward.Number("p1", 30, "29463-7", 0, "kg"),
        ["range-body-mass-index"] = ward => ward.Number("p1", 30, "39156-5", 250, "kg/m2"),
        ["outliers-iqr"] = ward => Repeat(20, i => ward.Number("p1", 30 + i, "8867-4", 290, "/min")),
        ["outliers-z"] = ward => Repeat(20, i => ward.Number("p1", 30 + i, "8867-4", 290, "/min")),
        ["end-before-start"] = ward => ward.Add("p1", EventKind.Encounter, 300, CodeSystems.ActCode, "IMP", end: 299),
        ["before-birth"] = ward => Repeat(6, i => ward.Add("p1", EventKind.Condition, -100 * Year + i, CodeSystems.Snomed, "1")),
        ["after-death"] = ward => ward.Add("p1", sink => Ward.Event(EventKind.Death, Ward.Hour(24 * 10), Ward.Hour(24 * 10)))
            .Add("p1", EventKind.Condition, 24 * 71, CodeSystems.Snomed, "1"),
        ["sex-pregnancy"] = ward => ward.Add("p0", EventKind.Condition, 30, CodeSystems.Icd10, "O80"),
        ["sex-prostate"] = ward => ward.Add("p1", EventKind.Procedure, 30, CodeSystems.Snomed, "90470006"),
        ["one-identity"] = ward => ward.Born("p1", 1971, "female"),
        ["future-time"] = ward => ward.Add("p1", EventKind.Condition, 3 * Year, CodeSystems.Snomed, "1"),
        ["known-before-it-happened"] = ward => Repeat(40, i => ward.Add("p1", EventKind.Condition, 300 + i, CodeSystems.Snomed, "1", available: 100)),
        ["duplicate-patients"] = ward => ward.Born("p1 again", 1941, "female").Add("p1 again", EventKind.Encounter, 24, CodeSystems.ActCode, "IMP", end: 72)
            .Add("p1 again", EventKind.MedicationOrder, 27, CodeSystems.RxNorm, "1191"),
        ["duplicate-events"] = ward => Repeat(40, _ => ward.Add("p1", EventKind.Condition, 30, CodeSystems.Snomed, "1")),
    };

    public static TheoryData<string> Rules => [.. BuiltInRules.All.Select(rule => rule.Id)];

    [Fact]
    public void Sound_ward_fails_no_rule()
    {
        var report = Ward.Sound().Check().Report;

        Assert.Empty(report.Results.Where(result => result.Failed > 0));
        Assert.Equal((60, 60 * 9), (report.Patients, report.Events));
        Assert.Equal(BuiltInRules.All, report.Results.Select(result => result.Rule));
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void Planted_fault_fails_its_rule(string rule)
    {
        var ward = Ward.Sound();
        s_faults[rule](ward);

        var result = Result(ward.Check(), rule);

        Assert.Equal(QualityVerdict.Failed, result.Verdict);
    }

    [Theory]
    [InlineData("range-heart-rate")]
    [InlineData("sex-pregnancy")]
    [InlineData("future-time")]
    [InlineData("duplicate-patients")]
    [InlineData("after-death")]
    public void Planted_fault_fails_no_other_rule_that_keeps_out(string rule)
    {
        var ward = Ward.Sound();
        s_faults[rule](ward);

        Assert.Equal([rule], ward.Check().Report.Failing(StudyQuality.Default).Select(result => result.Rule.Id));
    }

    [Fact]
    public void Share_at_the_threshold_passes_and_above_it_fails()
    {
        QualityVerdict With(int implausible) => Result(Pulses(200 - implausible, implausible).Check(), "range-heart-rate").Verdict;

        Assert.Equal((QualityVerdict.Passed, QualityVerdict.Failed), (With(2), With(3)));
    }

    [Fact]
    public void Birth_of_which_the_year_is_known_stands_for_its_year()
    {
        var infant = new Ward().Born("p", 2020, "male", 12, 31).Add("p", EventKind.Encounter, 1000, CodeSystems.ActCode, "IMP");
        var sooner = new Ward().Born("p", 2020, "male", 12, 30).Add("p", EventKind.Encounter, 1000, CodeSystems.ActCode, "IMP");

        Assert.Equal((0, 1), (Result(infant.Check(), "before-birth").Failed, Result(sooner.Check(), "before-birth").Failed));
    }

    [Fact]
    public void Number_in_another_unit_is_converted_before_its_range_is_asked()
    {
        var run = new Ward().Born("p", 1960, "male").Number("p", 0, "8310-5", 98.6, "[degF]").Number("p", 1, "8310-5", 98.6, "furlong").Check();

        Assert.Equal((1, 0), (Result(run, "range-body-temperature").Checked, Result(run, "range-body-temperature").Failed));
    }

    [Fact]
    public void End_that_was_dropped_when_it_was_imported_is_found_by_the_imports_notes()
    {
        var ward = new Ward { FileName = "stays, \"old\".csv" }.Born("p", 1960, "male").Add("p", EventKind.Encounter, 0, CodeSystems.ActCode, "IMP", end: 1)
            .Add("p", EventKind.Encounter, 5, CodeSystems.ActCode, "IMP").NoteItsEnd().Add("p", EventKind.Encounter, 9, CodeSystems.ActCode, "IMP");

        var run = ward.Check();

        Assert.Equal((2, 1), Counts(run, "end-before-start"));
        Assert.Equal(Ward.Hour(5), Assert.Single(run.Findings, finding => finding.Rule == "end-before-start").Event.Time);
    }

    [Fact]
    public void Features_of_a_study_make_rules_of_their_own()
    {
        var study = ClinicalStudyText.Of("""
            glucose: {kind: number, of: [observation], codes: {loinc: [2345-7]}, unit: mmol/L, plausible: [1, 60], molar-mass: 180.156, window: {from: 30d}}
            smoking: {kind: coded, of: [observation], codes: {loinc: [72166-2]}, levels: [{level: 0, codes: {snomed: ["266919005"]}}, {level: 1, codes: {snomed: ["77176002"]}}]}
            """).Data;
        var ward = Ward.Sound().Number("p0", -1, "2345-7", 90, "mg/dL").Number("p1", 20, "2345-7", 70, "mmol/L").Number("p2", 40, "2345-7", 5, "furlong")
            .Add("p0", sink => Ward.Event(EventKind.Observation, Ward.Hour(-1), Ward.Hour(-1)) with
            {
                Concept = sink.Concept(new Coding(CodeSystems.Loinc, "72166-2")), Value = sink.Concept(new Coding(CodeSystems.Snomed, "5")),
            });

        var run = ward.Check(study);

        Assert.Equal((2, 1), Counts(run, "feature-plausible-glucose"));
        Assert.Equal((3, 1), Counts(run, "feature-unit-glucose"));
        Assert.Equal((1, 1), Counts(run, "feature-level-smoking"));
        Assert.Equal((60, 59), Counts(run, "feature-coverage-glucose"));
        Assert.Equal(["feature-plausible-glucose"], run.Findings.Select(finding => finding.Rule));
        Assert.Equal((1, 1), (Histogram(run, "glucose").Above, Histogram(run, "glucose").Bins.Sum()));
    }

    [Fact]
    public void Rules_of_site_and_study_are_held_too()
    {
        const string Site = """
            quality: 1
            rules:
              - {test: range, name: sodium, dimension: accuracy, severity: high, of: [observation], codes: {loinc: [2951-2]}, range: [100, 200], unit: mmol/L}
              - {test: recorded, name: surgery, dimension: completeness, severity: low, of: [procedure], maximum-share: 0.5}
              - {test: units, name: sodium-unit, dimension: validity, severity: low, of: [observation], codes: {loinc: [2951-2]}, units: [mmol/L]}
              - {test: value, name: sodium-value, dimension: completeness, severity: low, of: [observation], codes: {loinc: [2951-2]}}
            """;
        var ward = Ward.Sound().Number("p0", 5, "2951-2", 14, "mmol/L").Number("p0", 6, "2951-2", 140, "mol/m3").Add("p1", EventKind.Observation, 30, CodeSystems.Loinc, "2951-2")
            .Add("p0", EventKind.Procedure, 7, CodeSystems.Snomed, "1");

        var run = ward.Check(siteRules: Site);

        Assert.Equal((2, 1), Counts(run, "site-sodium"));
        Assert.Equal((60, 59), Counts(run, "site-surgery"));
        Assert.Equal((2, 1), Counts(run, "site-sodium-unit"));
        Assert.Equal((3, 1), Counts(run, "site-sodium-value"));
        Assert.Equal("site-sodium", Assert.Single(run.Findings).Rule);
        Assert.Contains("site-sodium", run.Report.Failing(null).Select(result => result.Rule.Id));
    }

    [Fact]
    public void Patients_who_opted_out_are_not_looked_at()
    {
        var source = Ward.Sound().Number("p1", 30, "8867-4", 7, "/min").Open();

        var run = QualityCheck.Of(source, new QualityScope(null, SiteQuality.None), patient => patient == "p1", 10, TestContext.Current.CancellationToken);

        Assert.Equal((59, 0), (run.Report.Patients, Result(run, "range-heart-rate").Failed));
    }

    [Fact]
    public void Findings_that_are_kept_are_bounded_and_counts_are_not()
    {
        var run = QualityCheck.Of(Pulses(0, 50).Open(), new QualityScope(null, SiteQuality.None), _ => false, 10, TestContext.Current.CancellationToken);

        Assert.Equal((50, 10), (Result(run, "range-heart-rate").Failed, run.Findings.Count(finding => finding.Rule == "range-heart-rate")));
    }

    private static Ward Pulses(int plausible, int implausible)
    {
        var ward = new Ward().Born("p", 1960, "male");
        Repeat(plausible, i => ward.Number("p", i, "8867-4", 70, "/min"));
        Repeat(implausible, i => ward.Number("p", 1000 + i, "8867-4", 700, "/min"));
        return ward;
    }

    private static void Repeat(int times, Action<int> add)
    {
        for (var i = 0; i < times; i++)
            add(i);
    }

    private static QualityResult Result(QualityRun run, string rule) => run.Report.Results.Single(result => result.Rule.Id == rule);

    private static (long, long) Counts(QualityRun run, string rule) => (Result(run, rule).Checked, Result(run, rule).Failed);

    private static NumberHistogram Histogram(QualityRun run, string name) => run.Report.Histograms.Single(histogram => histogram.Name == name);
}
