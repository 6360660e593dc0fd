using System.Text.Json.Nodes;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Audit;

/// <summary>
/// The coordinator's chained log: who did what, and how runs ended. An act that cannot be recorded does not happen: callers record
/// first, and an <see cref="IOException"/> ends their call.
/// </summary>
public sealed class AuditTrail : IDisposable
{
    /// <summary>The log's file in the data folder.</summary>
    public const string File = "audit.log";

    /// <summary>The field of an entry that says by which certificate or token its actor has shown who they are; entries of before it was kept, and the coordinator's own, lack it.</summary>
    public const string Credential = "credential";

    private readonly Lock _turn = new(); // ChainedLog is for one thread at a time
    private readonly IDisk _disk;
    private readonly VerifyingKey _key;
    private readonly ChainedLog _log;
    private readonly Signal _changed = new();

    /// <summary>Opens the log and checks it whole.</summary>
    /// <exception cref="LogBrokenException">The log does not hold what was written to it.</exception>
    public AuditTrail(IDisk disk, SigningKey key, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(key);
        (_disk, _key, _log) = (disk, key.PublicKey, ChainedLog.Open(disk, File, key, time));
    }

    /// <summary>Completes at the next entry; what it records may not have taken effect yet. Ask before reading the entries.</summary>
    public Task NextChange => _changed.Next;

    /// <summary>Records an act, durably.</summary>
    /// <param name="kind">What was done, e.g. "site-revoked".</param>
    /// <param name="actor">Who did it; null: the coordinator itself.</param>
    /// <param name="body">To what; never a secret.</param>
    /// <returns>The entry.</returns>
    public LogEntry Record(string kind, Member? actor, JsonObject body)
    {
        body["by"] = actor?.ToString() ?? "coordinator";
        if (actor?.Credential is { } shown)
            body[Credential] = shown;
        LogEntry entry;
        lock (_turn)
            entry = _log.Append(kind, body);
        _changed.Raise();
        return entry;
    }

    /// <summary>The entries so far, as stored.</summary>
    public IReadOnlyList<LogEntry> Entries()
    {
        lock (_turn)
            return [.. _log.Entries];
    }

    /// <summary>Reads the file again and checks everything in it, every signature included.</summary>
    public LogVerification Verify() => ChainedLog.Verify(_disk, File, _key); // beside whoever appends: an entry that is being written shows as a torn line

    /// <summary>How many entries there are.</summary>
    public int Count
    {
        get
        {
            lock (_turn)
                return _log.Entries.Count;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _log.Dispose();
}
