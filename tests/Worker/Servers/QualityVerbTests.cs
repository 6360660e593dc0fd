using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.SiteAgent.Worker;
using Grpc.Core;

namespace FederatedClinicalMl.Tests.Worker.Servers;

/// <summary>The steward's verbs about quality, over the real socket, on a small FHIR export.</summary>
public sealed class QualityVerbTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Steward_checks_reviews_and_decides_over_the_socket()
    {
        await using var worker = await RunningWorker.StartAsync();
        await ImportExport(worker);
        string[] check = ["quality", "check", "ehr", "--data", worker.Folder.Root];
        Assert.Equal(1, await CommandLine.RunAsync(check));

        var queue = Path.Combine(worker.Folder.Root, "queue.csv");
        Assert.Equal(0, await CommandLine.RunAsync(["quality", "review", "ehr", "--data", worker.Folder.Root, "--out", queue]));
        var lines = await File.ReadAllLinesAsync(queue, Stop);
        Assert.StartsWith("range-heart-rate,anna,2020-02-01T10:00:00Z,Observation,http://loinc.org|8867-4,7,/min,1,Observation.ndjson,1,", lines[1], StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(queue));

        lines[1] += "correct 70";
        await File.WriteAllLinesAsync(queue, lines, Stop);
        Assert.Equal(0, await CommandLine.RunAsync(["quality", "review", "ehr", "--data", worker.Folder.Root, "--in", queue, "--steward", "grace"]));

        var page = Path.Combine(worker.Folder.Root, "ehr.html");
        Assert.Equal(0, await CommandLine.RunAsync([.. check, "--html", page]));
        Assert.Contains("decisions version 1", await File.ReadAllTextAsync(page, Stop), StringComparison.Ordinal);
        var reply = await worker.Steward.CheckQualityAsync(new QualityRequest { Dataset = "ehr" }, cancellationToken: Stop);
        Assert.True(reply.Passed);
        Assert.Contains("\"decisions\":1", reply.Json, StringComparison.Ordinal);
        Assert.Equal(0, await CommandLine.RunAsync(["audit", "verify", "--data", worker.Folder.Root]));
    }

    [Fact]
    public async Task Values_that_wait_for_a_decision_are_counted_by_rule_and_forgotten_with_the_next_decision()
    {
        await using var worker = await RunningWorker.StartAsync();
        await ImportExport(worker);
        Assert.Equal(0, (await Kept()).CountedAtUnixSeconds); // nobody has looked yet

        var check = await Check();
        Assert.Equal(1UL, check.Waiting);
        Assert.Equal(["range-heart-rate"], check.Rules.Where(rule => rule.Waiting == 1).Select(rule => rule.Rule));
        Assert.Equal((await Imports()).Single().AtUnixSeconds, check.WaitingSinceUnixSeconds);
        Assert.Equal((1UL, check.WaitingSinceUnixSeconds), ((await Kept()).Waiting, (await Kept()).WaitingSinceUnixSeconds));
        Assert.InRange((await Kept()).CountedAtUnixSeconds, check.WaitingSinceUnixSeconds, long.MaxValue);

        var queue = (await worker.Steward.ReviewQualityAsync(new QualityRequest { Dataset = "ehr" }, cancellationToken: Stop)).Csv;
        await worker.Steward.DecideQualityAsync(new DecideQualityRequest { Dataset = "ehr", Csv = queue.TrimEnd('\n') + "keep", Steward = "grace" }, cancellationToken: Stop);
        Assert.Equal((0UL, 0L), ((await Kept()).Waiting, (await Kept()).CountedAtUnixSeconds));
        Assert.Equal((0UL, 0L), ((await Check()).Waiting, (await Check()).WaitingSinceUnixSeconds));
        Assert.NotEqual(0, (await Kept()).CountedAtUnixSeconds);

        async Task<QualityReply> Check() => await worker.Steward.CheckQualityAsync(new QualityRequest { Dataset = "ehr" }, cancellationToken: Stop);
        async Task<IEnumerable<DataImport>> Imports() => (await worker.Steward.ListDataAsync(new ListDataRequest(), cancellationToken: Stop)).Imports;
        async Task<DataKept> Kept() => (await worker.Steward.ListDataAsync(new ListDataRequest(), cancellationToken: Stop)).Kept.Single();
    }

    [Fact]
    public async Task Table_with_a_fault_is_refused_with_its_line()
    {
        await using var worker = await RunningWorker.StartAsync();
        await ImportExport(worker);
        var queue = (await worker.Steward.ReviewQualityAsync(new QualityRequest { Dataset = "ehr" }, cancellationToken: Stop)).Csv;

        var refused = await Assert.ThrowsAsync<RpcException>(async () =>
            await worker.Steward.DecideQualityAsync(new DecideQualityRequest { Dataset = "ehr", Csv = queue.TrimEnd('\n') + "drop", Steward = "grace" }, cancellationToken: Stop));

        Assert.Equal(StatusCode.FailedPrecondition, refused.StatusCode);
        Assert.StartsWith("Line 2 of the table: 'decision' must be keep", refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Steward_erases_a_data_set_by_typing_its_name()
    {
        await using var worker = await RunningWorker.StartAsync();
        await ImportExport(worker);
        string[] erase = ["data", "erase", "ehr", "--data", worker.Folder.Root, "--steward", "grace", "--note", "end of the study"];
        var terminal = Console.In;
        try
        {
            Console.SetIn(new StringReader("ehrr\n"));
            Assert.Equal(1, await CommandLine.RunAsync(erase));
            Assert.Single((await worker.Steward.ListDataAsync(new ListDataRequest(), cancellationToken: Stop)).Imports);
            Console.SetIn(new StringReader("ehr\n"));
            Assert.Equal(0, await CommandLine.RunAsync(erase));
        }
        finally
        {
            Console.SetIn(terminal);
        }

        var list = await worker.Steward.ListDataAsync(new ListDataRequest(), cancellationToken: Stop);
        Assert.Empty(list.Imports);
        Assert.Equal(["ehr"], list.Empty);
        Assert.Equal(1, await CommandLine.RunAsync([.. erase, "--yes"])); // nothing is there any more
        Assert.Equal(0, await CommandLine.RunAsync(["audit", "verify", "--data", worker.Folder.Root]));
    }

    private static async Task ImportExport(RunningWorker worker)
    {
        var export = Directory.CreateDirectory(Path.Combine(worker.Folder.Root, "export")).FullName;
        await File.WriteAllTextAsync(Path.Combine(export, "Patient.ndjson"), """
            {"resourceType":"Patient","id":"anna","gender":"female","birthDate":"1960-05-05"}

            """, Stop);
        await File.WriteAllTextAsync(Path.Combine(export, "Observation.ndjson"), """
            {"resourceType":"Observation","id":"o1","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]},"subject":{"reference":"Patient/anna"},"effectiveDateTime":"2020-02-01T10:00:00Z","issued":"2020-02-01T10:00:00Z","valueQuantity":{"value":7,"unit":"/min","system":"http://unitsofmeasure.org","code":"/min"}}

            """, Stop);
        await File.WriteAllTextAsync(worker.Folder.Datasets, "datasets:\n  ehr:\n    path: export\n    format: fhir\n    time-zone: UTC\n", Stop);
        await worker.Steward.ImportDataAsync(new ImportDataRequest { Dataset = "ehr", Steward = "grace" }, cancellationToken: Stop);
    }
}
