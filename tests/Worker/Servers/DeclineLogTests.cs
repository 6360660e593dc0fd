using System.Text.Json.Nodes;
using FederatedClinicalMl.Protos.WorkerPort;

namespace FederatedClinicalMl.Tests.Worker.Servers;

public sealed class DeclineLogTests
{
    /// <summary>Tests of adversaries hold the sentence behind each refusal of the core: this is where it goes.</summary>
    [Fact]
    public async Task Order_that_is_declined_is_in_the_workers_log_with_the_sentence_that_says_why_and_the_gateway_hears_a_closed_word()
    {
        await using var worker = await RunningWorker.StartAsync();

        var result = await worker.Gateway.PerformAsync(Site.Order(), cancellationToken: TestContext.Current.CancellationToken);
        await worker.StopAsync();

        Assert.Equal(new StepResult { Declined = Reason.StudyNotApproved }, result);
        var entries = Directory.EnumerateFiles(worker.Folder.Logs).SelectMany(File.ReadLines).Select(line => JsonNode.Parse(line)!);
        var entry = Assert.Single(entries, entry => (int?)entry["EventId"]?["Id"] == 3004);
        Assert.Equal((Site.Run, "StudyNotApproved"), ((string?)entry["Run"], (string?)entry["Reason"]));
        Assert.Equal($"The study {Site.Study.Digest} is not approved at this site.", (string?)entry["Sentence"]);
    }
}
