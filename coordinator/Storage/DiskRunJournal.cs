using System.Globalization;
using System.Text;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Storage;

/// <summary>
/// The runs' journal as one append-only file per run, for the simulator: over a disk that can be made to fail anywhere. A line is one
/// append, <c>sequence-of-the-last-event &lt;tab&gt; event &lt;tab&gt; event ...</c> (canonical JSON holds no tabs), so that an append is all or nothing.
/// </summary>
public sealed class DiskRunJournal(IDisk disk, string directory = "journal") : IRunJournal, IDisposable
{
    private readonly Dictionary<RunId, OpenRun> _open = [];

    /// <inheritdoc/>
    public void Append(RunId run, long after, IReadOnlyList<RunEvent> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        ArgumentOutOfRangeException.ThrowIfZero(events.Count);
        var journal = Open(run, create: true)!;
        if (journal.Events.Count != after)
            throw new JournalConflictException(run, after, journal.Events.Count);
        var line = new StringBuilder().Append(after + events.Count);
        foreach (var journaled in events)
            line.Append('\t').Append(Encoding.UTF8.GetString(RunEventCodec.Write(journaled)));
        journal.Log.Append(Encoding.UTF8.GetBytes(line.ToString()));
        journal.Events.AddRange(events);
    }

    /// <inheritdoc/>
    public IReadOnlyList<JournaledEvent> Read(RunId run, long after = 0) =>
        Open(run, create: false) is not { } journal ? []
        : [.. journal.Events.Select((journaled, index) => new JournaledEvent(index + 1, journaled)).Skip((int)after)];

    /// <inheritdoc/>
    public IReadOnlyList<RunId> List(bool openOnly) =>
    [
        .. disk.List(directory).Select(RunId.Parse)
            .Select(run => (Run: run, Open(run, create: false)!.Events))
            .Where(run => run.Events.Count > 0 && !(openOnly && run.Events[^1].Ends)) // a file without events: a crash came before the first
            .OrderBy(run => run.Events[0].At).ThenBy(run => run.Run.Value, StringComparer.Ordinal)
            .Select(run => run.Run),
    ];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var journal in _open.Values)
            journal.Log.Dispose();
        _open.Clear();
    }

    private OpenRun? Open(RunId run, bool create)
    {
        if (_open.TryGetValue(run, out var open))
            return open;
        var path = $"{directory}/{run}";
        if (!create && !disk.Exists(path))
            return null;
        disk.CreateDirectory(directory);
        var log = LineLog.Open(disk, path, out var lines);
        try
        {
            return _open[run] = new OpenRun(log, Events(path, lines));
        }
        catch
        {
            log.Dispose();
            throw;
        }
    }

    private static List<RunEvent> Events(string path, IReadOnlyList<ReadOnlyMemory<byte>> lines)
    {
        var events = new List<RunEvent>();
        foreach (var line in lines)
        {
            var parts = Encoding.UTF8.GetString(line.Span).Split('\t');
            events.AddRange(parts.Skip(1).Select(part => RunEventCodec.ReadEvent(Encoding.UTF8.GetBytes(part))));
            if (parts[0] != events.Count.ToString(CultureInfo.InvariantCulture))
                throw new LogBrokenException(path, events.Count, $"the line ends with event {parts[0]}.");
        }

        return events;
    }

    private sealed record OpenRun(LineLog Log, List<RunEvent> Events);
}
