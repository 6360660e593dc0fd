using System.Collections.Immutable;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>Which dataset name means which file here: <c>datasets.yaml</c>, described in docs/reference/datasets.md. Only the steward writes it.</summary>
/// <param name="Sources">By name; empty where there are faults.</param>
/// <param name="Faults">Every fault, in the order of the text.</param>
public sealed record DatasetMap(ImmutableDictionary<string, DatasetSource> Sources, ImmutableArray<ConfigurationFault> Faults)
{
    /// <summary>The file that <c>site-worker init</c> writes.</summary>
    public const string Default = """
        # Which dataset name means which file at this site. Paths are full, or relative to this file. docs/reference/datasets.md
        datasets: {}
        #  heart-disease:
        #    path: /srv/registry/heart.csv
        #    format: csv            # or parquet (then: path, format and missing only)
        #    header: true           # false: name the columns below
        #    columns: []            # [age, sex, ...], where there is no header
        #    delimiter: ","
        #    missing: ["", "?"]     # texts that mean: no value

        """;

    private static readonly string[] s_keys = ["path", "format", "header", "columns", "delimiter", "missing"];

    /// <summary>Reads a file; one that is missing or unreadable maps nothing.</summary>
    public static DatasetMap ReadFile(string path)
    {
        try
        {
            return Read(File.ReadAllText(path), Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new DatasetMap(ImmutableDictionary<string, DatasetSource>.Empty, [new ConfigurationFault(0, 0, $"'{path}' cannot be read: {error.Message}")]);
        }
    }

    /// <summary>Reads a map; relative paths are below <paramref name="folder"/>.</summary>
    public static DatasetMap Read(string yaml, string folder)
    {
        var faults = new List<ConfigurationFault>();
        var sources = ImmutableDictionary.CreateBuilder<string, DatasetSource>(StringComparer.Ordinal);
        if (YamlFields.Parse(yaml, faults) is { } fields)
        {
            if (fields.Map("datasets") is { } datasets)
            {
                foreach (var name in datasets.Keys.ToArray())
                {
                    if (!Name.IsName(name))
                        datasets.Refuse(name, $"is not a dataset's name: {Name.Rule}");
                    else if (datasets.Map(name) is { } dataset)
                        sources[name] = ReadSource(dataset, folder);
                }

                datasets.End();
            }

            fields.End("datasets");
        }

        return faults.Count == 0
            ? new DatasetMap(sources.ToImmutable(), [])
            : new DatasetMap(ImmutableDictionary<string, DatasetSource>.Empty, [.. faults.OrderBy(fault => (fault.Line, fault.Column))]);
    }

    private static DatasetSource ReadSource(YamlFields fields, string folder)
    {
        var path = Path.GetFullPath(fields.Text("path"), folder);
        var isCsv = fields.Word("format", word => word is "csv" or "parquet", "csv or parquet") != "parquet";
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
        fields.End(s_keys);
        return new DatasetSource(path, isCsv ? DatasetFormat.Csv : DatasetFormat.Parquet, header, columns, delimiter.Length == 1 ? delimiter[0] : ',', missing);
    }
}
