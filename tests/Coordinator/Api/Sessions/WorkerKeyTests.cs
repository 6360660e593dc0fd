using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.SiteAgent.Gateway;
using FederatedClinicalMl.Studies;
using Microsoft.Extensions.Logging;
using BodyCase = FederatedClinicalMl.Protos.Federation.CoordinatorMessage.BodyOneofCase;

namespace FederatedClinicalMl.Tests.Coordinator.Api.Sessions;

public sealed class WorkerKeyTests : IDisposable
{
    private static readonly SiteId s_north = SiteId.Parse("north");

    private readonly SigningKey _first = SigningKey.Create();
    private readonly SigningKey _second = SigningKey.Create();
    private readonly SigningKey _third = SigningKey.Create();

    public void Dispose()
    {
        _first.Dispose();
        _second.Dispose();
        _third.Dispose();
    }

    [Fact]
    public async Task Session_with_another_workers_key_is_refused_and_the_admin_warned()
    {
        await using var coordinator = await RunningCoordinator.StartAsync();
        using var site = await coordinator.EnrolSiteAsync("north", _first);

        Assert.Equal("WORKER_KEY_WRONG", await FirstAsync(coordinator, site, _second));
        Assert.Contains(coordinator.Logged, entry => entry.Level == LogLevel.Warning && entry.Text.Contains("WORKER_KEY_WRONG", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Key_to_which_the_known_one_leads_by_renewals_is_known_from_there_on_also_after_a_restart_and_the_one_before_no_more()
    {
        using var root = new TemporaryFolder();
        ClientIdentity site;
        DataFolder.Create(root.Of("data"), ["127.0.0.1"], 0, authority: null, TimeProvider.System).Dispose();
        await using (var coordinator = await RunningCoordinator.StartOverAsync(root.Of("data")))
        {
            site = await coordinator.EnrolSiteAsync("north", _first);
            Assert.Equal("Welcome", await FirstAsync(coordinator, site, _first));
            Assert.Equal("Welcome", await FirstAsync(coordinator, site, _third, First, Second));
            Assert.Contains("worker-key-renewed", System.Text.Encoding.UTF8.GetString(DurableFile.Read(new FileDisk(root.Of("data")), "audit.log")), StringComparison.Ordinal);
        }

        using var identity = site;
        await using (var again = await RunningCoordinator.StartOverAsync(root.Of("data")))
        {
            Assert.Equal("WORKER_KEY_WRONG", await FirstAsync(again, site, _first));
            Assert.Equal("WORKER_KEY_WRONG", await FirstAsync(again, site, _second, First));
            Assert.Equal("Welcome", await FirstAsync(again, site, _third));
            using var admin = await Person.EnrolAsync(again, FederatedClinicalMl.Coordinator.Enrolment.Roles.Admin, "ada");
            var listed = (await admin.Calls.ListMembersAsync(new ListMembersRequest(), cancellationToken: TestContext.Current.CancellationToken)).Members;
            Assert.Equal(_third.PublicKey.Fingerprint.ToString(), listed.Single(member => member.Subject.Name == "north").WorkerFingerprint);
        }

        using var database = CoordinatorDatabase.Open(Path.Combine(root.Of("data"), CoordinatorDatabase.FileName));
        Assert.Equal([1, 2], new MemberStore(database).Renewals(s_north).From(s_north, _first.PublicKey.Fingerprint).Select(renewal => renewal.Number));
    }

    /// <summary>Whoever holds the site's certificate (its gateway) and keys of its own, and has seen what the worker shows.</summary>
    [Fact]
    public async Task Key_to_which_no_right_renewal_leads_is_refused()
    {
        await using var coordinator = await RunningCoordinator.StartAsync();
        using var site = await coordinator.EnrolSiteAsync("north", _first);

        Assert.Equal("WORKER_KEY_WRONG", await FirstAsync(coordinator, site, _third, First)); // leads to another
        Assert.Equal("WORKER_KEY_WRONG", await FirstAsync(coordinator, site, _third, Second)); // begins at another
        Assert.Equal("WORKER_KEY_WRONG", await FirstAsync(coordinator, site, _second, KeyRenewal.Sign(SiteId.Parse("south"), 1, _first, _second, DateTimeOffset.UnixEpoch)));
        Assert.Equal("WORKER_KEY_WRONG", await FirstAsync(coordinator, site, _third, First, KeyRenewal.Sign(s_north, 3, _second, _third, DateTimeOffset.UnixEpoch)));
        Assert.Equal("Welcome", await FirstAsync(coordinator, site, _second, First));
        Assert.Equal("WORKER_KEY_WRONG", await FirstAsync(coordinator, site, _third, KeyRenewal.Sign(s_north, 1, _first, _third, DateTimeOffset.UnixEpoch))); // the old key, stolen
        Assert.Equal("WORKER_KEY_WRONG", await FirstAsync(coordinator, site, _first, KeyRenewal.Sign(s_north, 2, _second, _first, DateTimeOffset.UnixEpoch))); // the way back
    }

    private KeyRenewal First => KeyRenewal.Sign(s_north, 1, _first, _second, DateTimeOffset.UnixEpoch);

    private KeyRenewal Second => KeyRenewal.Sign(s_north, 2, _second, _third, DateTimeOffset.UnixEpoch);

    private static async Task<string?> FirstAsync(RunningCoordinator coordinator, ClientIdentity site, SigningKey worker, params KeyRenewal[] renewals)
    {
        using var session = await SiteStream.OpenAsync(coordinator, site, worker, renewals: renewals);
        var first = await session.NextAsync();
        return first?.BodyCase == BodyCase.Farewell ? first.Farewell.Fault.Code : $"{first?.BodyCase}";
    }
}
