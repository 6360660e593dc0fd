using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Cli.Features;

public sealed class FeaturesTests : IDisposable
{
    private const string Definition = """
        feature: 1
        name: troponin-max
        version: 1
        title: Troponin I, greatest
        meaning: Greatest troponin I of the last day.
        owner: cardiology
        value: {kind: number, of: [observation], codes: {loinc: [10839-9, 42757-5]}, window: {from: 1d}, aggregate: max, unit: ng/mL, plausible: [0, 500]}
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task List_hasTheBuiltInDefinitions_andThoseOfAFolder()
    {
        Write("troponin.yaml", Definition);

        var lines = await LinesAsync("features", "list", "--library", _folder.Path, "--json");

        var own = Assert.Single(lines, line => (string?)line["name"] == "troponin-max");
        Assert.Equal(("feature", 1, "number max", "ng/mL", "cardiology"), ((string?)own["event"], (int)own["version"]!, (string?)own["kind"], (string?)own["unit"], (string?)own["owner"]));
        Assert.Contains(lines, line => (string?)line["name"] == "hba1c-last" && (string?)line["unit"] == "%");
        Assert.Contains(lines, line => (string?)line["name"] == "hba1c-slope" && (string?)line["unit"] == "%/d");
        Assert.Contains(lines, line => (string?)line["name"] == "age-at-index" && line["unit"] is null);
    }

    [Fact]
    public async Task Show_hasEveryField_andTheDigest()
    {
        var line = Assert.Single(await LinesAsync("features", "show", "creatinine-last@1", "--json"));

        Assert.Equal(113.12, (double)line["definition"]!["value"]!["molar-mass"]!);
        Assert.Equal(64, ((string)line["digest"]!).Length);

        var (code, output, _) = await CommandRun.FcmlWithOutputAsync("features", "show", "creatinine-last@1");
        Assert.Equal(0, code);
        foreach (var part in (string[])["value.codes.loinc", "14682-9", "113.12", "730d", (string)line["digest"]!])
            Assert.Contains(part, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Diff_ofTwoVersions_saysWhatChangedFieldByField()
    {
        Write("one.yaml", Definition);
        Write("two.yaml", Definition.Replace("version: 1", "version: 2", StringComparison.Ordinal).Replace("42757-5", "49563-0", StringComparison.Ordinal).Replace("1d}", "2d}", StringComparison.Ordinal));

        var lines = await LinesAsync("features", "diff", "troponin-max@1", "troponin-max@2", "--library", _folder.Path, "--json");

        Assert.Equal(["version", "value.codes.loinc", "value.window.from"], lines.Select(line => (string?)line["field"]).OrderBy(field => field!.Length));
        Assert.Equal("""["1d"]["2d"]""", lines.Where(line => (string?)line["field"] == "value.window.from").Select(line => line["before"]!.ToJsonString() + line["after"]!.ToJsonString()).Single());
    }

    [Fact]
    public async Task Diff_ofADefinitionWithItself_saysThatTheySayTheSame()
    {
        var (code, output, _) = await CommandRun.FcmlWithOutputAsync("features", "diff", "sex@1", "sex@1");

        Assert.Equal(0, code);
        Assert.Contains("say the same", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_ofAFolderWithAFault_saysFileLineAndColumn()
    {
        Write("troponin.yaml", Definition.Replace("aggregate: max", "aggregate: most", StringComparison.Ordinal));

        var (code, output, error) = await CommandRun.FcmlWithOutputAsync("features", "list", "--library", _folder.Path, "--json");

        Assert.Equal((int)ExitCode.InvalidInput, code);
        var fault = JsonNode.Parse(output)!;
        Assert.Equal((Path.Combine(_folder.Path, "troponin.yaml"), 7, "value.aggregate"), ((string?)fault["file"], (int)fault["line"]!, (string?)fault["path"]));
        Assert.True((int)fault["column"]! > 1);
        Assert.Contains("1 fault", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("hba1c-last@99", "There is hba1c-last@1.")]
    [InlineData("nothing@1", "fcml features list")]
    [InlineData("sex", "There is sex@1.")]
    public async Task Show_ofWhatIsNotThere_saysWhatIs(string reference, string hint)
    {
        var (code, error) = await CommandRun.FcmlAsync("features", "show", reference);

        Assert.Equal((int)ExitCode.Usage, code);
        Assert.Contains(hint, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_ofAFolderThatIsNotThere_isAFaultOfUsage() =>
        Assert.Equal((int)ExitCode.Usage, (await CommandRun.FcmlAsync("features", "list", "--library", Path.Combine(_folder.Path, "none"))).Code);

    private void Write(string file, string text) => File.WriteAllText(Path.Combine(_folder.Path, file), text);

    private static async Task<IReadOnlyList<JsonNode>> LinesAsync(params string[] args)
    {
        var (code, output, error) = await CommandRun.FcmlWithOutputAsync(args);
        Assert.True(code == 0, error);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
    }
}
