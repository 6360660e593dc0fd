using System.Collections.Immutable;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>The site's event stores: one for each dataset of events, below <c>events/</c> in the worker's folder, sealed.</summary>
/// <param name="folder">The worker's folder.</param>
/// <param name="datasets">The site's map of datasets, read anew each time.</param>
/// <param name="secret">For fingerprints.</param>
/// <param name="key">Seals the stores.</param>
/// <param name="time">When an import was made.</param>
/// <param name="decided">Up to where the decisions about a dataset's values are logged: these hold.</param>
/// <param name="approves">Whether a mapping is the one that a steward approved for a dataset: no other is used.</param>
public sealed class SiteEvents(
    WorkerFolder folder, Func<DatasetMap> datasets, SiteSecret secret, StoreKey key, TimeProvider time, Func<string, DecisionMark> decided, Func<string, SiteMapping, bool> approves)
{
    private const string DecisionsSuffix = ".jsonl";

    private readonly Lock _importing = new();
    private readonly Lock _deciding = new(); // never held while _importing is taken

    /// <summary>Whether the erasing of a data set was ordered and is not finished: nothing of it is used.</summary>
    public Func<string, bool> IsBeingErased { get; init; } = _ => false;

    /// <summary>Raised when a store was erased: whoever keeps something of it in memory lets go of it.</summary>
    public event Action? Erased;

    /// <summary>Names of the datasets of events that are mapped.</summary>
    /// <exception cref="DatasetException">datasets.yaml has a fault.</exception>
    public ImmutableArray<string> Names => [.. Map().Events.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Imports what is new in a dataset's export. Whoever computes meanwhile has the store as it was.</summary>
    /// <exception cref="DatasetException">It is not mapped, cannot be read, or more of it is refused than allowed: nothing is imported.</exception>
    public StoreImport Import(string dataset, double maximumRefusedShare, CancellationToken cancel)
    {
        var source = Find(dataset);
        lock (_importing)
            return Store(dataset).Import(source.Open(), new ImportLimits(maximumRefusedShare), cancel);
    }

    /// <summary>Every data set of events that is mapped.</summary>
    /// <exception cref="DatasetException">datasets.yaml has a fault.</exception>
    public IEnumerable<(string Dataset, DateOnly? KeepUntil, bool IsOver)> Mapped =>
        [.. Map().Events.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => (one.Key, one.Value.KeepUntil, one.Value.IsOver(time.GetUtcNow())))];

    /// <summary>Names of the data sets of which anything is in a store, whatever datasets.yaml says now.</summary>
    public ImmutableArray<string> WithStores => Directory.Exists(folder.Events)
        ? [.. Directory.GetDirectories(folder.Events).Where(path => Directory.EnumerateFileSystemEntries(path).Any()).Select(path => Path.GetFileName(path)).Where(Name.IsName).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>Removes the store of a data set and the decisions about its values, durably. What was begun is finished by another call.</summary>
    /// <exception cref="IOException">The disk refused; some of it may be gone.</exception>
    public void Erase(string dataset)
    {
        if (!Name.IsName(dataset))
            throw new ArgumentException($"'{dataset}' is not a dataset's name: {Name.Rule}.", nameof(dataset)); // a path, perhaps: nothing is deleted by one
        lock (_importing)
        {
            if (WithStores.Contains(dataset))
            {
                Directory.Delete(Path.Join(folder.Events, dataset), recursive: true);
                new FileDisk(folder.Events, ownerOnly: true).SyncDirectory("");
            }
        }

        lock (_deciding)
        {
            if (WithDecisions.Contains(dataset))
            {
                var decisions = new FileDisk(folder.Decisions, ownerOnly: true);
                decisions.Delete(dataset + DecisionsSuffix);
                decisions.SyncDirectory("");
            }
        }

        Erased?.Invoke();
    }

    /// <summary>Every store that is there, whatever datasets.yaml says now, and its imports. A store whose manifest cannot be read or opened is passed over: whoever opens it is told.</summary>
    public IEnumerable<(string Dataset, IReadOnlyList<StoreImport> Imports)> Stored()
    {
        foreach (var dataset in WithStores)
        {
            IReadOnlyList<StoreImport> imports;
            try
            {
                imports = Store(dataset).Imports;
            }
            catch (Exception fault) when (fault is DatasetException or SealBrokenException)
            {
                continue;
            }

            yield return (dataset, imports);
        }
    }

    /// <summary>The imports of a dataset, in order.</summary>
    public IReadOnlyList<StoreImport> Imports(string dataset)
    {
        Find(dataset);
        return Store(dataset).Imports;
    }

    /// <summary>Faults and notes of an import, as CSV.</summary>
    public string Faults(string dataset, int import)
    {
        Find(dataset);
        var snapshot = Store(dataset).Snapshot(import);
        return snapshot.Faults(snapshot.Imports[^1]);
    }

    /// <summary>What a study over a dataset is computed from: the store as it is now, with what stewards have decided about it, and the site's mapping.</summary>
    /// <exception cref="DatasetException">It is not mapped, nothing was imported yet, the mapping has a fault or was not approved, or the decisions are not those that were logged.</exception>
    public ClinicalSource Open(string dataset)
    {
        var source = Find(dataset);
        var snapshot = Store(dataset).Snapshot();
        snapshot = snapshot.With(DecisionsOf(dataset).Of(decided(dataset), snapshot.Imports));
        return new ClinicalSource(snapshot, new SiteConcepts(snapshot.Concepts, ApprovedMapping(dataset)), source.Clock);
    }

    /// <summary>Holds the resources of a dataset's export against FHIR R4.</summary>
    /// <param name="dataset">The dataset.</param>
    /// <param name="perFile">How many resources of each file; null: all.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="DatasetException">It is not mapped, is no FHIR export, or cannot be read.</exception>
    public FhirExportReport Validate(string dataset, long? perFile, CancellationToken cancel) => Find(dataset) is FhirDataset export
        ? FhirExportValidation.Check(export.Path, FhirLimits.Default, perFile, cancel)
        : throw new DatasetException($"'{dataset}' is no FHIR export, and only these can be held against FHIR R4; what an import refuses is in 'site-worker data faults'.");

    /// <summary>A dataset's store as it is now, without what stewards have decided.</summary>
    /// <exception cref="DatasetException">It is not mapped, or nothing was imported yet.</exception>
    public EventSnapshot Snapshot(string dataset)
    {
        Find(dataset);
        return Store(dataset).Snapshot();
    }

    /// <summary>The site's mapping of a dataset's own codes and units as its file says now, with the file's text; one that maps nothing where none is named.</summary>
    /// <exception cref="DatasetException">The dataset is not mapped, or the file is not there or has a fault.</exception>
    public (SiteMapping Mapping, string Text) ReadMapping(string dataset)
    {
        if (Find(dataset).Mapping is not { } path)
            return (SiteMapping.Empty, "");
        if (!File.Exists(path))
            throw new DatasetMissingException($"The mapping '{path}' is not there. Correct its path in datasets.yaml, or leave it out.");
        var text = File.ReadAllText(path);
        var reading = SiteMappingReader.Read(text);
        return reading.Mapping is { } mapping ? (mapping, text) : throw new DatasetException($"{path}:{reading.Faults[0]}");
    }

    /// <summary>Takes a table of findings that a steward has filled in: all of it durably, or nothing. It holds once it is logged.</summary>
    /// <exception cref="DatasetException">A line has a fault, or nothing is decided.</exception>
    public void Decide(string dataset, string csv, string steward)
    {
        lock (_deciding)
        {
            var source = Open(dataset);
            var decisions = ReviewQueue.Read(csv, source);
            if (decisions.IsEmpty)
                throw new DatasetException("The table decides nothing: write keep, exclude, or correct and a number into its last column.");
            DecisionsOf(dataset).Append(steward, time.GetUtcNow(), source.Snapshot, decisions);
        }
    }

    /// <summary>All decisions about a dataset's values, logged or not.</summary>
    /// <exception cref="DatasetException">They cannot be read.</exception>
    public IReadOnlyList<DecisionBatch> Decisions(string dataset) => DecisionsOf(dataset).Read();

    /// <summary>Names of the datasets about whose values something was decided, whatever datasets.yaml says now.</summary>
    public ImmutableArray<string> WithDecisions => Directory.Exists(folder.Decisions)
        ? [.. Directory.GetFiles(folder.Decisions, $"*{DecisionsSuffix}").Select(path => Path.GetFileName(path)[..^DecisionsSuffix.Length]).Order(StringComparer.Ordinal)]
        : [];

    private DecisionLog DecisionsOf(string dataset) => new(new FileDisk(folder.Decisions, ownerOnly: true), dataset + DecisionsSuffix, secret.BeginDataFingerprint);

    private SiteMapping ApprovedMapping(string dataset)
    {
        var mapping = ReadMapping(dataset).Mapping;
        return approves(dataset, mapping) ? mapping : throw new DatasetException(mapping.Version == 0
            ? $"datasets.yaml no longer names the mapping of '{dataset}' that was approved. Put it back, or look at what is lost with 'site-worker data mapping {dataset}', and approve that."
            : $"Version {mapping.Version} of the mapping of '{dataset}' was not approved here. 'site-worker data mapping {dataset}' shows what is new in it, and approves it.");
    }

    private EventStore Store(string dataset) => new(key.Seal(Path.Join(folder.Events, dataset)), secret.BeginDataFingerprint, time);

    private EventDataset Find(string dataset)
    {
        if (!Map().Events.TryGetValue(dataset, out var source))
            throw new DatasetMissingException($"datasets.yaml maps no events under the name '{dataset}'. Add it, with format fhir, omop or events.");
        if (source.IsOver(time.GetUtcNow()))
            throw new DatasetMissingException($"Nothing of '{dataset}' is used after {source.KeepUntil:yyyy-MM-dd} (keep-until in datasets.yaml).");
        return IsBeingErased(dataset) ? throw new DatasetMissingException($"'{dataset}' is being erased. Where that does not end, the worker's log says why.") : source;
    }

    private DatasetMap Map() => datasets() is { Faults: [] } map ? map : throw new DatasetException($"datasets.yaml:{datasets().Faults[0]}");
}
