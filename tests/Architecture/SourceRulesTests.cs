namespace FederatedClinicalMl.Tests.Architecture;

public sealed class SourceRulesTests
{
    private static readonly string[] Drivers = ["Microsoft.Data.Sqlite", "DuckDB", "Npgsql"];

    [Fact]
    public void Torch_is_named_in_the_training_folder_only() =>
        House.Keeps(SourceRules.NamedOutside(Repository.Files, "TorchSharp", "site-agent/Worker/Training/"));

    [Fact]
    public void Onnx_runtime_is_named_in_scoring_only() =>
        House.Keeps(SourceRules.NamedOutside(Repository.Files, "Microsoft.ML.OnnxRuntime", "site-agent/Scoring/"));

    [Fact]
    public void Native_seal_is_named_in_its_room_only() =>
        House.Keeps(SourceRules.NamedOutside(Repository.Files, "Microsoft.Research.SEAL", "core/SealNet/"));

    [Fact]
    public void Database_drivers_are_named_in_storage_and_connectors_only() =>
        House.Keeps(Drivers.SelectMany(driver => SourceRules.NamedOutside(Repository.Files, driver, "Storage", "Connectors")));

    [Fact]
    public void No_file_names_a_machine_or_a_feed()
    {
        House.Keeps(SourceRules.MachinePaths(Repository.Files));
        House.Keeps(SourceRules.PackageFeeds(Repository.Files));
    }

    [Fact]
    public void No_code_is_left_unfinished() => House.Keeps(SourceRules.UnfinishedCode(Repository.Files));

    [Fact]
    public void Warnings_are_turned_off_with_a_reason() => House.Keeps(SourceRules.UnexplainedSuppressions(Repository.Files));

    [Fact]
    public void Repository_is_read_whole()
    {
        var paths = Repository.Files.Select(file => file.Path).ToHashSet();
        Assert.Superset(new HashSet<string> { "core/Studies/Protocol/Study.cs", "test.sh", ".ci/run" }, paths);
        Assert.DoesNotContain(paths, path => path.StartsWith("artifacts/", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("site-agent/Worker/Policy/SitePolicy.cs", "using TorchSharp;")]
    [InlineData("cli/Simulator.cs", "var t = TorchSharp.torch.zeros(1);")]
    public void Torch_named_elsewhere_is_found(string path, string text) =>
        Assert.Single(SourceRules.NamedOutside([new SourceFile(path, text)], "TorchSharp", "site-agent/Worker/Training/"));

    [Theory]
    [InlineData("site-agent/Worker/Training/Trainer.cs", "using TorchSharp;")]
    [InlineData("tests/Worker/TrainerTests.cs", "using TorchSharp;")]
    [InlineData("core/Learning/Model.cs", "// TorchSharp orders its gates otherwise")]
    [InlineData("core/Learning/Model.cs", "/* as in\n TorchSharp */ class C;")]
    public void Torch_in_its_folder_in_tests_and_in_comments_is_let_be(string path, string text) =>
        Assert.Empty(SourceRules.NamedOutside([new SourceFile(path, text)], "TorchSharp", "site-agent/Worker/Training/"));

    [Fact]
    public void Driver_outside_of_storage_is_found()
    {
        const string text = "using Microsoft.Data.Sqlite;";
        Assert.Single(SourceRules.NamedOutside([new SourceFile("coordinator/Rounds/RunProcess.cs", text)], "Microsoft.Data.Sqlite", "Storage", "Connectors"));
        Assert.Single(SourceRules.NamedOutside([new SourceFile("coordinator/Rounds/Storage.cs", text)], "Microsoft.Data.Sqlite", "Storage", "Connectors"));
        Assert.Empty(SourceRules.NamedOutside([new SourceFile("coordinator/Storage/SqliteJournal.cs", text)], "Microsoft.Data.Sqlite", "Storage", "Connectors"));
    }

    [Theory]
    [InlineData("work")]
    [InlineData("tmp")]
    public void Machine_path_is_found(string folder)
    {
        Assert.Single(SourceRules.MachinePaths([new SourceFile("docs/a.md", $"start\nsee /{folder}/notes")]));
        Assert.Empty(SourceRules.MachinePaths([new SourceFile("docs/a.md", $"see docs/{folder}/notes and https://example.org/{folder}/")]));
    }

    [Theory]
    [InlineData("a.sh", "https://feed.example.org", "/v3/index.json")]
    [InlineData("a.md", "https://api.nu", "get.example")]
    [InlineData("build/NuGet.Config", "<configuration", " />")]
    public void Package_feed_is_found(string path, string head, string tail) =>
        Assert.Single(SourceRules.PackageFeeds([new SourceFile(path, head + tail)]));

    [Theory]
    [InlineData("TO", "DO")]
    [InlineData("NotImplemented", "Exception")]
    public void Unfinished_code_is_found(string head, string tail) =>
        Assert.Single(SourceRules.UnfinishedCode([new SourceFile("core/a.cs", $"x;\n// {head}{tail}: later")]));

    [Fact]
    public void Suppression_without_a_reason_is_found()
    {
        Assert.Single(SourceRules.UnexplainedSuppressions([new SourceFile("core/a.cs", "class C;\n#pragma warning disable CA1031\n")]));
        Assert.Empty(SourceRules.UnexplainedSuppressions([new SourceFile("core/a.cs", "#pragma warning disable CA1031 // the host logs it and ends\n")]));
    }
}
