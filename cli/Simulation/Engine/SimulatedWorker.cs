using System.Runtime.InteropServices;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Simulation;

/// <summary><see cref="WorkerCore"/> in a simulated process.</summary>
internal sealed class SimulatedWorker(
    Timeline time, IDisk disk, IDisk exchange, OutboxKey outbox, WorkerIdentity identity, PolicyReading policy, DatasetMap datasets, IStepComputer computer)
    : SimulatedProcess($"{identity.Site}/worker", time)
{
    private WorkerCore? _core;

    /// <summary>The site's policy; a steward may change it at any moment.</summary>
    public PolicyReading Policy { get; set; } = policy;

    /// <summary>The core; throws where the worker is away.</summary>
    public WorkerCore Core => _core ?? throw new InvalidOperationException($"{Name} is away.");

    /// <summary>The worker's public key.</summary>
    public VerifyingKey PublicKey => identity.Key.PublicKey;

    /// <summary>Raised when the worker is there again.</summary>
    public event Action? Returned;

    /// <summary>Raised when the worker is gone.</summary>
    public event Action? Gone;

    /// <summary>Raised when what the worker says of a study may have changed.</summary>
    public event Action<StudyDigest>? StudyChanged;

    /// <summary>What the site's steward does before a masked round: takes down the others' keys, which nobody here could have exchanged.</summary>
    public void ConfirmMembers(Study study)
    {
        var desk = new MemberDesk(Core, identity);
        foreach (var (site, key) in study.Federation.Keys.Where(key => key.Key != identity.Site))
            desk.Confirm(site.Value, key.ToString(), "simulated", "");
    }

    /// <inheritdoc/>
    protected override void OnStart()
    {
        _core = WorkerCore.Open(disk, exchange, outbox, identity, new RootStore(disk, keepDays: 365, Root), new ContentStore(disk, keepDays: 365), () => Policy, () => datasets, computer, Time);
        _core.StudyChanged += study => StudyChanged?.Invoke(study);
        Returned?.Invoke();
    }

    // Noise that can be drawn again protects nobody; a simulation has nobody to protect, and is to give the same numbers twice.
    private void Root(byte[] root)
    {
        var random = DeterministicRandom.Of("simulated-root", identity.Site.Value);
        foreach (ref var word in MemoryMarshal.Cast<byte, ulong>(root.AsSpan()))
            word = random.NextUInt64();
    }

    /// <inheritdoc/>
    protected override void Forget()
    {
        _core = null;
        Gone?.Invoke();
    }
}
