using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Durability.Simulation;

namespace FederatedClinicalMl.Cli.Simulation;

/// <summary>One simulated disk for each name, kept in memory: what a process finds again when it is started anew.</summary>
internal sealed class MemoryDisks
{
    private readonly Dictionary<string, SimulatedDisk> _disks = new(StringComparer.Ordinal);

    /// <summary>The disk of that name; empty at first.</summary>
    public IDisk Open(string name)
    {
        if (!_disks.TryGetValue(name, out var disk))
            _disks[name] = disk = new SimulatedDisk(_disks.Count);
        return disk;
    }

    /// <summary>As <see cref="Open(string)"/>, whatever the process: here none is killed by itself.</summary>
    public IDisk Open(string process, string name) => Open(name);
}
