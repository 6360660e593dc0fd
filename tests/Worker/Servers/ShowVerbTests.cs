using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using Google.Protobuf;
using StudyRequest = FederatedClinicalMl.Protos.Steward.StudyRequest;

namespace FederatedClinicalMl.Tests.Worker.Servers;

/// <summary><c>site-worker studies show</c> over the real socket.</summary>
public sealed class ShowVerbTests : IAsyncLifetime
{
    private RunningWorker _worker = null!;

    private static string Digest => Site.Study.Digest.ToString();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _worker = await RunningWorker.StartAsync();
        await _worker.Gateway.OfferStudyAsync(Site.OfferOf(Site.Study), cancellationToken: Stop);
    }

    public ValueTask DisposeAsync() => _worker.DisposeAsync();

    [Fact]
    public async Task Steward_files_the_page_and_the_log_says_that_it_was_the_one_to_be_read_at_the_approval()
    {
        var file = Path.Combine(_worker.Folder.Root, "page.html");

        Assert.Equal(0, await RunAsync("show", Digest[..8], "--html", file));
        var reply = await _worker.Steward.ShowStudyAsync(new StudyRequest { Digest = Digest }, cancellationToken: Stop);
        Assert.Equal(0, await RunAsync("approve", Digest, "--steward", "grace"));

        var page = PageDesk.Read(reply.Page);
        Assert.Equal(reply.Page.Digest, page.Digest.ToString());
        Assert.Equal(PageHtml.Of(page), await File.ReadAllTextAsync(file, Stop));
        Assert.Contains($"\"page\":\"{reply.Page.Digest}\"", (await File.ReadAllLinesAsync(_worker.Log, Stop))[^1], StringComparison.Ordinal);
        var approved = Assert.Single((await _worker.Steward.ListStudiesAsync(new ListStudiesRequest(), cancellationToken: Stop)).Studies);
        Assert.Equal(reply.Page.Digest, approved.Page);
        Assert.NotEqual(reply.Page.Digest, (await _worker.Steward.ShowStudyAsync(new StudyRequest { Digest = Digest }, cancellationToken: Stop)).Page.Digest); // it says now that it is approved
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Fact]
    public async Task Study_that_nobody_offered_has_no_page_and_page_that_cannot_be_written_says_so()
    {
        Assert.Equal(1, await RunAsync("show", new string('0', 64)));
        Assert.Equal(1, await RunAsync("approve", new string('0', 64)));
        Assert.Equal(4, await RunAsync("show", Digest, "--html", Path.Combine(_worker.Folder.Root, "nowhere", "page.html")));
        Assert.Equal(0, await RunAsync("show", Digest, "--json"));
    }

    private Task<int> RunAsync(params string[] words) => CommandLine.RunAsync(["studies", .. words, "--data", _worker.Folder.Root]);
}
