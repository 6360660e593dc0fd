using System.Text.Json.Nodes;
using FederatedClinicalMl.Tests.ClinicalData;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Cli.Simulation;

/// <summary>Studies that predict a number, over the public data of the examples, from hospitals' files to a registered model, and again from its records.</summary>
public sealed class NumberSimulationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Model => _folder.Of("model");

    public void Dispose() => _folder.Dispose();

    // R² of 0 is that of the mean outcome.
    [Theory]
    [InlineData("greatest-heart-rate.yaml", "uci-heart/processed", 294, 0.15, 20)]
    [InlineData("synthea-blood-pressure.yaml", "synthea-fhir-r4", 652, 0.7, 10)]
    public async Task Model_explains_what_it_should_is_told_as_it_is_and_is_made_again_from_its_records(string study, string folder, int rows, double explained, double error)
    {
        var data = SharedData.Folder(folder);
        var (code, output, said) = await CommandRun.FcmlWithOutputAsync("simulate", Path.Combine(Examples, study), "--data", data, "--json", "--out", Model);
        Assert.True(code == 0, said);
        var exact = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).Last(item => (string)item["event"]! == "score" && (string)item["site"]! == "all");
        var told = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Model, "metrics.json"), TestContext.Current.CancellationToken))!;

        Assert.Equal((rows, rows), ((int)told["rows"]!, (int)exact["rows"]!));
        Assert.InRange((double)told["r2"]!, explained, 1);
        Assert.InRange((double)told["mae"]!, 0, error);
        // Sums on grids of 2^-40 of the range, of predictions in double on both sides.
        foreach (var metric in (string[])["mae", "rmse", "r2", "bias"])
            Assert.Equal((double)exact[metric]!["value"]!, (double)told[metric]!, 1e-6);
        Assert.Equal((0, ""), await CommandRun.FcmlAsync("replay", "--folder", Model, "--data", data));
    }

    private static string Examples => SharedData.Fixture("../../docs/how-to/examples");
}
