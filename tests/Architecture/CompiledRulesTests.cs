using System.Collections.Immutable;

namespace FederatedClinicalMl.Tests.Architecture;

public sealed class CompiledRulesTests
{
    private static readonly ImmutableDictionary<string, ImmutableArray<string>> PlantedGraph = ImmutableDictionary.CreateRange(
        new Dictionary<string, ImmutableArray<string>>
        {
            ["site-agent"] = ["FederatedClinicalMl.Studies", "FederatedClinicalMl.Helpers"],
            ["FederatedClinicalMl.Helpers"] = ["FederatedClinicalMl.ClinicalData", "site-agent"],
            ["FederatedClinicalMl.ClinicalData"] = ["DuckDB.NET.Data"],
        });

    [Fact]
    public void Gateway_leads_to_no_patient_data()
    {
        var graph = AssemblyGraph.From(Repository.Assembly("Gateway", "site-agent"));
        Assert.Contains("FederatedClinicalMl.Protos.WorkerPort", graph.Keys);
        House.Keeps(CompiledRules.Chains(graph, "site-agent",
            "FederatedClinicalMl.ClinicalData", "FederatedClinicalMl.Protos.Steward", "site-worker", "TorchSharp", "DuckDB*", "Microsoft.Data.Sqlite", "Npgsql*"));
    }

    [Fact]
    public void Coordinator_leads_to_no_patient_data()
    {
        var graph = AssemblyGraph.From(Repository.Assembly("Coordinator", "coordinator"));
        Assert.Contains("FederatedClinicalMl.Protos.Federation", graph.Keys);
        House.Keeps(CompiledRules.Chains(graph, "coordinator",
            "FederatedClinicalMl.ClinicalData", "FederatedClinicalMl.Protos.Steward", "FederatedClinicalMl.Protos.WorkerPort",
            "site-agent", "site-worker", "TorchSharp", "DuckDB*"));
    }

    [Theory]
    [InlineData("site-worker")]
    [InlineData("FederatedClinicalMl.ClinicalData")]
    public void Worker_names_no_type_that_reaches_an_internet_address(string assembly) =>
        House.Keeps(CompiledRules.NamedTypes(assembly, AssemblyGraph.NamedTypes(Repository.Assembly("Worker", assembly)), CompiledRules.InternetTypes));

    [Fact]
    public void Forbidden_assembly_is_found_through_another()
    {
        Assert.Equal(
            ["FederatedClinicalMl.ClinicalData <- FederatedClinicalMl.Helpers <- site-agent"],
            CompiledRules.Chains(PlantedGraph, "site-agent", "FederatedClinicalMl.ClinicalData"));
        Assert.Equal(
            ["DuckDB.NET.Data <- FederatedClinicalMl.ClinicalData <- FederatedClinicalMl.Helpers <- site-agent"],
            CompiledRules.Chains(PlantedGraph, "site-agent", "DuckDB*"));
    }

    [Fact]
    public void Assembly_missing_from_the_graph_is_an_error_not_a_pass() =>
        Assert.Throws<ArgumentException>(() => CompiledRules.Chains(PlantedGraph, "coordinator", "TorchSharp").ToList());

    [Fact]
    public void Metadata_of_this_assembly_is_read()
    {
        var path = typeof(CompiledRulesTests).Assembly.Location;
        Assert.Contains("xunit.v3.assert", AssemblyGraph.References(path));
        Assert.Contains("xunit.v3.common", AssemblyGraph.From(path).Keys); // referenced by the runner's assemblies beside it
        Assert.Contains("System.Xml.Linq.XDocument", AssemblyGraph.NamedTypes(path));
    }

    [Fact]
    public void Named_internet_type_is_found()
    {
        var path = typeof(CompiledRulesTests).Assembly.Location;
        Assert.Equal(["planted names System.Xml.Linq.XDocument."], CompiledRules.NamedTypes("planted", AssemblyGraph.NamedTypes(path), ["System.Xml.Linq.XDocument"]));
    }
}
