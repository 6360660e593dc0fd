using FederatedClinicalMl.Cli.Synth;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Cli.Synth;

public sealed class SynthFormatTests
{
    [Fact]
    public void Formats_of_one_seed_say_the_same_of_the_same_patients()
    {
        using var folder = new TemporaryFolder();
        foreach (var format in Enum.GetValues<SynthFormat>())
        {
            Directory.CreateDirectory(folder.Of($"{format}"));
            SynthRun.Run(new SynthOptions(4, 80, 1, format, Gzip: false, FaultySite: 3, DriftSite: 4), folder.Of($"{format}"), TestContext.Current.CancellationToken);
        }

        for (var site = 1; site <= 4; site++)
        {
            string Of(SynthFormat format) => Path.Combine(folder.Of($"{format}"), $"site-{site}", "data");
            var fhir = FormatReaders.Fhir(Of(SynthFormat.Fhir)).Order(StringComparer.Ordinal).ToList();

            Assert.Equal(fhir, FormatReaders.Csv(Of(SynthFormat.Csv)).Order(StringComparer.Ordinal));
            Assert.Equal(fhir, FormatReaders.Omop(Of(SynthFormat.Omop)).Order(StringComparer.Ordinal));
            Assert.All((string[])["patient", "encounter", "Condition", "MedicationRequest", "Procedure", "Observation"], kind =>
                Assert.True(fhir.Count(line => line.StartsWith($"{kind} ", StringComparison.Ordinal)) >= 80, kind));
        }
    }

    [Fact]
    public void First_patient_of_the_first_seed_is_the_one_of_this_golden_line()
    {
        using var folder = new TemporaryFolder();
        SynthRun.Run(new SynthOptions(1, 1, 1, SynthFormat.Fhir, Gzip: false, FaultySite: 0, DriftSite: 0), folder.Path, TestContext.Current.CancellationToken);

        var lines = FormatReaders.Fhir(Path.Combine(folder.Path, "site-1", "data")).ToList();

        Assert.Equal("patient s1-000001 1945-10-31 male ", lines[0]);
        Assert.Equal("Observation s1-000001 http://loinc.org|8480-6 2012-06-20T09:55:51Z 2012-06-20T11:55:51Z 117 mm[Hg]", lines.First(line => line.Contains("|8480-6", StringComparison.Ordinal)));
    }

    [Fact]
    public void Codes_have_one_concept_each_and_all_are_in_the_list()
    {
        Assert.Equal(Codes.All.Count, Codes.All.Select(code => code.Concept).Distinct().Count());
        Assert.Equal(Codes.All.Count, Codes.All.Select(code => (code.System, code.Code)).Distinct().Count());
        Assert.Equal(
            typeof(Codes).GetFields().Where(field => field.FieldType == typeof(SynthCode)).Select(field => ((SynthCode)field.GetValue(null)!).Code).Order(StringComparer.Ordinal),
            Codes.All.Select(code => code.Code).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Published_study_asks_for_what_the_hospitals_have()
    {
        var check = StudyChecker.CheckYaml(File.ReadAllText(SynthSites.StudyFile));

        Assert.Empty(check.Faults);
        var study = check.Study!;
        Assert.Equal(SiteFiles.Dataset, study.Data.Dataset.ToString());
        Assert.Equal(Enumerable.Range(1, 4).Select(site => Hospital.Of(1, site, null).Name), study.Federation.Sites.Select(site => site.Value));
        Assert.Equal(TimeSpan.FromDays(Course.HorizonDays), study.Data.Cohort!.Outcome.Within);
        Assert.Equal([Codes.HeartFailure.Code], study.Data.Cohort.Outcome.Events.Codes.Select(code => code.Code));
        Assert.Subset(
            Codes.All.Select(code => code.Code).Append("EMER").ToHashSet(),
            study.Data.Features.SelectMany(feature => CodesOf(feature.Source!.Value.Value)).Select(code => code.Code).ToHashSet());
    }

    private static IEnumerable<StudyCode> CodesOf(FeatureValue value) => value switch
    {
        NumberValue number => number.Events.Codes,
        CountValue count => count.Events.Codes,
        EverValue ever => ever.Events.Codes,
        CodedValue coded => [.. coded.Events.Codes, .. coded.Levels.SelectMany(level => level.Codes)],
        _ => [],
    };
}
