using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>What a steward asks of the site's event stores; every import is in the worker's log.</summary>
/// <param name="core">For policy and log.</param>
/// <param name="events">The stores.</param>
public sealed class DataDesk(WorkerCore core, SiteEvents events)
{
    private const string Unknown = "(imported before the worker was stopped)";

    /// <summary>Logs imports that were made and not logged, because the worker was killed in between.</summary>
    public void Recover()
    {
        foreach (var (dataset, imports) in events.Stored())
            core.RecordImports(dataset, imports, Unknown);
    }

    /// <summary>Imports what is new in a dataset's export.</summary>
    /// <exception cref="StewardException">There is no policy, or the export cannot be imported; nothing was.</exception>
    public StoreImport Import(string dataset, string steward, CancellationToken cancel) => Answer(() =>
    {
        core.RequireSoundLog();
        var policy = core.Policy().Policy ?? throw new StewardException($"policy.yaml:{core.Policy().Faults[0]}");
        var import = events.Import(dataset, policy.MaximumFaultyRows, cancel);
        core.RecordImports(dataset, events.Imports(dataset), steward);
        return import;
    });

    /// <summary>What is kept until when: each dataset of events that is mapped, and each store that is there and is not.</summary>
    public IReadOnlyList<DataKept> Kept() => Answer(() =>
    {
        var mapped = events.Mapped.ToList();
        return (IReadOnlyList<DataKept>)
        [
            .. mapped.Select(one => new DataKept { Dataset = one.Dataset, Mapped = true, Over = one.IsOver, KeepUntil = one.KeepUntil is { } day ? $"{day:yyyy-MM-dd}" : "" }),
            .. events.WithStores.Except(mapped.Select(one => one.Dataset)).Select(dataset => new DataKept { Dataset = dataset }),
        ];
    });

    /// <summary>Holds resources of a FHIR export against FHIR R4.</summary>
    /// <exception cref="StewardException">It is none, or cannot be read.</exception>
    public FhirExportReport Validate(string dataset, long? perFile, CancellationToken cancel) => Answer(() => events.Validate(dataset, perFile, cancel));

    /// <summary>What of a dataset's codes and units nobody mapped, and the mapping with which it was looked at: the file's, in use or not.</summary>
    /// <param name="dataset">The dataset.</param>
    /// <param name="study">For whose sake; null: for all definitions of the library.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="StewardException">Nothing was imported, the mapping has a fault, or the study is none of this dataset.</exception>
    public (TerminologyReport Report, SiteMapping Mapping) Terms(string dataset, Study? study, CancellationToken cancel) => Answer(() =>
    {
        RequireEventsOf(study, dataset);
        var mapping = events.ReadMapping(dataset).Mapping;
        return (TerminologyCheck.Of(events.Snapshot(dataset), mapping, study is null ? TerminologyScope.Library : TerminologyScope.Of(study.Data), import: null, cancel), mapping);
    });

    /// <summary>The same of what one import added; null: the mapping cannot be read, which whoever needs it is told.</summary>
    public TerminologyReport? TermsOf(string dataset, StoreImport import, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(import);
        try
        {
            return TerminologyCheck.Of(events.Snapshot(dataset), events.ReadMapping(dataset).Mapping, TerminologyScope.Library, import.Number, cancel);
        }
        catch (DatasetException)
        {
            return null;
        }
    }

    /// <summary>Every import, by dataset; and the datasets of which there is none. Datasets whose last day is over, or that are being erased, are neither.</summary>
    public (IReadOnlyList<(string Dataset, StoreImport Import)> Imports, IReadOnlyList<string> Empty) List() => Answer(() =>
    {
        var all = events.Mapped.Where(one => !one.IsOver && !events.IsBeingErased(one.Dataset)).Select(one => (Name: one.Dataset, Imports: events.Imports(one.Dataset))).ToList();
        return ((IReadOnlyList<(string, StoreImport)>)[.. all.SelectMany(one => one.Imports.Select(import => (one.Name, import)))],
            (IReadOnlyList<string>)[.. all.Where(one => one.Imports.Count == 0).Select(one => one.Name)]);
    });

    /// <summary>Faults and notes of an import, as CSV.</summary>
    public string Faults(string dataset, int import) => Answer(() => events.Faults(dataset, import));

    /// <summary>Fails where a study does not read the events of a dataset.</summary>
    internal static void RequireEventsOf(Study? study, string dataset)
    {
        if (study is not null && (study.Data.Cohort is null || study.Data.Dataset != dataset))
            throw new StewardException($"The study {study.Name} reads {(study.Data.Cohort is null ? "a table" : $"the events of '{study.Data.Dataset}'")}, not the events of '{dataset}'.");
    }

    /// <summary>Answers, or says why not in a way that the steward reads.</summary>
    internal static T Answer<T>(Func<T> answer)
    {
        try
        {
            return answer();
        }
        catch (Exception fault) when (fault is DatasetException or SealBrokenException)
        {
            throw new StewardException(fault.Message);
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new StewardException("The data went away while they were read.");
        }
    }
}
