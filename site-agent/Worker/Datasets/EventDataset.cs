using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>An export of a hospital's system from which events are imported. Comes from the site's steward only, never from a study.</summary>
/// <param name="Path">Full path of its folder.</param>
/// <param name="Zone">What a date without time, or a time without offset, means in it.</param>
/// <param name="Mapping">Full path of the site's mapping of its own codes and units; null: it has none.</param>
public abstract record EventDataset(string Path, TimeZoneInfo Zone, string? Mapping)
{
    /// <summary>The last day, by its own time zone, on which anything of it is used; after that its store is erased. Null: there is none.</summary>
    public DateOnly? KeepUntil { get; init; }

    /// <summary>The clock of its dates.</summary>
    public ClinicalClock Clock => new(Zone);

    /// <summary>Whether its last day is over.</summary>
    public bool IsOver(DateTimeOffset now) => KeepUntil is { } day && ClinicalTime.Of(now) > Clock.EndOfDay(day);

    /// <summary>Opens it for reading.</summary>
    /// <exception cref="DatasetException">It is not there, or not as it must be.</exception>
    public abstract IEventSource Open();
}

/// <summary>A FHIR R4 bulk export.</summary>
public sealed record FhirDataset(string Path, TimeZoneInfo Zone, string? Mapping) : EventDataset(Path, Zone, Mapping)
{
    /// <inheritdoc/>
    public override IEventSource Open() => new FhirBulkSource(Path, Clock, FhirLimits.Default);
}

/// <summary>Tables whose columns a mapping file explains.</summary>
public sealed record MappedDataset(string Path, TimeZoneInfo Zone, string? Mapping, string EventMapping) : EventDataset(Path, Zone, Mapping)
{
    /// <inheritdoc/>
    public override IEventSource Open()
    {
        if (!File.Exists(EventMapping))
            throw new DatasetMissingException($"The description of the columns '{EventMapping}' is not there. Correct its path (event-mapping) in datasets.yaml.");
        var reading = EventMappingReader.Read(File.ReadAllText(EventMapping));
        return reading.Mapping is { } mapping ? new MappedTableSource(Path, mapping, Clock) : throw new DatasetException($"{EventMapping}:{reading.Faults[0]}");
    }
}

/// <summary>An OMOP CDM, as a folder of CSV or Parquet files.</summary>
public sealed record OmopDataset(string Path, TimeZoneInfo Zone, string? Mapping, OmopOptions Options) : EventDataset(Path, Zone, Mapping)
{
    /// <inheritdoc/>
    public override IEventSource Open() => OmopSource.OpenFolder(Path, Options, Clock);
}
