using System.Collections.Immutable;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>Which dataset name means which file here: <c>datasets.yaml</c>, described in docs/reference/datasets.md. Only the steward writes it.</summary>
/// <param name="Sources">Tables by name; empty where there are faults.</param>
/// <param name="Events">Exports of events by name; empty where there are faults.</param>
/// <param name="Faults">Every fault, in the order of the text.</param>
public sealed record DatasetMap(
    ImmutableDictionary<string, DatasetSource> Sources, ImmutableDictionary<string, EventDataset> Events, ImmutableArray<ConfigurationFault> Faults)
{
    /// <summary>The file that <c>site-worker init</c> writes.</summary>
    public const string Default = """
        # Which dataset name means which file at this site. Paths are full, or relative to this file. docs/reference/datasets.md
        # The braces say that there are none: take them away with the number signs of what you use.
        datasets: {}
        #  heart-disease:
        #    path: /srv/registry/heart.csv
        #    format: csv            # or parquet (then: path, format and missing only)
        #    header: true           # false: name the columns below
        #    columns: []            # [age, sex, ...], where there is no header
        #    delimiter: ","
        #    missing: ["", "?"]     # texts that mean: no value
        #    population: cardiology # whose patients these are: data sets of the same patients name one population; without it, the data set's own name
        #  ehr:
        #    path: /srv/export      # a folder; 'site-worker data import ehr' takes what is new in it
        #    format: fhir           # or omop, or events
        #    time-zone: Europe/Berlin
        #    keep-until: 2031-12-31 # after that day the store is erased; may be left out
        #    mapping: mapping.yaml  # this site's own codes and units; may be left out

        """;

    /// <summary>Whose patients are in a data set, where the steward has said it.</summary>
    public ImmutableDictionary<string, string> Populations { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>The population of a data set that is mapped: what the steward calls the source of its patients; else the data set's own name.</summary>
    /// <returns>Null where the data set is not mapped.</returns>
    public string? PopulationOf(string dataset) =>
        Sources.ContainsKey(dataset) || Events.ContainsKey(dataset) ? Populations.GetValueOrDefault(dataset, dataset) : null;

    private static readonly ImmutableDictionary<string, DatasetSource> s_noTables = ImmutableDictionary<string, DatasetSource>.Empty;
    private static readonly ImmutableDictionary<string, EventDataset> s_noEvents = ImmutableDictionary<string, EventDataset>.Empty;

    /// <summary>A map of tables alone.</summary>
    public static DatasetMap OfTables(ImmutableDictionary<string, DatasetSource> tables) => new(tables, s_noEvents, []);

    /// <summary>Reads a file; one that is missing or unreadable maps nothing.</summary>
    public static DatasetMap ReadFile(string path)
    {
        try
        {
            return Read(File.ReadAllText(path), Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new DatasetMap(s_noTables, s_noEvents, [new ConfigurationFault(0, 0, $"'{path}' cannot be read: {error.Message}")]);
        }
    }

    /// <summary>Reads a map; relative paths are below <paramref name="folder"/>.</summary>
    public static DatasetMap Read(string yaml, string folder)
    {
        var faults = new List<ConfigurationFault>();
        var sources = ImmutableDictionary.CreateBuilder<string, DatasetSource>(StringComparer.Ordinal);
        var events = ImmutableDictionary.CreateBuilder<string, EventDataset>(StringComparer.Ordinal);
        var populations = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        if (YamlFields.Parse(yaml, faults) is { } fields)
        {
            if (fields.Map("datasets") is { } datasets)
            {
                foreach (var name in datasets.Keys.ToArray())
                {
                    if (!Name.IsName(name))
                        datasets.Refuse(name, $"is not a dataset's name: {Name.Rule}");
                    else if (datasets.Map(name) is { } dataset)
                    {
                        if (dataset.Has("population"))
                            populations[name] = dataset.Word("population", Name.IsName, $"a population's name: {Name.Rule}");
                        ReadDataset(name, dataset, folder, sources, events);
                    }
                }

                datasets.End();
            }

            fields.End("datasets");
        }

        return faults.Count == 0
            ? new DatasetMap(sources.ToImmutable(), events.ToImmutable(), []) { Populations = populations.ToImmutable() }
            : new DatasetMap(s_noTables, s_noEvents, [.. faults.OrderBy(fault => (fault.Line, fault.Column))]);
    }

    private static void ReadDataset(
        string name, YamlFields fields, string folder, ImmutableDictionary<string, DatasetSource>.Builder tables, ImmutableDictionary<string, EventDataset>.Builder events)
    {
        var path = Path.GetFullPath(fields.Text("path"), folder);
        var format = fields.Word("format", word => word is "csv" or "parquet" or "fhir" or "omop" or "events", "csv, parquet, fhir, omop or events");
        if (format is "csv" or "parquet")
            tables[name] = ReadTable(fields, path, isCsv: format == "csv");
        else if (EventDatasetReader.Read(fields, path, folder, format) is { } dataset)
            events[name] = dataset;
    }

    private static DatasetSource ReadTable(YamlFields fields, string path, bool isCsv)
    {
        var header = !isCsv || !fields.Has("header") || fields.Boolean("header");
        var columns = isCsv && fields.Has("columns") ? fields.Words("columns", word => word.Length > 0, "column names") : [];
        var delimiter = isCsv && fields.Has("delimiter") ? fields.Word("delimiter", word => word.Length == 1 && word is not ("\"" or "\n" or "\r"), "one character, such as \",\" or \"\\t\"") : ",";
        var missing = fields.Has("missing") ? fields.Words("missing", _ => true, "texts") : [""];
        if (isCsv && !header && columns.IsEmpty)
            fields.Refuse("columns", "must name the columns in order, because there is no header");
        if (header && !columns.IsEmpty)
            fields.Refuse("columns", "must be left out: the header names the columns");
        if (columns.Distinct(StringComparer.Ordinal).Count() != columns.Length)
            fields.Refuse("columns", "must not name a column twice");
        fields.End(isCsv ? ["path", "format", "header", "columns", "delimiter", "missing", "population"] : ["path", "format", "missing", "population"]);
        return new DatasetSource(path, isCsv ? DatasetFormat.Csv : DatasetFormat.Parquet, header, columns, delimiter.Length == 1 ? delimiter[0] : ',', missing);
    }
}
