using System.Collections.Immutable;

namespace FederatedClinicalMl.Tests.Architecture;

public sealed class ReferenceRulesTests
{
    private const string Page = """
        | room | may reference | what |
        | --- | --- | --- |
        | `core/Numerics` | - | sums |
        | `core/Privacy` *(later)* | `core/Numerics` | noise |
        | `site-agent/Gateway` | `protos/Federation`, `core/*` | gateway |
        """;

    private static readonly ImmutableDictionary<string, ReferenceRow> PlantedTable = ReferenceTable.Parse(Page);

    private static ImmutableDictionary<string, ReferenceRow> Table => ReferenceTable.Parse(Repository.Read("docs/architecture/rooms.md"));

    [Fact]
    public void Project_references_are_those_of_the_table() =>
        House.Keeps(ReferenceRules.ForbiddenReferences(Repository.Projects, Table));

    [Fact]
    public void Reference_table_names_every_room() =>
        House.Keeps(ReferenceRules.IncompleteTable(Repository.Projects, Table));

    [Fact]
    public void Solution_lists_every_project() =>
        House.Keeps(ReferenceRules.SolutionDifferences(Repository.Projects, Repository.Read("FederatedClinicalMl.sln")));

    [Fact]
    public void Torch_is_referenced_by_worker_and_tests_only()
    {
        House.Keeps(ReferenceRules.PackageOutside(Repository.Projects, "TorchSharp", "site-agent/Worker"));
        House.Keeps(ReferenceRules.PackageOutside(Repository.Projects, "libtorch-cpu-linux-x64"));
        House.Keeps(ReferenceRules.ImportOutside(Repository.Projects, "build/Torch.targets", "site-agent/Worker", "cli"));
    }

    [Fact]
    public void Onnx_runtime_is_referenced_by_scoring_and_tests_only() =>
        House.Keeps(ReferenceRules.PackageOutside(Repository.Projects, "Microsoft.ML.OnnxRuntime", "site-agent/Scoring"));

    [Fact]
    public void Native_seal_is_referenced_by_its_room_and_tests_only()
    {
        House.Keeps(ReferenceRules.PackageOutside(Repository.Projects, "Microsoft.Research.SEALNet", "core/SealNet"));
        Assert.DoesNotContain(Repository.Projects, project => !project.IsTest && project.References.Contains("core/SealNet")); // core/* in the table would allow it
    }

    [Fact]
    public void Table_rows_are_read_with_their_wildcards_and_marks()
    {
        Assert.Equal(["core/Numerics", "core/Privacy", "site-agent/Gateway"], PlantedTable.Keys.Order(StringComparer.Ordinal));
        Assert.True(PlantedTable["core/Privacy"].Later);
        var gateway = PlantedTable["site-agent/Gateway"];
        Assert.False(gateway.Later);
        Assert.True(gateway.Allows("core/Numerics"));
        Assert.True(gateway.Allows("protos/Federation"));
        Assert.False(gateway.Allows("protos/Steward"));
        Assert.False(gateway.Allows("core"));
    }

    [Fact]
    public void Project_file_is_read_with_resolved_references()
    {
        var project = Planted("site-agent/Gateway/Gateway.csproj", """
            <ProjectReference Include="../../core/Numerics/Numerics.csproj" />
            <ProjectReference Include="..\Worker\Worker.csproj" />
            <PackageReference Include="Grpc.Net.Client" />
            """, """<Import Project="../../build/Torch.targets" />""");
        Assert.Equal("site-agent/Gateway", project.Room);
        Assert.Equal(["core/Numerics", "site-agent/Worker"], project.References);
        Assert.Equal(["Grpc.Net.Client"], project.Packages);
        Assert.Equal(["build/Torch.targets"], project.Imports);
    }

    [Fact]
    public void Reference_absent_from_the_table_is_found()
    {
        var project = Planted("site-agent/Gateway/Gateway.csproj", """
            <ProjectReference Include="../../core/Numerics/Numerics.csproj" />
            <ProjectReference Include="../ClinicalData/ClinicalData.csproj" />
            """);
        var violation = Assert.Single(ReferenceRules.ForbiddenReferences([project], PlantedTable));
        Assert.Contains("references site-agent/ClinicalData", violation, StringComparison.Ordinal);
    }

    [Fact]
    public void Reference_from_a_room_without_a_row_is_found() =>
        Assert.Single(ReferenceRules.ForbiddenReferences(
            [Planted("core/New/New.csproj", """<ProjectReference Include="../Numerics/Numerics.csproj" />""")], PlantedTable));

    [Fact]
    public void Reference_from_a_room_to_a_test_project_is_found() =>
        Assert.Single(ReferenceRules.ForbiddenReferences(
            [Planted("site-agent/Gateway/Gateway.csproj", """<ProjectReference Include="../../tests/Worker/Worker.Tests.csproj" />""")], PlantedTable));

    [Fact]
    public void Table_that_differs_from_the_projects_is_found() =>
        Assert.Equal(
            [
                "core/New has a project but no row in the reference table.",
                "core/Privacy is marked (later) in the reference table but has a project.",
                "site-agent/Gateway has a row in the reference table but no project.",
            ],
            ReferenceRules.IncompleteTable(
                [Planted("core/Numerics/Numerics.csproj"), Planted("core/New/New.csproj"), Planted("core/Privacy/Privacy.csproj")], PlantedTable)
                .Order(StringComparer.Ordinal));

    [Fact]
    public void Solution_that_differs_from_the_projects_is_found()
    {
        const string solution = """Project("{F}") = "Numerics", "core\Numerics\Numerics.csproj", "{1}" Project("{F}") = "Gone", "core\Gone\Gone.csproj", "{2}" """;
        Assert.Equal(2, ReferenceRules.SolutionDifferences([Planted("core/Numerics/Numerics.csproj"), Planted("core/New/New.csproj")], solution).Count());
    }

    [Fact]
    public void Package_and_import_outside_their_rooms_are_found()
    {
        var project = Planted("coordinator/Coordinator.csproj",
            """<PackageReference Include="TorchSharp" /><PackageReference Include="Microsoft.ML.OnnxRuntime.Managed" />""",
            """<Import Project="../build/Torch.targets" />""");
        Assert.Single(ReferenceRules.PackageOutside([project], "TorchSharp", "site-agent/Worker"));
        Assert.Single(ReferenceRules.PackageOutside([project], "Microsoft.ML.OnnxRuntime", "site-agent/Scoring"));
        Assert.Single(ReferenceRules.ImportOutside([project], "build/Torch.targets", "site-agent/Worker"));
    }

    private static ProjectFile Planted(string path, string items = "", string rest = "") =>
        ProjectFile.Parse(path, $"<Project><ItemGroup>{items}</ItemGroup>{rest}</Project>");
}
