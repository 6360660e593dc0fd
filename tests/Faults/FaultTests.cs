using System.Collections.Immutable;
using System.Net;
using System.Net.Http.Headers;
using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.SiteAgent.Gateway;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Launching;
using Microsoft.Extensions.Logging.Abstractions;

namespace FederatedClinicalMl.Tests.Faults;

/// <summary>What goes wrong besides kills, over real processes, TLS and disks: the run ends by its rules, with the model of the undisturbed one.</summary>
public sealed class FaultTests(TestFederation fixture) : IClassFixture<TestFederation>
{
    private const int Patience = 180_000; // of a test that would else wait for ever for a signal

    private static readonly Dictionary<string, string> Undisturbed = new() { ["HTTPS_PROXY"] = "", ["NO_PROXY"] = "" };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private LocalFederation Federation => fixture.Federation;

    private LocalSite Site => Federation.Sites[0];

    [Fact(Timeout = Patience)]
    public async Task Network_cut_for_longer_than_a_heartbeat()
    {
        var expected = await fixture.UndisturbedAsync(fixture.Digest);
        await using var proxy = new CuttableProxy();
        await RestartGatewayAsync(new Dictionary<string, string> { ["HTTPS_PROXY"] = proxy.Address, ["NO_PROXY"] = "" });

        proxy.Cut();
        var run = await Federation.StartRunAsync(fixture.Digest, Cancel);
        await proxy.Knocked.WaitAsync(Cancel); // the gateway has given the mute connection up and comes anew
        proxy.Mend();

        AssertSame(expected, (await fixture.FollowAsync(run)).State);
        await RestartGatewayAsync(Undisturbed);
    }

    [Fact(Timeout = Patience)]
    public Task Disk_of_the_coordinators_staging_is_full() => RunOnAFullDiskAsync(
        Path.Combine(Federation.CoordinatorFolder, "staging"), () => Federation.Coordinator!, () => Federation.StartCoordinatorAsync(Cancel),
        Site.Name, "an upload met a disk error");

