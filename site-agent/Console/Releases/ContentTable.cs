using System.Text.Json;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.SiteAgent.StewardConsole;

/// <summary>
/// A part of a release's content as a table. By the shape of the JSON alone, so that kinds of releases which this console has never heard of can be read too: lists of one length side by side are
/// columns, as those of a histogram; a list of objects has a row for each, and of lists of objects each has a table; what is left are names and values.
/// </summary>
/// <param name="Name">Where it stands in the content.</param>
/// <param name="Columns">Heads of the columns.</param>
/// <param name="Rows">Cells of each row, as many as there are columns.</param>
internal sealed record ContentTable(string Name, IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows)
{
    /// <summary>Rows that a page shows of a table.</summary>
    public const int Most = 500;

    private const string Nothing = "-";

    /// <summary>The tables of a content.</summary>
    /// <exception cref="WorkerException">It is no JSON: the worker is another version.</exception>
    public static IReadOnlyList<ContentTable> Of(string json)
    {
        try
        {
            var tables = new List<ContentTable>();
            Add(tables, "", JsonNode.Parse(json));
            return tables;
        }
        catch (JsonException)
        {
            throw new WorkerException("The content of the release cannot be read by this console: it is of another version than the worker. Install the same version of both.");
        }
    }

    private static void Add(List<ContentTable> tables, string name, JsonNode? node)
    {
        switch (node)
        {
            case JsonObject one:
                AddObject(tables, name, one);
                break;
            case JsonArray { Count: > 0 } list when list.All(item => item is JsonObject):
                AddRows(tables, name, [.. list.OfType<JsonObject>()]);
                break;
            case JsonArray { Count: > 0 } groups when groups.All(group => group is JsonArray list && list.Any(item => item is JsonObject)):
                foreach (var (place, group) in groups.Index())
                    Add(tables, $"{name} {place}", group);
                break;
            case JsonArray list:
                tables.Add(new ContentTable(Title(name), ["place", "value"], [.. list.Select((item, place) => (IReadOnlyList<string>)[$"{place}", Cell(item)])]));
                break;
            default:
                tables.Add(new ContentTable(Title(name), ["value"], [[Cell(node)]]));
                break;
        }
    }

    private static void AddObject(List<ContentTable> tables, string name, JsonObject one)
    {
        var single = one.Where(field => field.Value is null or JsonValue).ToList();
        if (single.Count > 0)
            tables.Add(new ContentTable(Title(name), ["name", "value"], [.. single.Select(field => (IReadOnlyList<string>)[field.Key, Cell(field.Value)])]));
        var lists = one.Where(field => IsList(field.Value)).ToList();
        foreach (var beside in lists.GroupBy(field => field.Value!.AsArray().Count))
        {
            string[] columns = [.. beside.Select(field => field.Key)];
            tables.Add(new ContentTable(
                columns.Length == 1 ? Title(Join(name, columns[0])) : Title(name), columns,
                [.. Enumerable.Range(0, beside.Key).Select(row => (IReadOnlyList<string>)[.. beside.Select(field => Cell(field.Value![row]))])]));
        }

        foreach (var (field, value) in one.Where(field => field.Value is JsonObject or JsonArray && !IsList(field.Value)))
            Add(tables, Join(name, field), value);
    }

    // A row for each object, of the single values in it and in the objects that it holds; lists have tables of their own.
    private static void AddRows(List<ContentTable> tables, string name, IReadOnlyList<JsonObject> rows)
    {
        var flat = rows.Select(row => Flat("", row).ToDictionary(cell => cell.Name, cell => cell.Value, StringComparer.Ordinal)).ToList();
        string[] columns = [.. flat.SelectMany(row => row.Keys).Distinct()];
        if (columns.Length > 0)
            tables.Add(new ContentTable(Title(name), columns, [.. flat.Select(row => (IReadOnlyList<string>)[.. columns.Select(column => row.GetValueOrDefault(column, Nothing))])]));
        foreach (var (place, row) in rows.Index())
            AddLists(tables, $"{name} {(row["name"] ?? row["site"]) ?? place}", row);
    }

    private static void AddLists(List<ContentTable> tables, string name, JsonObject row)
    {
        if (new JsonObject(row.Where(field => field.Value is JsonArray).Select(field => KeyValuePair.Create(field.Key, field.Value?.DeepClone()))) is { Count: > 0 } lists)
            AddObject(tables, name, lists);
        foreach (var (field, value) in row)
        {
            if (value is JsonObject inner)
                AddLists(tables, Join(name, field), inner);
        }
    }

    private static IEnumerable<(string Name, string Value)> Flat(string name, JsonObject row) => row.SelectMany(field => field.Value switch
    {
        JsonObject inner => Flat(Join(name, field.Key), inner),
        JsonArray => [],
        var value => [(Join(name, field.Key), Cell(value))],
    });

    private static bool IsList(JsonNode? node) => node is JsonArray list && list.All(item => item is null or JsonValue);

    private static string Cell(JsonNode? value) => value switch { null => Nothing, JsonValue single => single.ToString(), _ => value.ToJsonString() };

    private static string Join(string name, string field) => name.Length == 0 ? field : $"{name}.{field}";

    private static string Title(string name) => name.Length == 0 ? "content" : name;
}
