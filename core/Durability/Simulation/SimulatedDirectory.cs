namespace FederatedClinicalMl.Durability.Simulation;

/// <summary>A directory's entries as the process sees them, and as the disk holds them, with what happened in between.</summary>
internal sealed class SimulatedDirectory
{
    private readonly List<Change> _pending = []; // since the last sync, in order
    private Dictionary<string, SimulatedFile> _durable = new(StringComparer.Ordinal);

    public Dictionary<string, SimulatedFile> Entries { get; private set; } = new(StringComparer.Ordinal);

    public IEnumerable<SimulatedFile> DurableEntries => _durable.Values;

    /// <summary>Whether its own name is durable in the directory that it is in.</summary>
    public bool IsNamed { get; set; }

    /// <summary>Removed, but not durably so.</summary>
    public bool IsDeleted { get; set; }

    public void Link(string name, SimulatedFile file) => Do(new Change(null, name, file));

    public void Unlink(string name) => Do(new Change(name, null, null));

    public void Rename(string from, string to)
    {
        if (from != to)
            Do(new Change(from, to, Entries[from]));
    }

    public void Sync()
    {
        _durable = new(Entries, StringComparer.Ordinal);
        _pending.Clear();
    }

    /// <summary>Leaves what a loss of power leaves: any part of the changes, each whole or not at all.</summary>
    public void Lose(Random random)
    {
        var mood = random.Next(4);
        foreach (var change in _pending.Where(_ => mood switch { 0 => false, 1 => true, _ => random.Next(2) == 0 }))
            Apply(_durable, change);
        _pending.Clear();
        Entries = new(_durable, StringComparer.Ordinal);
    }

    private void Do(Change change)
    {
        Apply(Entries, change);
        _pending.Add(change);
    }

    // A rename that survives although the creation before it did not still names the file.
    private static void Apply(Dictionary<string, SimulatedFile> entries, Change change)
    {
        if (change.Remove is { } gone)
            entries.Remove(gone);
        if (change.Add is { } name)
            entries[name] = change.File!;
    }

    private readonly record struct Change(string? Remove, string? Add, SimulatedFile? File);
}
