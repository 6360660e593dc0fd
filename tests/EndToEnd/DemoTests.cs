using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Tests.Launching;

namespace FederatedClinicalMl.Tests.EndToEnd;

/// <summary>The README's first command, as its reader runs it, with fewer patients.</summary>
public sealed class DemoTests
{
    private static readonly string[] s_made = ["site-1", "site-2", "site-3", "site-4"];

    [Fact]
    public async Task Demo_ends_with_a_registered_model_its_comparison_and_intact_audit_logs()
    {
        var events = await DemoAsync("--patients", "150");

        Assert.Equal(s_made, events["import"].Select(Site));
        Assert.All(events["import"], import => Assert.InRange(import["patients"]!.GetValue<int>(), 150, 200));
        AssertRegistered(events, s_made);
        Assert.InRange(events["best"].Single()["expected"]!.GetValue<double>(), 0.75, 0.85);
    }

    [Fact]
    public async Task Demo_that_serves_promotes_its_model_and_has_a_hospital_answer_with_it()
    {
        var events = await DemoAsync("--serve");

        AssertRegistered(events, s_made);
        var scored = events["scored"].Single();
        Assert.Equal(("site-1", "1.0.0", "production"), (Site(scored), scored["answer"]!["version"]!.GetValue<string>(), scored["answer"]!["mode"]!.GetValue<string>()));
        Assert.InRange(scored["answer"]!["score"]!.GetValue<double>(), 0.001, 0.999);
        Assert.Equal(events["end"].Single()["model"]!.GetValue<string>(), scored["answer"]!["model"]!.GetValue<string>());
    }

    [Fact]
    public async Task Demo_under_differential_privacy_spends_of_each_hospitals_ledger_what_was_allowed_and_not_more()
    {
        var events = await DemoAsync("--patients", "150", "--privacy", "dp", "--epsilon", "3");

        AssertRegistered(events, s_made);
        Assert.Equal(s_made, events["ledger"].Select(Site));
        Assert.All(events["ledger"], ledger => Assert.InRange(ledger["spent"]!.GetValue<double>(), 2.5, 3));
    }

    [Theory]
    [InlineData("uci-heart/processed", 0, "cleveland", "hungarian", "switzerland", "va")]
    [InlineData("synthea-fhir-r4", 615, "site-1", "site-2", "site-3", "site-4")]
    [InlineData("omop-gibleed", 2694, "site-1", "site-2", "site-3", "site-4")]
    public async Task Demo_over_given_data_finds_what_they_are_and_ends_with_a_registered_model(string data, int patients, params string[] sites)
    {
        var events = await DemoAsync("--data", DataFolder(data));

        Assert.Equal(patients, events["import"].Sum(import => import["patients"]!.GetValue<int>()));
        Assert.All(events["import"], import => Assert.Empty(import["refused"]!.AsArray()));
        AssertRegistered(events, sites);
    }

    private static void AssertRegistered(ILookup<string, JsonNode> events, string[] sites)
    {
        Assert.Equal(["federated", "pooled", .. sites], events["score"].Select(score => score["model"]!.GetValue<string>()));
        Assert.Equal(sites, events["audit"].Where(audit => audit["said"]!.GetValue<string>().StartsWith("intact", StringComparison.Ordinal)).Select(Site));
        Assert.Matches("^[0-9a-f]{64}$", events["end"].Single()["model"]!.GetValue<string>());
    }

    private static string Site(JsonNode happened) => happened["site"]!.GetValue<string>();

    private static string DataFolder(string name)
    {
        var folder = Environment.GetEnvironmentVariable("FCML_DATA") is { Length: > 0 } given ? given : Path.Combine(Path.GetDirectoryName(Here())!, "../../../shared/data");
        var path = Path.GetFullPath(Path.Combine(folder, name));
        if (!Directory.Exists(path))
            Assert.Skip($"'{path}' is not there: set FCML_DATA to the folder with the test data.");
        return path;
    }

    private static string Here([CallerFilePath] string file = "") => file;

    /// <summary>Runs it, and gives what it printed for scripts, by kind.</summary>
    private static async Task<ILookup<string, JsonNode>> DemoAsync(params string[] words)
    {
        var folder = Directory.CreateTempSubdirectory("fcml-").FullName;
        var program = Path.Combine(Path.GetDirectoryName(TestFederation.Programs().Coordinator)!, "..", "..", "Cli", Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)), "fcml");
        var start = new ProcessStartInfo(Path.GetFullPath(program), ["demo", "--json", "--folder", Path.Combine(folder, "demo"), .. words]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var demo = Process.Start(start)!;
        var (output, error) = (demo.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), demo.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await demo.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(demo.ExitCode == 0, await error);
        Directory.Delete(folder, recursive: true);
        return (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).ToLookup(line => line["event"]!.GetValue<string>());
    }
}
