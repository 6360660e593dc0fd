using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// A database in the OMOP Common Data Model, 5.3 or 5.4 (https://ohdsi.github.io/CommonDataModel). What is read of it, and when it is taken for
/// known, is in docs/reference/omop.md.
/// </summary>
public sealed partial class OmopSource : IEventSource
{
    private readonly OmopOptions _options;
    private readonly ClinicalClock _clock;
    private readonly ConceptTable _concept = new();
    private readonly PersonTable _person = new();
    private readonly DeathTable _death = new();
    private readonly VisitTable _visit = new();
    private readonly IReadOnlyList<OmopEventTable> _events;
    private readonly Dictionary<OmopTable, OmopTableReader> _readers = [];

    internal OmopSource(IOmopTables tables, OmopOptions options, ClinicalClock clock)
    {
        (_options, _clock) = (options, clock);
        var unknown = options.Availability.Keys.Except(TablesWithAvailability).Order(StringComparer.Ordinal).ToArray();
        if (unknown.Length > 0)
            throw new DatasetException($"Availability cannot be declared for {string.Join(", ", unknown)}, only for {string.Join(", ", TablesWithAvailability)}.");
        Version = options.Version ?? VersionOf(tables);
        _events = OmopEventTable.Of(Version);
        var (faults, remarks) = (new List<string>(), new List<string>());
        foreach (var table in (IEnumerable<OmopTable>)[_concept, _person, _visit, _death, .. _events])
        {
            var isNeeded = table == _concept || table == _person;
            if (tables.Find(table.Name) is not { } file)
                (isNeeded ? faults : remarks).Add($"There is no table {table.Name}{(isNeeded ? ": nothing can be read without it" : "")}.");
            else if (OmopTableReader.Find(table, file, faults, remarks) is { } reader)
                _readers.Add(table, reader);
        }

        if (faults.Count > 0)
            throw new DatasetException($"This is no OMOP CDM {Text(Version)} {tables.Description}: {string.Join(' ', faults)} If its version is another, declare the version.");
        (Remarks, Description) = ([.. remarks], $"OMOP CDM {Text(Version)} {tables.Description}");
    }

    /// <summary>Tables for which <see cref="OmopOptions.Availability"/> can be declared.</summary>
    public static ImmutableArray<string> TablesWithAvailability { get; } = ["death", .. OmopEventTable.Of(OmopVersion.V54).Select(table => table.Name)];

    /// <inheritdoc/>
    public string Description { get; }

    /// <summary>Version by which it is read.</summary>
    public OmopVersion Version { get; }

    /// <summary>What a steward should know of how it is read: tables that are not there, headers that were understood.</summary>
    public ImmutableArray<string> Remarks { get; }

    /// <summary>Opens a folder with one CSV (also gzip) or Parquet file for each table, or what <c>site-import</c> handed over.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="options">What its steward declares.</param>
    /// <param name="clock">The hospital's clock.</param>
    /// <exception cref="DatasetException">It is not there, its version is not known, or a table or column that is needed is missing: all are named.</exception>
    public static OmopSource OpenFolder(string folder, OmopOptions options, ClinicalClock clock)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(clock);
        return new OmopSource(new OmopFolder(OmopHandover.FolderOf(folder)), options, clock);
    }

    /// <inheritdoc/>
    public void ReadInto(IEventSink sink, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(sink);
        OmopConcepts? concepts = null;
        Read(_concept, row => concepts = OmopConcepts.Read(_concept, row, cancel));
        var reading = new OmopReading(sink, _clock, _options, concepts!, cancel);
        Read(_person, row => reading.Persons(_person, row));
        Read(_visit, row => reading.Visits(_visit, row));
        Read(_death, row => reading.Deaths(_death, row));
        foreach (var table in _events)
            Read(table, row => reading.Events(table, row));

        void Read(OmopTable table, Action<OmopRow> read)
        {
            if (!_readers.TryGetValue(table, out var reader))
                return;
            using var row = reader.Read(sink, _clock);
            read(row);
        }
    }

    /// <summary>The version that <c>cdm_source.cdm_version</c> means; null: none that is known.</summary>
    public static OmopVersion? VersionOf(string text) => VersionText().Match(text) switch
    {
        { Success: true } match => match.Groups[1].Value == "3" ? OmopVersion.V53 : OmopVersion.V54,
        _ => null,
    };

    private static OmopVersion VersionOf(IOmopTables tables)
    {
        const string Declare = "Declare its version, 5.3 or 5.4, in the import's configuration.";
        var table = new CdmSourceTable();
        var faults = new List<string>();
        if (tables.Find(table.Name) is not { } file)
            throw new DatasetException($"There is no table cdm_source, which says the version of an OMOP database. {Declare}");
        var reader = OmopTableReader.Find(table, file, faults, []) ?? throw new DatasetException($"{string.Join(' ', faults)} {Declare}");
        var versions = reader.Values(table.Version).Select(VersionOf).Distinct().ToArray();
        return versions is [{ } version] ? version : throw new DatasetException($"{file.Name} does not say in cdm_version whether this is 5.3 or 5.4. {Declare}");
    }

    private static string Text(OmopVersion version) => version == OmopVersion.V53 ? "5.3" : "5.4";

    [GeneratedRegex(@"^(?:CDM )?v?5\.([34])(?:\.[0-9]+)?$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex VersionText();
}
