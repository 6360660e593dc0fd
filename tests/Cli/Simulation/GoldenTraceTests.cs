using System.Runtime.CompilerServices;
using FederatedClinicalMl.Cli;

namespace FederatedClinicalMl.Tests.Cli.Simulation;

public sealed class GoldenTraceTests
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "../../.."));

    /// <summary>
    /// Weights within 2e-6 and identical accuracies, for each of the five seeds, or fcml ends with another exit code. The recording is a run of the FLamby
    /// benchmark's Fed-Heart-Disease (du Terrail et al., NeurIPS 2022) under torch 1.13.
    /// </summary>
    [Theory]
    [InlineData(42)]
    [InlineData(43)]
    [InlineData(44)]
    [InlineData(45)]
    [InlineData(46)]
    public async Task Simulate_with_a_recording_reproduces_the_recorded_weights_and_accuracies(int seed)
    {
        var reference = Data("uci-heart/reference");
        var study = Path.Combine(Root, "docs/how-to/examples/heart-disease-flamby.yaml");

        var code = await FcmlCommand.RunAsync(
            ["simulate", study, "--data", reference, "--trace", Path.Combine(reference, "golden-heart.json.gz"), "--seed", $"{seed}..{seed}"], TimeProvider.System);

        Assert.Equal(0, code);
    }

    [Fact]
    public async Task Simulate_of_a_study_that_is_not_there_ends_with_another_exit_code()
    {
        var code = await FcmlCommand.RunAsync(["simulate", Path.Combine(Root, "no-such-study.yaml"), "--data", Root], TimeProvider.System);

        Assert.NotEqual(0, code);
    }

    private static string Data(string relative)
    {
        var folder = Environment.GetEnvironmentVariable("FCML_DATA") is { Length: > 0 } given ? given : Path.Combine(Root, "../shared/data");
        var path = Path.GetFullPath(Path.Combine(folder, relative));
        if (!Directory.Exists(path))
        {
            Assert.NotEqual("true", Environment.GetEnvironmentVariable("CI"));
            Assert.Skip($"'{path}' is not there: set FCML_DATA to the folder with the test data.");
        }

        return path;
    }

    private static string Here([CallerFilePath] string file = "") => file;
}