    [Fact(Timeout = Patience)]
    public async Task Disk_of_a_sites_outbox_is_full()
    {
        await RunOnAFullDiskAsync(Path.Combine(Site.Exchange, "outgoing"), () => Site.Worker!, () => Site.StartWorkerAsync(Cancel), "StorageFull", "No space left");
        Assert.StartsWith("intact", await Site.VerifyAuditAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact(Timeout = Patience)]
    public Task Disk_of_a_sites_inbox_is_full() => RunOnAFullDiskAsync(
        Path.Combine(Site.Exchange, "incoming"), () => Site.Gateway!, () => Site.StartGatewayAsync(Cancel), "cannot be stored", "No space left");

    [Theory(Timeout = Patience)]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task Clock_of_a_site_is_an_hour_off(int hours)
    {
        var expected = await fixture.UndisturbedAsync(fixture.Digest);
        await Site.Gateway!.KillAsync();
        await using (var skewed = await GatewayHere.StartAsync(Site, Site.GatewayFolder, new SkewedClock(TimeSpan.FromHours(hours)), Cancel))
            AssertSame(expected, await RunAsync());
        await Site.StartGatewayAsync(Cancel);
    }

    [Fact(Timeout = Patience)]
    public async Task Two_agents_with_one_identity()
    {
        var expected = await fixture.UndisturbedAsync(fixture.Digest);
        var copy = Path.Combine(Federation.Folder, "twin");
        var identity = Path.Combine(copy, "identity");
        Directory.CreateDirectory(identity);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Site.GatewayFolder, "identity")))
            File.Copy(file, Path.Combine(identity, Path.GetFileName(file)));
        var log = Site.Gateway!.Specification.Log;
        var from = FileSignal.LengthOf(log);

        await using (var twin = await GatewayHere.StartAsync(Site, copy, TimeProvider.System, Cancel))
        {
            await FileSignal.LineAsync(log, from, Cancel, "SESSION_REPLACED"); // the one that was there is told, and stays away for a while
            AssertSame(expected, await RunAsync());
        }

        await RestartGatewayAsync(Undisturbed);
    }

    [Fact(Timeout = Patience)]
    public async Task Uploads_that_come_twice_or_too_late_change_nothing()
    {
        var expected = await fixture.UndisturbedAsync(fixture.Digest);
        using var identity = ClientIdentity.Load(Path.Combine(Site.GatewayFolder, "identity"));
        using var channel = CoordinatorChannel.Open(identity, ProxySettings.Direct, TimeProvider.System);
        var committed = expected.History.Last(step => step.Id.Kind == StepKind.Training).Id;

        using var asked = await channel.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"/v1/releases/{committed}"), Cancel);
        Assert.Equal((HttpStatusCode.OK, "accepted"), (asked.StatusCode, asked.Headers.GetValues("Fcml-State").Single()));
        Assert.Equal("SITE_ANSWERED", await PutAsync(channel, committed));
        Assert.Equal("RUN_OVER", await PutAsync(channel, committed with { Attempt = 7 }));
        Assert.Equal("RUN_UNKNOWN", await PutAsync(channel, committed with { Run = RunId.Parse("0000000000000000") }));

        AssertSame(expected, (await fixture.FollowAsync(expected.Plan.Run.Value)).State);
        AssertSame(expected, await RunAsync());
    }

    [Fact(Timeout = Patience)]
    public async Task Site_that_answers_after_the_deadline_is_late_and_is_told_so()
    {
        var yaml = TestFederation.Study.Replace("name: two-rounds", "name: quorum-of-one", StringComparison.Ordinal).Replace("quorum: 2", "quorum: 1", StringComparison.Ordinal)
            .Replace("deadline: 10m", "deadline: 5s", StringComparison.Ordinal).Replace("rounds: 2", "rounds: 1", StringComparison.Ordinal);
        var digest = await Federation.ApproveEverywhereAsync(yaml, StudyChecker.CheckYaml(yaml).Study!, Cancel);
        var audit = Path.Combine(Site.WorkerFolder, "audit.log");
        var from = FileSignal.LengthOf(audit);

        await SendSignalAsync(Site.Worker!, "STOP");
        var state = (await fixture.FollowAsync(await Federation.StartRunAsync(digest, Cancel))).State;
        await SendSignalAsync(Site.Worker!, "CONT");

        Assert.Equal(RunStatus.Registered, state.Status);
        Assert.All(state.History.Where(step => step.Result is not null), step =>
        {
            Assert.Equal([Federation.Sites[1].Name], step.Participants.Select(site => site.Value));
            Assert.IsType<SilentAnswer>(step.Sites[SiteId.Parse(Site.Name)]);
        });
        await FileSignal.LineAsync(audit, from, Cancel, "\"settled\"", "late");
        Assert.StartsWith("intact", await Site.VerifyAuditAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact(Timeout = Patience)]
    public async Task Agent_that_is_killed_when_its_identity_is_written_has_enrolled()
    {
        await using var children = new ChildGroup();
        var programs = TestFederation.Programs();
        var newcomer = new LocalSite("newcomer", Path.Combine(Federation.Folder, "newcomer"), Federation.Logs, programs, children);
        await newcomer.InitialiseAsync("datasets: {}\n", null, Cancel);
        await newcomer.StartWorkerAsync(Cancel);
        var subject = new Subject { Kind = Subject.Types.Kind.Site, Role = Subject.Types.Role.Site, Name = newcomer.Name };
        var invited = await Federation.Admin.AskAsync(admin => admin.InviteAsync(new InviteRequest { Subject = subject, ValidHours = 1 }, cancellationToken: Cancel), Cancel);

        var killed = await children.StartAsync(new ChildSpecification(
            "enrol", programs.Gateway,
            ["enrol", "--invitation", invited.Invitation, "--data", newcomer.GatewayFolder, "--worker-socket", Path.Combine(newcomer.Exchange, "worker.sock")],
            Path.Combine(Federation.Logs, "newcomer-enrol.log"), new Dictionary<string, string> { ["FCML_FAULT_POINT"] = "identity-written#1" }));
        Assert.NotEqual(0, await killed.Ended.WaitAsync(Cancel));

        await newcomer.StartGatewayAsync(Cancel); // returns once the coordinator has let it in
    }

    private async Task<RunState> RunAsync()
    {
        var state = (await fixture.FollowAsync(await Federation.StartRunAsync(fixture.Digest, Cancel))).State;
        Assert.Equal(RunStatus.Registered, state.Status);
        return state;
    }

    private async Task RestartGatewayAsync(IReadOnlyDictionary<string, string> environment)
    {
        await Site.Gateway!.KillAsync();
        await Site.StartGatewayAsync(Cancel, environment);
    }

    private static async Task<string> PutAsync(CoordinatorChannel channel, StepId step)
    {
        using var put = new HttpRequestMessage(HttpMethod.Put, $"/v1/releases/{step}") { Content = new ByteArrayContent(new byte[32]) };
        put.Content.Headers.ContentRange = new ContentRangeHeaderValue(0, 19, 20);
        using var reply = await channel.Http.SendAsync(put, Cancel);
        return reply.Headers.GetValues(CoordinatorFault.CodeHeader).Single();
    }

    private static async Task SendSignalAsync(Child child, string signal)
    {
        using var kill = System.Diagnostics.Process.Start("/bin/kill", [$"-{signal}", $"{child.Id}"]);
        await kill.WaitForExitAsync(Cancel);
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>Fills the disk under a folder of a process, until the process's log says so in these words; then makes room.</summary>
    private async Task RunOnAFullDiskAsync(string folder, Func<Child> process, Func<Task> start, params string[] said)
    {
        if (!SmallDisk.IsPossible)
            Assert.Skip("A disk that can be filled needs mount, and so root.");
        var expected = await fixture.UndisturbedAsync(fixture.Digest);
        await process().KillAsync();
        await using (var disk = await SmallDisk.MountAsync(folder))
        {
            await start();
            disk.Fill();
            var log = process().Specification.Log;
            var from = FileSignal.LengthOf(log);
            var run = await Federation.StartRunAsync(fixture.Digest, Cancel);
            await FileSignal.LineAsync(log, from, Cancel, said);
            disk.Empty();

            AssertSame(expected, (await fixture.FollowAsync(run)).State);
            await process().KillAsync();
        }

        await start();
    }

    private static void AssertSame(RunState expected, RunState actual)
    {
        Assert.Equal(RunStatus.Registered, actual.Status);
        Assert.Equal(expected.Parameters, actual.Parameters);
        Assert.Equal(Participants(expected), Participants(actual));

        static ImmutableArray<string> Participants(RunState state) =>
            [.. state.History.Where(step => step.Result is not null).Select(step => $"{step.Id.Round} {step.Id.Kind} {string.Join(' ', step.Participants)}")];
    }

    private sealed class SkewedClock(TimeSpan ahead) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + ahead;
    }

    /// <summary>A site's gateway in this process, so that its clock can be another.</summary>
    private sealed class GatewayHere : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _life;

        private GatewayHere(GatewayHost host) => _life = host.RunAsync(_stop.Token);

        public static async Task<GatewayHere> StartAsync(LocalSite site, string folder, TimeProvider time, CancellationToken cancel)
        {
            var host = new GatewayHost(new GatewayOptions(folder, site.Exchange, Path.Combine(site.Exchange, "worker.sock"), ProxySettings.Direct), NullLoggerFactory.Instance, time);
            var here = new GatewayHere(host);
            await (await Task.WhenAny(here._life, host.Connected)).WaitAsync(cancel);
            return here;
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _life;
            _stop.Dispose();
        }
    }
}
