using System.Collections.Concurrent;
using FederatedClinicalMl.Coordinator.Audit;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Monitoring;
using FederatedClinicalMl.Coordinator.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace FederatedClinicalMl.Tests.Coordinator.Monitoring;

/// <summary>Monitoring over a data folder, by a clock of the test's own.</summary>
internal sealed class Watched : IDisposable
{
    public static readonly Member Ada = new(Roles.Admin, "ada");

    private readonly TemporaryFolder _root = new();
    private DataFolder _folder;
    private AuditTrail _audit;

    public Watched(string? yaml = null, IReadOnlyDictionary<Type, IAlertSender>? senders = null)
    {
        DataFolder.Create(_root.Of("data"), ["127.0.0.1"], 0, authority: null, TimeProvider.System).Dispose();
        if (yaml is not null)
            Write(yaml);
        Senders = senders ?? new Dictionary<Type, IAlertSender>();
        (_folder, _audit) = (null!, null!);
        Open();
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public IReadOnlyDictionary<Type, IAlertSender> Senders { get; }

    public MonitoringDesk Desk { get; private set; } = null!;

    public MonitoringStore Store { get; private set; } = null!;

    public Outbox Outbox { get; private set; } = null!;

    public AuditTrail Audit => _audit;

    /// <summary>A file beside the data folder.</summary>
    public string PathOf(string name) => _root.Of(name);

    /// <summary>Puts rules into the data folder.</summary>
    public void Write(string yaml)
    {
        File.WriteAllText(Path.Combine(_root.Of("data"), RulesFile.File), yaml);
        File.SetLastWriteTimeUtc(Path.Combine(_root.Of("data"), RulesFile.File), DateTime.UnixEpoch.AddSeconds(yaml.Length));
    }

    /// <summary>Says of many sites whether they are connected.</summary>
    public void Tell(int sites, double connected) => Desk.Observe(board =>
    {
        for (var i = 0; i < sites; i++)
            board.Take(new Fact(MonitoredSignal.SiteConnected, Subject.Of(("site", $"site-{i}")), Time.GetUtcNow(), connected));
    });

    /// <summary>Starts everything anew over the same folder, as a process would after it was killed.</summary>
    public void Restart()
    {
        _audit.Dispose();
        _folder.Dispose();
        Open();
    }

    public void Dispose()
    {
        _audit.Dispose();
        _folder.Dispose();
        _root.Dispose();
    }

    private void Open()
    {
        _folder = DataFolder.Open(_root.Of("data"));
        _audit = new AuditTrail(_folder.Disk, _folder.Key, Time);
        var file = new RulesFile(_folder, NullLogger<RulesFile>.Instance);
        Store = new MonitoringStore(_folder.Database);
        Desk = new MonitoringDesk(Store, file, _audit, new CoordinatorIdentity(_folder.Identity.Id), Time);
        Outbox = new Outbox(Store, file, Senders, Time, NullLogger<Outbox>.Instance);
    }
}

/// <summary>A sender that does what the test says.</summary>
internal sealed class ScriptedSender(Func<Channel, Delivery, CancellationToken, Task> send) : IAlertSender
{
    public ConcurrentQueue<Delivery> Sent { get; } = new();

    public async Task SendAsync(Channel channel, Delivery delivery, CancellationToken cancel)
    {
        await send(channel, delivery, cancel);
        Sent.Enqueue(delivery);
    }
}
