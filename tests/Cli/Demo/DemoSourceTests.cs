using System.Runtime.CompilerServices;
using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Cli.Demo;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Cli.Privacy;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Cli.Demo;

public sealed class DemoSourceTests
{
    [Theory]
    [InlineData("notes.txt", "holds nothing that the demo knows")]
    [InlineData("processed.va.data", "processed.cleveland.data")]
    public void Data_of_no_known_kind_or_not_all_there_are_refused(string file, string said)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.Of(file), "");

        var fault = Assert.Throws<CliException>(() => Prepare(folder.Path, folder.Of("out")));

        Assert.Equal(ExitCode.Usage, fault.Code);
        Assert.Contains(said, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Patient.ndjson", "{\"resourceType\":\"Patient\",\"id\":\"1\"}", "synthea-cardiovascular.yaml")]
    [InlineData("person.csv", "person_id\n1\n", "gibleed-haemorrhage.yaml")]
    public void Data_are_known_by_their_files(string file, string text, string study)
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.Of("data"));
        File.WriteAllText(Path.Combine(folder.Of("data"), file), text);

        Assert.Equal(study, Prepare(folder.Of("data"), folder.Of("out")).Study);
    }

    [Fact]
    public void Study_over_a_table_is_refused_for_events()
    {
        using var folder = new TemporaryFolder();
        var data = DemoSource.Prepare(null, patients: 1, folder.Of("made"), TimeProvider.System, TestContext.Current.CancellationToken);

        var fault = Assert.Throws<CliException>(() => DemoStudy.Read(new FileInfo(Path.Combine(Path.GetDirectoryName(Here())!, "../../../docs/how-to/examples/heart-disease.yaml")), "plain", null, data, folder.Path));

        Assert.Contains("the study needs a cohort", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Example_under_differential_privacy_has_the_least_noise_that_the_budget_lets_pass_and_the_policy_has_that_budget()
    {
        using var folder = new TemporaryFolder();
        var data = DemoSource.Prepare(null, patients: 1, folder.Of("made"), TimeProvider.System, TestContext.Current.CancellationToken);
        var privacy = DemoPrivacy.Of("3");

        var study = DemoStudy.Read(null, "secure", privacy, data, folder.Path).Study;

        var (filter, multiplier) = (PrivacyFilter.Under(privacy.Ceiling), study.Privacy!.NoiseMultiplier);
        Assert.True(filter.Admits(PrivateStudy.Of(study).Cost));
        Assert.False(filter.Admits(PrivateStudy.Of(StudyNoise.With(study, multiplier - 0.001)).Cost));
        var policy = PolicyReader.Read(privacy.Policy);
        Assert.Empty(policy.Faults);
        Assert.Equal(privacy.Ceiling, policy.Policy!.Privacy!.Total);
        Assert.All(PolicyCheck.Study(policy, study), finding => Assert.True(finding.Passed, finding.Sentence));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("101")]
    [InlineData("much")]
    public void Budget_that_is_none_is_refused(string epsilon) => Assert.Contains("--epsilon", Assert.Throws<CliException>(() => DemoPrivacy.Of(epsilon)).Message, StringComparison.Ordinal);

    [Fact]
    public void Study_that_invites_other_hospitals_is_refused()
    {
        using var folder = new TemporaryFolder();
        var data = DemoSource.Prepare(null, patients: 1, folder.Of("made"), TimeProvider.System, TestContext.Current.CancellationToken);
        var study = folder.Of("study.yaml");
        File.WriteAllText(study, DemoStudy.Read(null, "plain", null, data, folder.Path).Yaml.Replace("site-4]", "berlin]", StringComparison.Ordinal));

        var fault = Assert.Throws<CliException>(() => DemoStudy.Read(new FileInfo(study), "plain", null, data, folder.Path));

        Assert.Contains("invites berlin", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Patients_of_data_that_are_given_are_refused()
    {
        var (code, error) = await CommandRun.FcmlAsync("demo", "--patients", "5", "--data", ".");

        Assert.NotEqual(0, code);
        Assert.Contains("--patients is for made hospitals", error, StringComparison.Ordinal);
    }

    private static IDemoData Prepare(string data, string folder) => DemoSource.Prepare(data, patients: 1, folder, TimeProvider.System, TestContext.Current.CancellationToken);

    private static string Here([CallerFilePath] string file = "") => file;
}
