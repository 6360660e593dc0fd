using System.Text.Json;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Cli.Models;

public sealed class ModelsVerifyTests : IDisposable
{
    private readonly Hospitals _hospitals = new("{every: 1, per-site: true}");

    private string Folder => Path.Combine(_hospitals.Root, "model");

    public void Dispose() => _hospitals.Dispose();

    [Fact]
    public async Task Verify_of_an_untouched_folder_succeeds_and_names_its_key()
    {
        await StoreAsync();

        var (code, output, _) = await CommandRun.FcmlWithOutputAsync("models", "verify", "--folder", Folder, "--json");

        Assert.Equal(0, code);
        var line = JsonNode.Parse(output)!;
        Assert.Equal("verified", (string?)line["event"]);
        Assert.Equal(4, (int)line["rounds"]!); // the preparation and three rounds
        Assert.Equal(0, (await CommandRun.FcmlAsync("models", "verify", "--folder", Folder, "--key", (string)line["key"]!)).Code);
    }

    [Fact]
    public async Task Verify_with_another_key_says_so()
    {
        await StoreAsync();

        var (code, error) = await CommandRun.FcmlAsync("models", "verify", "--folder", Folder, "--key", new string('0', 64));

        Assert.Equal((int)ExitCode.NotVerified, code);
        Assert.Contains("is signed with the key", error);
    }

    [Theory]
    [InlineData("parameters.bin")]
    [InlineData("model.onnx")]
    [InlineData("study.json")]
    [InlineData("constants.json")]
    [InlineData("metrics.json")]
    [InlineData("sitemetrics.json")]
    [InlineData("rounds.json")]
    public async Task Verify_names_the_file_in_which_a_byte_was_flipped(string file)
    {
        await StoreAsync();
        var path = Path.Combine(Folder, file);
        var content = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        content[content.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(path, content, TestContext.Current.CancellationToken);

        var (code, error) = await CommandRun.FcmlAsync("models", "verify", "--folder", Folder);

        Assert.Equal((int)ExitCode.NotVerified, code);
        Assert.Contains($": {file} has the digest", error);
    }

    [Theory]
    [InlineData("parameters.bin")]
    [InlineData("manifest.json")]
    public async Task Verify_names_a_missing_file(string file)
    {
        await StoreAsync();
        File.Delete(Path.Combine(Folder, file));

        var (code, error) = await CommandRun.FcmlAsync("models", "verify", "--folder", Folder);

        Assert.Equal((int)ExitCode.NotVerified, code);
        Assert.Contains($"{file} is missing", error);
    }

    [Fact]
    public async Task Verify_names_the_record_that_was_changed_even_where_the_manifest_was_made_to_fit_and_that_the_manifest_was()
    {
        await StoreAsync();
        Change("rounds.json", rounds => rounds[2]!["record"]!["quorum"] = 1);
        var digest = Sha256Digest.Of(await File.ReadAllBytesAsync(Path.Combine(Folder, "rounds.json"), TestContext.Current.CancellationToken)).ToString();
        Change("manifest.json", file => file["manifest"]!["files"]!.AsArray().Single(entry => (string?)entry!["name"] == "rounds.json")!["digest"] = digest);

        var (code, output, _) = await CommandRun.FcmlWithOutputAsync("models", "verify", "--folder", Folder, "--json");

        Assert.Equal((int)ExitCode.NotVerified, code);
        var differences = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => (string)JsonNode.Parse(line)!["difference"]!).ToList();
        Assert.Equal(2, differences.Count);
        Assert.StartsWith("manifest.json is not signed by the key", differences[0]);
        Assert.StartsWith("rounds.json, record 3 (round 2) is not signed by the key", differences[1]);
    }

    [Fact]
    public async Task Verify_finds_a_round_that_was_left_out()
    {
        await StoreAsync();
        Change("rounds.json", rounds => rounds.AsArray().RemoveAt(2));

        var (_, output, _) = await CommandRun.FcmlWithOutputAsync("models", "verify", "--folder", Folder, "--json");

        Assert.Contains("does not hold each of the study", output);
    }

    [Theory]
    [InlineData("auroc", "does not hold the metrics of its histogram")]
    [InlineData("histogram", "does not hold the histogram that the last evaluation came to")]
    public async Task Verify_finds_metrics_that_are_not_those_of_the_records_even_where_the_manifest_was_made_to_fit(string field, string difference)
    {
        await StoreAsync();
        Change("metrics.json", metrics =>
        {
            if (field == "histogram")
                metrics[field] = null;
            else
                metrics[field] = 0.99;
        });
        var content = await File.ReadAllBytesAsync(Path.Combine(Folder, "metrics.json"), TestContext.Current.CancellationToken);
        Change("manifest.json", file =>
        {
            var entry = file["manifest"]!["files"]!.AsArray().Single(entry => (string?)entry!["name"] == "metrics.json")!;
            (entry["digest"], entry["length"]) = (Sha256Digest.Of(content).ToString(), content.Length);
        });

        var (code, output, _) = await CommandRun.FcmlWithOutputAsync("models", "verify", "--folder", Folder, "--json");

        Assert.Equal((int)ExitCode.NotVerified, code);
        Assert.Contains($"metrics.json {difference}", output);
    }

    [Theory]
    [InlineData("metrics.json")]
    [InlineData("sitemetrics.json")]
    [InlineData("model.onnx")]
    [InlineData("constants.json")]
    public async Task Verify_finds_a_file_that_the_study_calls_for_and_the_manifest_does_not_name(string file)
    {
        await StoreAsync();
        Change("manifest.json", manifest =>
        {
            var files = manifest["manifest"]!["files"]!.AsArray();
            files.Remove(files.Single(entry => (string?)entry!["name"] == file));
        });

        var (code, output, _) = await CommandRun.FcmlWithOutputAsync("models", "verify", "--folder", Folder, "--json");

        Assert.Equal((int)ExitCode.NotVerified, code);
        Assert.Contains($"manifest.json names no {file}", output);
    }

    [Fact]
    public async Task Verify_without_a_model_or_a_folder_is_refused() =>
        Assert.NotEqual(0, (await CommandRun.FcmlAsync("models", "verify")).Code);

    private async Task StoreAsync() =>
        Assert.Equal((0, ""), await CommandRun.FcmlAsync("simulate", _hospitals.Study, "--data", _hospitals.Data, "--out", Folder));

    private void Change(string file, Action<JsonNode> change)
    {
        var path = Path.Combine(Folder, file);
        var node = JsonNode.Parse(File.ReadAllBytes(path))!;
        change(node);
        File.WriteAllBytes(path, CanonicalJson.Write(JsonSerializer.Deserialize<JsonNode>(node.ToJsonString())));
    }
}
