using System.Collections.Immutable;
using FederatedClinicalMl.Coordinator.Audit;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>
/// The lines of models, their versions and stages: a fold over the coordinator's audit log, which is written first. Small, and all in memory. (docs/decisions/0029-stages-in-the-log.md)
/// </summary>
public sealed class ModelLines
{
    private readonly AuditTrail _audit;
    private readonly TimeProvider _time;
    private readonly Lock _turn = new(); // one change at a time: log first, then memory
    private readonly Signal _changed = new();
    private ImmutableSortedDictionary<string, ModelLine> _lines = ImmutableSortedDictionary.Create<string, ModelLine>(StringComparer.Ordinal);

    /// <summary>Takes up what the log holds.</summary>
    /// <exception cref="InvalidDataException">An entry contradicts those before it, or is of a version of this software that knew more.</exception>
    public ModelLines(AuditTrail audit, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(audit);
        (_audit, _time) = (audit, time);
        foreach (var entry in audit.Entries().Where(entry => StageEntries.Knows(entry.Kind)))
        {
            try
            {
                Apply(entry);
            }
            catch (FormatException fault)
            {
                throw new InvalidDataException($"{AuditTrail.File}, entry {entry.Sequence} ({entry.Kind}): {fault.Message} Use the software version that wrote it, or restore the log.", fault);
            }
        }
    }

    /// <summary>Raised after sites are to serve something else of a line, in the order of the log; handlers must neither wait nor call back.</summary>
    public event Action<ModelLine>? OrderChanged;

    /// <summary>All lines that have a version, by name.</summary>
    public IReadOnlyCollection<ModelLine> All => [.. Volatile.Read(ref _lines).Values];

    /// <summary>Completes at the next change of any line. Ask before looking at the lines.</summary>
    public Task NextChange => _changed.Next;

    /// <summary>A line; without versions where it has none.</summary>
    public ModelLine Of(string name) => Volatile.Read(ref _lines).GetValueOrDefault(name) ?? new ModelLine(name);

    /// <summary>Decides, logs, and only then holds.</summary>
    /// <param name="name">The line.</param>
    /// <param name="member">Who wants it; null: the coordinator itself, at a site's word.</param>
    /// <param name="command">What, given the line as it is now.</param>
    /// <returns>The line after it; and why it was refused, where it was.</returns>
    /// <exception cref="IOException">The log cannot be written: nothing has happened.</exception>
    public (ModelLine Line, string? Refusal) Handle(string name, Member? member, Func<ModelLine, StageCommand> command)
    {
        ArgumentNullException.ThrowIfNull(command);
        lock (_turn)
        {
            var line = Of(name);
            var decision = StageMachine.Decide(line, member?.ToString() ?? "coordinator", command(line), DateOnly.FromDateTime(_time.GetUtcNow().UtcDateTime));
            if (decision.Kind is not { } kind)
                return (line, decision.Refusal);
            var after = Apply(_audit.Record(kind, member, decision.Body!));
            if (after.Ordered != line.Ordered)
                OrderChanged?.Invoke(after);
            return (after, null);
        }
    }

    /// <summary>Takes versions whose last day is over out of what a rollback could lead to, and what sites keep ready for it, in the coordinator's own name.</summary>
    /// <exception cref="IOException">The log cannot be written.</exception>
    public void PassLastDays()
    {
        var today = DateOnly.FromDateTime(_time.GetUtcNow().UtcDateTime);
        foreach (var (line, version) in All.SelectMany(line => line.PassedOn(today), (line, version) => (line.Name, version)).ToList())
            Handle(line, null, _ => new LastDayPassed(version));
    }

    /// <summary>What a registry's entry would be as the next version of its line.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="registry">Where the entries are.</param>
    public VersionProposal Propose(ModelEntry entry, ModelRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentNullException.ThrowIfNull(registry);
        var line = Of(entry.Name);
        if (line.Greatest is not { } greatest)
            return VersionProposal.First;
        var before = registry.Find(line.Versions[greatest].Model) ?? throw new InvalidDataException($"The entry {line.Versions[greatest].Model} of version {greatest} of {line.Name} is not in the registry. Restore its folder from a backup.");
        return VersionProposal.After(greatest, registry.StudyOf(before), before.Parameters, registry.StudyOf(entry), entry.Parameters);
    }

    private ModelLine Apply(Durability.LogEntry entry)
    {
        var name = entry.Body["line"] is { } value ? value.GetValue<string>() : throw new FormatException("it names no line.");
        var line = StageMachine.Apply(Of(name), entry);
        Volatile.Write(ref _lines, _lines.SetItem(name, line));
        _changed.Raise();
        return line;
    }
}
