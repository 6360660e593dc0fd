using System.Diagnostics;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Tests.Launching;

namespace FederatedClinicalMl.Tests.EndToEnd;

/// <summary>The README's first command, as its reader runs it.</summary>
public sealed class DemoTests
{
    [Fact]
    public async Task Demo_ends_with_a_registered_model_its_comparison_and_intact_audit_logs()
    {
        var folder = Directory.CreateTempSubdirectory("fcml-").FullName;
        var program = Path.Combine(Path.GetDirectoryName(TestFederation.Programs().Coordinator)!, "..", "..", "Cli", Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)), "fcml");
        var start = new ProcessStartInfo(Path.GetFullPath(program), ["demo", "--json", "--folder", Path.Combine(folder, "demo")]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var demo = Process.Start(start)!;
        var (output, error) = (demo.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), demo.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await demo.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(demo.ExitCode == 0, await error);
        var events = (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).ToLookup(line => line["event"]!.GetValue<string>());
        Assert.Equal(["federated", "pooled", "cleveland", "hungarian", "switzerland", "va"], events["score"].Select(score => score["model"]!.GetValue<string>()));
        Assert.Equal(4, events["audit"].Count(audit => audit["said"]!.GetValue<string>().StartsWith("intact", StringComparison.Ordinal)));
        Assert.Matches("^[0-9a-f]{64}$", events["end"].Single()["model"]!.GetValue<string>());
        Directory.Delete(folder, recursive: true);
    }
}
