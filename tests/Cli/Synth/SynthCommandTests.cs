using System.Security.Cryptography;
using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Cli.Synth;

public sealed class SynthCommandTests
{
    [Theory]
    [InlineData("fhir", "--gzip")]
    [InlineData("fhir", "--json")]
    [InlineData("omop", "--json")]
    [InlineData("csv", "--json")]
    public async Task Synth_of_the_same_seed_writes_the_same_bytes(string format, string option)
    {
        using var folder = new TemporaryFolder();
        await MakeAsync("--patients", "30", "--format", format, option, "--out", folder.Of("one"));
        await MakeAsync("--patients", "30", "--format", format, option, "--out", folder.Of("two"));
        await MakeAsync("--patients", "30", "--format", format, option, "--out", folder.Of("three"), "--seed", "2");

        Assert.Equal(Digests(folder.Of("one")), Digests(folder.Of("two")));
        Assert.NotEqual(Digests(folder.Of("one")), Digests(folder.Of("three")));
    }

    [Fact]
    public async Task Synth_of_more_hospitals_leaves_each_hospital_as_it_was()
    {
        using var folder = new TemporaryFolder();
        await MakeAsync("--patients", "20", "--sites", "2", "--faulty-site", "1", "--drift-site", "2", "--out", folder.Of("two"));
        await MakeAsync("--patients", "20", "--sites", "5", "--faulty-site", "1", "--drift-site", "2", "--out", folder.Of("five"));

        foreach (var site in (string[])["site-1", "site-2"])
            Assert.Equal(Digests(Path.Combine(folder.Of("two"), site)), Digests(Path.Combine(folder.Of("five"), site)));
    }

    [Fact]
    public async Task Synth_into_a_folder_that_is_not_empty_is_refused_and_leaves_it()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.Of("mine"), "mine");

        var (code, error) = await CommandRun.FcmlAsync("synth", "--patients", "1", "--out", folder.Path);

        Assert.Equal((int)ExitCode.Usage, code);
        Assert.Contains("is not empty", error, StringComparison.Ordinal);
        Assert.Equal([folder.Of("mine")], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task Synth_with_faults_at_a_hospital_that_is_not_there_is_refused()
    {
        using var folder = new TemporaryFolder();

        var (code, error) = await CommandRun.FcmlAsync("synth", "--patients", "1", "--faulty-site", "5", "--out", folder.Of("made"));

        Assert.Equal((int)ExitCode.Usage, code);
        Assert.Contains("--faulty-site 5 is not one of the 4 hospitals", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.Of("made")));
    }

    private static async Task MakeAsync(params string[] words)
    {
        var (code, error) = await CommandRun.FcmlAsync(["synth", .. words]);
        Assert.True(code == 0, error);
    }

    private static IEnumerable<string> Digests(string folder) => Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        .Select(file => $"{Path.GetRelativePath(folder, file)} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))}");
}
