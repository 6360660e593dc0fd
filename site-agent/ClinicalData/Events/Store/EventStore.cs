using System.Security.Cryptography;
using FederatedClinicalMl.Durability;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>How much an import takes.</summary>
/// <param name="MaximumRefusedShare">Greatest share of refused records, in [0, 1]; above it nothing is imported.</param>
/// <param name="BatchRows">Events, and records, that are gathered before a segment is written; memory is about 400 bytes for each.</param>
public sealed record ImportLimits(double MaximumRefusedShare, int BatchRows = 1 << 20);

/// <summary>
/// What a hospital's systems say, as events, in one folder: segments and dictionaries that are written once, and one manifest that is
/// replaced whole. Whoever reads has a <see cref="EventSnapshot"/>, which no later import changes. An import that is killed has left
/// files that no manifest names; the next one removes them.
/// </summary>
/// <param name="disk">The store's folder.</param>
/// <param name="beginFingerprint">Begins a keyed hash of patient data: a plain one would confirm guesses.</param>
/// <param name="time">When an import was made.</param>
public sealed class EventStore(IDisk disk, Func<IncrementalHash> beginFingerprint, TimeProvider time)
{
    /// <summary>The imports, in order.</summary>
    /// <exception cref="DatasetException">The manifest cannot be read.</exception>
    public IReadOnlyList<StoreImport> Imports => StoreManifest.Read(disk).Imports;

    /// <summary>The store as it is, or as it was after an import.</summary>
    /// <param name="asOf">Number of the import; null: the last one.</param>
    /// <exception cref="DatasetMissingException">There is no import, or not that one.</exception>
    public EventSnapshot Snapshot(int? asOf = null)
    {
        var imports = StoreManifest.Read(disk).Imports;
        if (imports.IsEmpty)
            throw new DatasetMissingException("Nothing was imported yet.");
        var number = asOf ?? imports.Length;
        return number >= 1 && number <= imports.Length
            ? new EventSnapshot(disk, imports[..number])
            : throw new DatasetMissingException($"There is no import {number}; there are {imports.Length}.");
    }

    /// <summary>
    /// Imports an export: what is new in it is added, what it changed is amended. Either all of it is in the store when this returns, durably, or
    /// nothing of it. One import at a time; the one who calls holds the folder's lock.
    /// </summary>
    /// <exception cref="DatasetException">The export cannot be read, or more of it was refused than is allowed.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public StoreImport Import(IEventSource source, ImportLimits limits, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(limits);
        var manifest = StoreManifest.Read(disk);
        RemoveUnfinished(manifest);
        using var fingerprint = beginFingerprint();
        if (!manifest.Imports.IsEmpty)
            fingerprint.AppendData(manifest.Imports[^1].Fingerprint.Span);
        var import = new EventImport(disk, new EventSnapshot(disk, manifest.Imports), limits, fingerprint);
        try
        {
            source.ReadInto(import, cancel);
            return import.Commit(manifest, source.Description, time.GetUtcNow());
        }
        catch (Exception fault) when (fault is DatasetException or OperationCanceledException)
        {
            RemoveUnfinished(manifest);
            throw;
        }
    }

    private void RemoveUnfinished(StoreManifest manifest)
    {
        foreach (var name in disk.ListDirectories(StoreManifest.ImportsFolder))
        {
            var folder = $"{StoreManifest.ImportsFolder}/{name}";
            if (manifest.Imports.Any(import => import.Folder == folder))
                continue;
            foreach (var file in disk.List(folder))
                disk.Delete($"{folder}/{file}");
            disk.DeleteDirectory(folder);
        }
    }
}
