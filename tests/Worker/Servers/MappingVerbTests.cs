using System.Text.Json.Nodes;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.SiteAgent.Worker;
using Grpc.Core;

namespace FederatedClinicalMl.Tests.Worker.Servers;

/// <summary>The steward's review of the site's mapping, over the real socket.</summary>
public sealed class MappingVerbTests
{
    private const string Key = "    mapping: mapping.yaml\n";
    private const string First = """
        version: 1
        reviewed-by: Ann
        reviewed-on: 2026-01-31
        codes:
          - {from: {system: local, code: Puls}, to: {system: loinc, code: 8867-4}}
        units:
          - {from: Schlaege, to: /min}
        """;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Mapping_is_used_once_exactly_it_was_approved_also_after_a_restart()
    {
        await using var worker = await Mapped(First);
        Assert.Contains("Version 1 of the mapping of 'ehr' was not approved here.", await Refused(() => Check(worker)), StringComparison.Ordinal);
        var shown = await Show(worker);
        Assert.Equal((1u, "Ann", false, 0u, ""), (shown.Version, shown.ReviewedBy, shown.InUse, shown.ApprovedVersion, shown.ApprovedDigest));
        Assert.Equal(["code 'Puls' is http://loinc.org|8867-4", "unit 'Schlaege' is /min"], shown.Added);

        Assert.Contains($"The mapping is now {shown.Digest}", await Refused(() => Approve(worker, shown.Digest[..12])), StringComparison.Ordinal);
        Assert.Equal(0, await CommandLine.RunAsync(["data", "mapping", "ehr", "--approve", shown.Digest, "--steward", "grace", "--data", worker.Folder.Root]));
        await worker.StopAsync();
        await worker.StartAgainAsync();

        var approved = await Show(worker);
        Assert.Equal((true, "It is in use.", 1u, shown.Digest), (approved.InUse, approved.Sentence, approved.ApprovedVersion, approved.ApprovedDigest));
        Assert.Empty(approved.Added);
        await Check(worker);
        Assert.Empty((await worker.Steward.ShowTermsAsync(new TermsRequest { Dataset = "ehr" }, cancellationToken: Stop)).Codes);
        var entry = JsonNode.Parse((await File.ReadAllLinesAsync(worker.Log, Stop)).Single(line => line.Contains(WorkerEntries.MappingApproved, StringComparison.Ordinal)))!["body"]!;
        Assert.Equal(("ehr", 1, shown.Digest, "grace"), ((string)entry["dataset"]!, (int)entry["version"]!, (string)entry["digest"]!, (string)entry["steward"]!));
    }

    [Fact]
    public async Task Changed_mapping_is_shown_by_its_difference_and_needs_a_greater_version()
    {
        await using var worker = await Mapped(First);
        await Approve(worker, (await Show(worker)).Digest);

        var changed = First.Replace("8867-4", "8889-8", StringComparison.Ordinal);
        await Write(worker, changed);
        var shown = await Show(worker);
        Assert.StartsWith("Version 1 of the mapping says something else than version 1, which was approved.", shown.Sentence, StringComparison.Ordinal);
        Assert.StartsWith("Version 1 of the mapping says something else", await Refused(() => Approve(worker, shown.Digest)), StringComparison.Ordinal);

        await Write(worker, changed.Replace("version: 1", "version: 2", StringComparison.Ordinal));
        shown = await Show(worker);
        Assert.Equal(["code 'Puls' is http://loinc.org|8889-8"], shown.Added);
        Assert.Equal(["code 'Puls' is http://loinc.org|8867-4"], shown.Removed);
        await Refused(() => Check(worker));
        Assert.True((await Approve(worker, shown.Digest)).InUse);
        await Check(worker);
    }

    [Fact]
    public async Task Mapping_that_is_left_out_again_is_a_change_like_another()
    {
        await using var worker = await Mapped(First);
        await Approve(worker, (await Show(worker)).Digest);

        await SmallExport.WriteAsync(worker);
        Assert.StartsWith("datasets.yaml no longer names the mapping of 'ehr'", await Refused(() => Check(worker)), StringComparison.Ordinal);
        var shown = await Show(worker);
        Assert.Equal((0u, 2), (shown.Version, shown.Removed.Count));
        await Approve(worker, shown.Digest);
        await Check(worker);

        await SmallExport.WriteAsync(worker, Key);
        Assert.StartsWith("Version 1 of the mapping says something else than version 1", (await Show(worker)).Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Approved_file_that_was_lost_leaves_every_line_to_be_looked_at()
    {
        await using var worker = await Mapped(First);
        await Approve(worker, (await Show(worker)).Digest);
        File.Delete(Assert.Single(Directory.GetFiles(worker.Folder.Mappings)));
        await Write(worker, First.Replace("version: 1", "version: 2", StringComparison.Ordinal));

        Assert.Equal(2, (await Show(worker)).Added.Count);
    }

    private static async Task<RunningWorker> Mapped(string mapping)
    {
        var worker = await RunningWorker.StartAsync();
        await Write(worker, mapping);
        await SmallExport.WriteAsync(worker, Key);
        await worker.Steward.ImportDataAsync(new ImportDataRequest { Dataset = "ehr", Steward = "grace" }, cancellationToken: Stop);
        return worker;
    }

    private static Task Write(RunningWorker worker, string mapping) => File.WriteAllTextAsync(Path.Combine(worker.Folder.Root, "mapping.yaml"), mapping, Stop);

    private static async Task<QualityReply> Check(RunningWorker worker) => await worker.Steward.CheckQualityAsync(new QualityRequest { Dataset = "ehr" }, cancellationToken: Stop);

    private static async Task<MappingReply> Show(RunningWorker worker) => await worker.Steward.ShowMappingAsync(new MappingRequest { Dataset = "ehr" }, cancellationToken: Stop);

    private static async Task<MappingReply> Approve(RunningWorker worker, string digest) =>
        await worker.Steward.ApproveMappingAsync(new MappingDecision { Dataset = "ehr", Digest = digest, Steward = "grace" }, cancellationToken: Stop);

    private static async Task<string> Refused(Func<Task> call) => (await Assert.ThrowsAsync<RpcException>(call)).Status.Detail;
}
