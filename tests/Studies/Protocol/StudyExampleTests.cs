using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Studies.Protocol;

public sealed class StudyExampleTests
{
    public static TheoryData<string> Examples =>
        [.. Directory.GetFiles(Repository.PathTo("docs/how-to/examples"), "*.yaml").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Examples))]
    public void CheckYaml_publishedExample_isAStudyThatTravels(string file)
    {
        var check = StudyChecker.CheckYaml(Repository.Read($"docs/how-to/examples/{file}"));

        Assert.Empty(check.Faults);
        var travelled = StudyChecker.CheckCanonical(check.Study!.Canonical);
        Assert.Empty(travelled.Faults);
        Assert.Equal(check.Study.Digest, travelled.Study!.Digest);
    }

    [Fact]
    public void CheckYaml_heartDisease_hasTheFourHospitalsAndThirteenFeatures()
    {
        var study = StudyChecker.CheckYaml(Repository.Read("docs/how-to/examples/heart-disease.yaml")).Study!;

        Assert.Equal(["cleveland", "hungarian", "switzerland", "va"], study.Federation.Sites.Select(site => site.Value));
        Assert.Equal((3, 15, TimeSpan.FromMinutes(10)), (study.Federation.Quorum, study.Federation.Rounds, study.Federation.Deadline));
        Assert.Equal(13, study.Data.Features.Length);
        Assert.Equal(9 + 4 + 3 + 3 + 3, study.Data.Features.Sum(feature => feature.Width));
        Assert.Equal(9, study.Data.Features.Count(feature => feature.NeedsPreparation));
        Assert.Equal(new FixedPointEncoding(32, 8), study.Federation.Encoding);
        Assert.Equal(new Label("num", 0), study.Data.Label);
    }

    [Theory]
    [InlineData("synthea-cardiovascular.yaml", 1825, 18)]
    [InlineData("gibleed-haemorrhage.yaml", 90, 13)]
    public void CheckYaml_studyOverEvents_hasItsHorizonAndFourSites(string file, int days, int features)
    {
        var study = StudyChecker.CheckYaml(Repository.Read($"docs/how-to/examples/{file}")).Study!;

        Assert.Equal(TimeSpan.FromDays(days), study.Data.Cohort!.Outcome.Within);
        Assert.True(study.Data.Cohort.Outcome.FollowUpRequired);
        Assert.Equal(["site-1", "site-2", "site-3", "site-4"], study.Federation.Sites.Select(site => site.Value));
        Assert.Equal(features, study.Data.Features.Length);
    }

    [Fact]
    public void CheckYaml_flambyBenchmark_hasItsSettings()
    {
        var study = StudyChecker.CheckYaml(Repository.Read("docs/how-to/examples/heart-disease-flamby.yaml")).Study!;

        Assert.Equal(new StudyTraining(Optimizer.Sgd, 0.001, 4, null, 100, 42), study.Training);
        Assert.Equal(Enumerable.Range(0, 13).Select(i => $"x{i}"), study.Data.Features.Select(feature => feature.Name));
        Assert.All(study.Data.Features, feature => Assert.False(feature.NeedsPreparation));
        Assert.Equal((Weighting.Rows, 15), (study.Federation.Weighting, study.Federation.Rounds));
    }
}
