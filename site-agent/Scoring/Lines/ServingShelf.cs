using System.Collections.Frozen;
using System.Collections.Immutable;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>
/// What is in use at this site: reads the worker's shelf, loads what it names before it is switched to, and keeps what was withdrawn and stopped. A shelf that cannot be read changes nothing.
/// </summary>
internal sealed class ServingShelf(ScoringConfiguration configuration, IDisk serving, WithdrawalStore store, OpenSession open, TimeProvider time, ILogger log) : IDisposable
{
    private readonly Lock _gate = new(); // guards what follows but the two that are replaced whole
    private readonly Dictionary<string, LineStop> _stops = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> _resumed = new(StringComparer.Ordinal);
    private Dictionary<(string Line, Sha256Digest Model), ServedUnit> _units = [];
    private Sha256Digest? _read;
    private volatile FrozenDictionary<string, ServingLine> _lines = FrozenDictionary<string, ServingLine>.Empty;
    private volatile string? _fault = "The shelf was not read yet.";

    /// <summary>The lines in use, by name.</summary>
    public FrozenDictionary<string, ServingLine> Lines => _lines;

    /// <summary>Why the shelf could not be read when it was looked at last; null: it was.</summary>
    public string? Fault => _fault;

    /// <summary>Reads what this site has taken out of use; before the first <see cref="Refresh"/>.</summary>
    /// <exception cref="ScoringSetupException">A file of it cannot be read: then nobody knows what must not be used.</exception>
    public void Prepare()
    {
        try
        {
            store.Prepare();
            _ = store.Withdrawn();
            foreach (var stop in store.Stopped())
                _stops[stop.Line] = stop;
            foreach (var (line, at) in store.ResumedAt())
                _resumed[line] = at;
        }
        catch (FormatException fault)
        {
            throw new ScoringSetupException($"What was taken out of use at this site cannot be read: {fault.Message} Restore the file, or remove it if you know what it said.");
        }
    }

    /// <summary>Looks at the disk, and takes up what is new there.</summary>
    public void Refresh()
    {
        lock (_gate)
        {
            try
            {
                var again = Resume();
                foreach (var stop in store.Stopped().Where(stop => _stops.TryAdd(stop.Line, stop)))
                    _lines.GetValueOrDefault(stop.Line)?.TakeUp(stop);
                ReadShelf(again || _units.Values.Any(unit => unit is { Loaded: null, Withdrawn: null }));
            }
            catch (Exception fault) when (fault is FormatException or IOException or UnauthorizedAccessException)
            {
                if (_fault != fault.Message)
                    log.ShelfRefused(fault.Message);
                _fault = fault.Message;
            }
        }
    }

    /// <summary>A line's version of a model; null: it is not on the shelf.</summary>
    public ServedUnit? UnitOf(string line, Sha256Digest model) => _lines.GetValueOrDefault(line)?.Units.FirstOrDefault(unit => unit.Unit.Model == model).Unit;

    /// <summary>When a line was resumed here last; null: it never was.</summary>
    public DateTimeOffset? ResumedAt(string line)
    {
        lock (_gate)
            return _resumed.TryGetValue(line, out var at) ? at : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var unit in _units.Values)
            unit.Loaded?.Dispose();
    }

    private bool Resume()
    {
        var lines = store.ToResume();
        foreach (var line in lines)
        {
            var at = time.GetUtcNow();
            store.Resume(line, at);
            _resumed[line] = at;
            _stops.Remove(line);
            _lines.GetValueOrDefault(line)?.Resume();
        }

        return lines.Count > 0;
    }

    private void ReadShelf(bool again)
    {
        var bytes = DurableFile.Read(serving, ServingPaths.Shelf, Shelf.MaximumLength);
        var digest = Sha256Digest.Of(bytes);
        if (digest == _read && !again)
        {
            _fault = null;
            return;
        }

        var shelf = Shelf.Read(bytes);
        if (shelf.Site != configuration.Site)
            throw new FormatException($"The shelf is of the site {shelf.Site}; this is {configuration.Site}. See 'site' in scoring.yaml.");
        var units = new Dictionary<(string Line, Sha256Digest Model), ServedUnit>();
        var lines = shelf.Lines.Select(line => Prepared(line, units)).ToFrozenDictionary(line => line.Line.Name, StringComparer.Ordinal);
        foreach (var (line, place) in lines.Values)
        {
            place();
            if (_stops.TryGetValue(line.Name, out var stop))
                line.TakeUp(stop);
        }

        _lines = lines.ToFrozenDictionary(pair => pair.Key, pair => pair.Value.Line, StringComparer.Ordinal);
        foreach (var unit in _units.Where(unit => !units.TryGetValue(unit.Key, out var kept) || kept != unit.Value).Select(unit => unit.Value))
            unit.Loaded?.Dispose();
        (_units, _read, _fault) = (units, digest, null);
        log.ShelfInUse(CanonicalTime.Write(shelf.Written), shelf.Lines.Length, units.Count);
    }

    // Everything is loaded before anything is switched to.
    private (ServingLine Line, Action Place) Prepared(ShelfLine declared, Dictionary<(string Line, Sha256Digest Model), ServedUnit> units)
    {
        var line = _lines.GetValueOrDefault(declared.Line) ?? new ServingLine(declared.Line, store.Withdrawn(), store, time, log);
        var serves = declared.Serves;
        var (production, fallback, candidate) = (Unit(serves.Production), Unit(serves.Fallback), Unit(serves.Candidate?.Served));
        return (line, () => line.Place(declared.Stopped, serves.Candidate?.Rollout ?? Rollout.Shadow, production, fallback, candidate));

        ServedUnit? Unit(ServedVersion? version)
        {
            if (version is null)
                return null;
            var key = (declared.Line, version.Model);
            var unit = _units.GetValueOrDefault(key) is { } kept && kept.Version == version.Version && (kept.Loaded is not null || kept.Withdrawn is not null) ? kept : Load(line, version);
            units.Add(key, unit);
            return unit;
        }
    }

    private ServedUnit Load(ServingLine line, ServedVersion version)
    {
        try
        {
            return new ServedUnit(version, LoadedModel.Load(serving, version.Model, open), null, configuration.Guard, time);
        }
        catch (FormatException fault)
        {
            log.ModelRefused(version.Model.Short, line.Name, version.Version, fault.Message);
            var broken = new ServedUnit(version, null, fault.Message, configuration.Guard, time);
            line.Withdraw(broken, WithdrawalReason.ModelBroken);
            return broken;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            log.ModelRefused(version.Model.Short, line.Name, version.Version, fault.Message);
            return new ServedUnit(version, null, fault.Message, configuration.Guard, time); // tried again when the shelf is looked at next
        }
    }
}
