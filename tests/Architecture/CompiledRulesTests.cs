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

    [Fact]
    public void Gateway_leads_to_no_reader_of_clinical_files()
    {
        var graph = AssemblyGraph.From(Repository.Assembly("Gateway", "site-agent"));
        House.Keeps(CompiledRules.Chains(graph, "site-agent", "Parquet*", "Hl7.*", "site-import", "site-scoring", "Microsoft.ML.OnnxRuntime"));
    }

    [Fact]
    public void Worker_leads_to_no_driver_of_a_database_on_another_host()
    {
        var graph = AssemblyGraph.From(Repository.Assembly("Worker", "site-worker"));
        Assert.Contains("FederatedClinicalMl.ClinicalData", graph.Keys);
        House.Keeps(CompiledRules.Chains(graph, "site-worker", "Npgsql*", "site-import", "site-agent"));
    }

    [Fact]
    public void Worker_leads_to_nothing_that_exports_spans_or_metrics()
    {
        var graph = AssemblyGraph.From(Repository.Assembly("Worker", "site-worker"));
        House.Keeps(CompiledRules.Chains(graph, "site-worker", "OpenTelemetry*", "FederatedClinicalMl.Telemetry"));
    }

    [Fact]
    public void Import_leads_to_no_worker_no_training_and_no_server()
    {
        var graph = AssemblyGraph.From(Repository.Assembly("Import", "site-import"));
        Assert.Contains("Npgsql", graph.Keys);
        House.Keeps(CompiledRules.Chains(graph, "site-import", "site-worker", "site-agent", "TorchSharp*", "Microsoft.AspNetCore*", "Grpc.*", "FederatedClinicalMl.Protos.*"));
    }

    [Fact]
    public void Scoring_leads_to_no_worker_no_gateway_and_no_wire()
    {
        var graph = AssemblyGraph.From(Repository.Assembly("Scoring", "site-scoring"));
        Assert.Contains("Microsoft.ML.OnnxRuntime", graph.Keys);
        House.Keeps(CompiledRules.Chains(graph, "site-scoring", "site-worker", "site-agent", "site-import", "coordinator", "TorchSharp*", "Npgsql*", "Grpc.*", "FederatedClinicalMl.Protos.*"));
    }

    [Fact]
    public void Scoring_names_no_type_that_dials_an_address() =>
        House.Keeps(CompiledRules.NamedTypes("site-scoring", AssemblyGraph.NamedTypes(Repository.Assembly("Scoring", "site-scoring")), CompiledRules.DiallingTypes));

    [Fact]
    public void Console_leads_to_no_data_no_worker_no_gateway_and_no_wire_but_the_stewards()
    {
        var graph = AssemblyGraph.From(Repository.Assembly("Console", "site-console"));
        Assert.Contains("FederatedClinicalMl.Protos.Steward", graph.Keys);
        House.Keeps(CompiledRules.Chains(graph, "site-console",
            "FederatedClinicalMl.ClinicalData", "site-worker", "site-agent", "site-import", "site-scoring", "coordinator", "FederatedClinicalMl.Protos.Federation", "FederatedClinicalMl.Protos.WorkerPort",
            "TorchSharp*", "Microsoft.ML.OnnxRuntime", "Npgsql*", "DuckDB*", "Microsoft.Data.Sqlite*", "Parquet*", "Hl7.*"));
    }

    [Fact]
    public void Console_names_no_message_that_carries_a_patients_value_or_row() =>
        House.Keeps(CompiledRules.NamedTypes("site-console", AssemblyGraph.NamedTypes(Repository.Assembly("Console", "site-console")), CompiledRules.PatientMessages));

    [Fact]
    public void Clinical_data_leads_to_no_driver_of_a_database_on_another_host() =>
        House.Keeps(CompiledRules.Chains(AssemblyGraph.From(Repository.Assembly("Worker", "FederatedClinicalMl.ClinicalData")), "FederatedClinicalMl.ClinicalData", "Npgsql*"));

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
