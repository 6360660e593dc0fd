using System.Text.Json.Nodes;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// The worker's one log and the state that its entries add up to. Whoever decides by the state and appends holds <see cref="Gate"/> meanwhile. Where the log does
/// not verify, nothing is known of what was allowed: <see cref="Broken"/> says why, and nothing is appended.
/// </summary>
public sealed class WorkerJournal : IDisposable
{
    private readonly IDisk _disk;
    private readonly string _path;
    private readonly SigningKey _key;
    private readonly TimeProvider _time;
    private readonly ChainedLog? _log;

    private WorkerJournal(IDisk disk, string path, SigningKey key, TimeProvider time, ChainedLog? log, WorkerState state, LogBrokenException? broken) =>
        (_disk, _path, _key, _time, _log, State, Broken) = (disk, path, key, time, log, state, broken);

    /// <summary>Raised after an entry was appended, with the gate held; handlers must not call back.</summary>
    public event Action? Appended;

    /// <summary>Guards state and log, and whatever else of the worker changes with them.</summary>
    public Lock Gate { get; } = new();

    /// <summary>The log's first broken entry; null while the log is sound.</summary>
    public LogBrokenException? Broken { get; }

    /// <summary>The present state.</summary>
    public WorkerState State { get; private set; }

    /// <summary>The clock of the entries.</summary>
    public DateTimeOffset Now => _time.GetUtcNow();

    /// <summary>Reads a log, and makes it if it is missing.</summary>
    /// <param name="disk">The worker's own folder.</param>
    /// <param name="path">The log's file.</param>
    /// <param name="key">Signs the entries.</param>
    /// <param name="time">The clock of the entries.</param>
    public static WorkerJournal Open(IDisk disk, string path, SigningKey key, TimeProvider time)
    {
        ChainedLog log;
        try
        {
            log = ChainedLog.Open(disk, path, key, time);
        }
        catch (LogBrokenException broken)
        {
            return new WorkerJournal(disk, path, key, time, null, WorkerState.Empty, broken);
        }

        var (state, fault) = Fold(path, log.Entries);
        if (fault is null)
            return new WorkerJournal(disk, path, key, time, log, state, null);
        log.Dispose();
        return new WorkerJournal(disk, path, key, time, null, WorkerState.Empty, fault);
    }

    /// <summary>What entries add up to; where one cannot be understood, which.</summary>
    public static (WorkerState State, LogBrokenException? Fault) Fold(string path, IEnumerable<LogEntry> entries)
    {
        var state = WorkerState.Empty;
        foreach (var entry in entries)
        {
            try
            {
                state = state.Apply(entry);
            }
            catch (FormatException fault)
            {
                return (state, new LogBrokenException(path, entry.Sequence, fault.Message));
            }
        }

        return (state, null);
    }

    /// <summary>Appends an entry, durably; the state is the one after it.</summary>
    /// <exception cref="StewardException">The log is broken, or would be by this entry: it would not be read again.</exception>
    /// <exception cref="IOException">The disk refused; log and state are as they were.</exception>
    public void Append(string kind, JsonObject body)
    {
        var next = State;
        try
        {
            Sound().Append(kind, body, entry => next = State.Apply(entry));
        }
        catch (FormatException fault)
        {
            throw new StewardException($"This cannot be logged, so it is not done: {fault.Message}");
        }

        State = next;
        Appended?.Invoke();
    }

    /// <summary>Hash of an entry; null where the log has none of that number.</summary>
    public Sha256Digest? HashOf(long sequence) =>
        Sound().Entries is var entries && sequence >= 1 && sequence <= entries.Count ? entries[(int)sequence - 1].Hash : null;

    /// <summary>The log's entries from a sequence number on, as stored.</summary>
    public IReadOnlyList<string> Lines(long fromSequence)
    {
        lock (Gate)
            return [.. Sound().Entries.Where(entry => entry.Sequence >= fromSequence).Select(entry => System.Text.Encoding.UTF8.GetString(entry.Line.Span))];
    }

    /// <summary>Fails where nothing is known, because the log is broken.</summary>
    /// <exception cref="StewardException">It is; the message says where and how.</exception>
    public void RequireSound() => _ = Sound();

    /// <summary>
    /// Reads the log's file again and checks everything in it, and that it is what this worker has read and written: that its end is missing
    /// shows in nothing else.
    /// </summary>
    public LogVerification Verify()
    {
        lock (Gate)
        {
            if (!_disk.Exists(_path))
                return new LogVerification(0, default, 0, new LogBrokenException(_path, 1, "the file is gone."));
            var found = ChainedLog.Verify(_disk, _path, _key.PublicKey);
            return found.Intact && Contradiction(found) is { } fault ? found with { Head = default, Fault = fault } : found;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _log?.Dispose();

    private LogBrokenException? Contradiction(LogVerification found)
    {
        if (_log is null)
            return Broken;
        var written = _log.Entries.Count;
        return found.TornBytes > 0 ? new LogBrokenException(_path, found.Entries + 1, $"its line is not whole ({found.TornBytes} bytes), and the worker has written {written} whole ones: the file's end was changed.")
            : found.Entries != written ? new LogBrokenException(_path, Math.Min(found.Entries, written) + 1, $"the worker has written {written} entries, and the file has {found.Entries}: its end was changed.")
            : found.Head != _log.Head ? new LogBrokenException(_path, written, "the worker has written another one: the file was exchanged.")
            : null;
    }

    private ChainedLog Sound() => _log ?? throw new StewardException($"The worker does nothing while its log is broken: {Broken!.Message}");
}
