using System.Diagnostics;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli;

namespace FederatedClinicalMl.Tests.Cli.Bench;

public sealed class RoundsVerbTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fcml-bench-");

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>Five real processes; what is held is that every figure is reported, not how great it is.</summary>
    [Fact]
    public async Task Two_small_rounds_are_measured_and_reported()
    {
        var folder = Path.Combine(_folder.FullName, "bench");

        var (code, output, error) = await RunAsync("bench", "rounds", "--sites", "2", "--megabytes", "1", "--rounds", "2", "--folder", folder, "--json");

        Assert.True(code == (int)ExitCode.Success, $"exit code {code}: {error}");
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal(["disk", "rounds"], lines.Select(line => (string?)line["event"]));
        var rounds = lines[1];
        Assert.Equal((2, 1, 2), ((int)rounds["sites"]!, (int)rounds["megabytes"]!, (int)rounds["rounds"]!));
        Assert.Equal((1_000_000, 1_000_000), ((long)rounds["downBytes"]!, (long)rounds["upBytes"]!));
        Assert.True((double)rounds["roundMilliseconds"]!["minimum"]! > 0);
        Assert.All(["coordinator", "gateways", "workers"], kind => Assert.True((long)rounds["peakBytes"]![kind]! > 0));
        Assert.False(Directory.Exists(folder)); // a bench leaves nothing behind
    }

    [Fact]
    public async Task Syncs_are_counted_of_every_kind_of_process()
    {
        if (!File.Exists("/usr/bin/strace") || Environment.UserName != "root")
            Assert.Skip("Counting syncs needs strace and root.");

        var (code, output, error) = await RunAsync("bench", "rounds", "--sites", "1", "--rounds", "2", "--syncs", "--folder", Path.Combine(_folder.FullName, "bench"), "--json");

        Assert.True(code == (int)ExitCode.Success, $"exit code {code}: {error}");
        var syncs = JsonNode.Parse(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1])!["syncsPerRound"]!;
        Assert.True((double)syncs["coordinator"]! >= 4); // opened, staged, accepted, committed: each durable before the next
        Assert.True((double)syncs["workers"]! >= 3); // log, file, directory
    }

    [Fact]
    public async Task Sizes_out_of_bounds_are_refused()
    {
        var (code, _, error) = await RunAsync("bench", "rounds", "--sites", "0");

        Assert.NotEqual(0, code);
        Assert.Contains("--sites is a whole number from 1 to", error, StringComparison.Ordinal);
    }

    // The program itself: beside this test lies a copy of its library, but not what it starts.
    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] words)
    {
        var here = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        var start = new ProcessStartInfo(Path.GetFullPath(Path.Combine(here, "..", "..", "Cli", Path.GetFileName(here), OperatingSystem.IsWindows() ? "fcml.exe" : "fcml")), words)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        try
        {
            var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            return (process.ExitCode, output, await error);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }
}
