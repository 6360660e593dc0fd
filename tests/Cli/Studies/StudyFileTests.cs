using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Cli.Studies;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Cli.Studies;

public sealed class StudyFileTests : IDisposable
{
    private const string Study = """
        protocol: 1
        name: own-features
        title: A study with a definition of its own
        purpose: Reads a definition from the folder beside it.
        ethics: none needed
        data:
          dataset: ehr
          cohort:
            index: {event: age, years: 50}
            outcome: {name: died, of: [death], within: 365d}
          features:
            - use: age-at-index@1
            - use: falls@1
        model: {kind: logistic-regression}
        federation: {rounds: 1, quorum: 1}
        """;

    private const string Definition = """
        feature: 1
        name: falls
        version: 1
        title: Falls in the last year
        meaning: Recorded falls.
        owner: geriatrics
        value: {kind: count, of: [condition], codes: {icd-10: [W0*, W1*]}, window: {from: 365d}, range: [0, 100]}
        """;

    private readonly TemporaryFolder _folder = new();

    private string File => Path.Combine(_folder.Path, "study.yaml");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Check_ofAStudyWithDefinitionsBesideIt_findsThem()
    {
        Write(Study, Definition);

        Assert.Equal(0, (await CommandRun.FcmlAsync("study", "check", File)).Code);
        Assert.Contains(StudyFile.Read(new FileInfo(File)).Data.Features, feature => feature.Name == "falls");
    }

    [Fact]
    public async Task Check_ofAStudyWithoutSubgroups_advisesLinesThatAreSoundAndEndsWell()
    {
        Write(Study, Definition);

        var (code, output, _) = await CommandRun.FcmlWithOutputAsync("study", "check", File, "--json");
        var (_, words, _) = await CommandRun.FcmlWithOutputAsync("study", "check", File);

        Assert.Equal(0, code);
        var advice = JsonNode.Parse(output.Split('\n')[1])!; // after the study
        Assert.Equal(("advice", "evaluation.subgroups"), ((string?)advice["event"], (string?)advice["path"]));
        Assert.Equal(["- {feature: age-at-index, bands: [45, 65]}"], advice["lines"]!.AsArray().Select(line => (string?)line));
        Assert.Contains("  - {feature: age-at-index, bands: [45, 65]}", words, StringComparison.Ordinal);

        Write($"{Study}\nevaluation:\n  subgroups:\n    {advice["lines"]![0]}\n", null);
        (code, output, _) = await CommandRun.FcmlWithOutputAsync("study", "check", File, "--json");
        Assert.Equal((0, "study"), (code, (string?)JsonNode.Parse(output)!["event"])); // and nothing is advised any more
    }

    [Fact]
    public async Task Check_ofAStudyWhoseNoiseCannotBeCalibrated_saysWhy()
    {
        var hidden = string.Join(", ", Enumerable.Repeat("1", 16));
        Write($$$"""
            protocol: 1
            name: too-wide
            title: A network that is too wide for so many rows
            purpose: A test of this software
            ethics: none needed
            data:
              dataset: rows
              features: [{name: age, range: [0, 120], constants: {mean: 60, sd: 10}}]
              label: {name: ill}
            model: {kind: mlp, hidden: [{{{hidden}}}]}
            training: {local-steps: 1}
            federation: {rounds: 1, quorum: 3, weighting: equal}
            evaluation: {every: 0}
            privacy: {dp: {noise-multiplier: 1, clipping-norm: 1, sampling-rate: 0.5, patients: 100, rows-per-patient: 256} }
            """, null);

        var (code, output, _) = await CommandRun.FcmlWithOutputAsync("study", "check", File, "--json");

        Assert.Equal((int)ExitCode.InvalidInput, code);
        Assert.Contains("The network is too wide for so many rows of a patient", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_ofAStudyWithoutTheDefinition_saysWhereItWouldBe()
    {
        Write(Study, null);

        var (code, output, _) = await CommandRun.FcmlWithOutputAsync("study", "check", File, "--json");

        Assert.Equal((int)ExitCode.InvalidInput, code);
        Assert.Contains("the folder 'features' beside the study", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_ofAStudyWhoseModelCouldNotBeWritten_namesTheFeature()
    {
        Write(Study.Replace("falls", "logit", StringComparison.Ordinal), Definition.Replace("name: falls", "name: logit", StringComparison.Ordinal));

        var (code, output, _) = await CommandRun.FcmlWithOutputAsync("study", "check", File, "--json");

        Assert.Equal((int)ExitCode.InvalidInput, code);
        Assert.Contains("is an output of the model", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_withAFaultInADefinition_saysItsFileLineAndColumn()
    {
        Write(Study, Definition.Replace("kind: count", "kind: counts", StringComparison.Ordinal));

        var (code, output, _) = await CommandRun.FcmlWithOutputAsync("study", "check", File, "--json");

        Assert.Equal((int)ExitCode.InvalidInput, code);
        var fault = JsonNode.Parse(output.Split('\n')[0])!;
        Assert.Equal((Path.Combine(_folder.Path, "features", "falls.yaml"), 7, "value.kind"), ((string?)fault["file"], (int)fault["line"]!, (string?)fault["path"]));
    }

    [Fact]
    public void Read_withAFaultInADefinitionThatItDoesNotUse_isRefused()
    {
        Write(Study.Replace("    - use: falls@1\n", "", StringComparison.Ordinal), "feature: 1");

        var fault = Assert.Throws<CliException>(() => StudyFile.Read(new FileInfo(File)));

        Assert.Equal(ExitCode.InvalidInput, fault.Code);
        Assert.Contains("falls.yaml:1:1", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_ofADefinitionThatDiffersFromABuiltInOne_asksForANewVersion()
    {
        Write(Study, Definition.Replace("name: falls", "name: sex", StringComparison.Ordinal));

        var (code, output, _) = await CommandRun.FcmlWithOutputAsync("study", "check", File, "--json");

        Assert.Equal((int)ExitCode.InvalidInput, code);
        Assert.Contains("Give the changed definition a new version", output, StringComparison.Ordinal);
    }

    private void Write(string study, string? definition)
    {
        System.IO.File.WriteAllText(File, study);
        if (definition is null)
            return;
        Directory.CreateDirectory(Path.Combine(_folder.Path, "features"));
        System.IO.File.WriteAllText(Path.Combine(_folder.Path, "features", "falls.yaml"), definition);
    }
}
