using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Understands the text of a mapping file.</summary>
public static partial class EventMappingReader
{
    private static readonly (string Word, EventKind Kind, string[] Keys)[] s_kinds =
    [
        ("patient", EventKind.Birth, ["birth", "sex", "death"]),
        ("encounter", EventKind.Encounter, ["encounter", "time", "end", "class", "organisation"]),
        ("condition", EventKind.Condition, ["encounter", "id", "time", "end", "code"]),
        ("observation", EventKind.Observation, ["encounter", "id", "time", "code", "value", "unit", "value-code", "observations"]),
        ("medication", EventKind.MedicationOrder, ["encounter", "id", "time", "end", "code"]),
        ("administration", EventKind.MedicationAdministration, ["encounter", "id", "time", "end", "code"]),
        ("procedure", EventKind.Procedure, ["encounter", "id", "time", "end", "code"]),
    ];

    private static readonly string[] s_endings = [".csv", ".csv.gz", ".parquet"];
    private static readonly string[] s_genders = ["male", "female", "other", "unknown"];

    // http://terminology.hl7.org/ValueSet/v3-ActEncounterCode
    private static readonly string[] s_classes = ["AMB", "EMER", "FLD", "HH", "IMP", "ACUTE", "NONAC", "OBSENC", "PRENC", "SS", "VR"];

    /// <summary>Reads a mapping.</summary>
    public static EventMappingReading Read(string yaml)
    {
        var faults = new List<ConfigurationFault>();
        var files = new List<MappedFile>();
        if (YamlFields.Parse(yaml, faults) is { } fields)
        {
            files.AddRange(fields.Maps("files").Select(FileOf));
            fields.End("files");
        }

        return faults.Count == 0
            ? new EventMappingReading(new EventMapping([.. files.OrderBy(file => file.Kind switch { EventKind.Birth => 0, EventKind.Encounter => 1, _ => 2 })]), [])
            : new EventMappingReading(null, [.. faults.OrderBy(fault => (fault.Line, fault.Column))]);
    }

    private static MappedFile FileOf(YamlFields fields)
    {
        var path = fields.Word("path", IsPath, $"a path below the export's folder that ends in {string.Join(", ", s_endings)}");
        var kind = fields.Word("kind", word => s_kinds.Any(known => known.Word == word), OneOf(s_kinds.Select(known => known.Word)));
        var known = s_kinds.FirstOrDefault(known => known.Word == kind, s_kinds[0]);
        var delimiter = fields.Has("delimiter")
            ? fields.Word("delimiter", word => word.Length == 1 && word is not ("\"" or "\n" or "\r"), "one character, such as \",\" or \"\\t\"")
            : ",";
        var missing = fields.Has("missing") ? fields.Words("missing", _ => true, "texts") : [""];
        var isPatient = known.Kind == EventKind.Birth;
        var isWide = known.Kind == EventKind.Observation && fields.Has("observations");
        var file = new MappedFile(
            path, delimiter.Length == 1 ? delimiter[0] : ',', missing, known.Kind,
            Column(fields, "patient"),
            known.Kind == EventKind.Encounter ? Column(fields, "encounter") : Optional("encounter", Column),
            Optional("id", Column),
            isPatient ? Optional("birth", Moment) : Moment(fields, "time"),
            isPatient ? Optional("death", Moment) : Optional("end", Moment),
            Optional("available", Moment, always: !isPatient),
            fields.Has("availability") ? Availability(fields, isPatient) : null,
            isPatient ? Optional("sex", (map, key) => Words(map, key, s_genders)) : Optional("class", (map, key) => Words(map, key, s_classes)),
            Optional("organisation", Column),
            isPatient || known.Kind == EventKind.Encounter ? [] : isWide ? [.. fields.Maps("observations").Select(Wide)] : [Item()],
            isWide);
        var needsAvailability = !isPatient || file.End is not null;
        if (needsAvailability == (file.Available is null && file.Availability is null) || (file.Available is not null && file.Availability is not null))
        {
            fields.Refuse("availability", isPatient
                ? "must be there where death is, and only there: same, or {lag: 2d}"
                : "or available must be there, and not both: available names a column; availability is same, encounter-end, or {lag: 2h}");
        }

        string[] common = ["path", "kind", "delimiter", "missing", "patient", "available", "availability"];
        fields.End([.. common.Where(key => !(isPatient && key == "available")), .. known.Keys]);
        return file;

        T? Optional<T>(string key, Func<YamlFields, string, T> read, bool always = false)
            where T : class => (always || known.Keys.Contains(key)) && fields.Has(key) ? read(fields, key) : null;

        MappedItem Item() => new(Code(fields, "code"), Optional("value", Column), Optional("value-code", Codes), Optional("unit", Unit));
    }

    private static MappedItem Wide(YamlFields fields)
    {
        var isCoded = fields.Has("value-code");
        var item = new MappedItem(
            Code(fields, "code"),
            isCoded ? null : Column(fields, "column"),
            isCoded ? Codes(fields, "value-code") : null,
            !isCoded && fields.Has("unit") ? Unit(fields, "unit") : null);
        fields.End("code", "column", "unit", "value-code");
        return item;
    }

    private static string Column(YamlFields fields, string key) => fields.Word(key, word => word.Length > 0, "a column's name");

    private static MappedMoment Moment(YamlFields fields, string key)
    {
        if (!fields.IsMap(key))
            return new MappedMoment(Column(fields, key), TextValues.Iso8601);
        var map = fields.Map(key)!;
        var moment = new MappedMoment(
            Column(map, "column"),
            map.Word("format", TextValues.IsFormat, "a format made of yyyy, MM or M, dd or d, HH or H, mm, ss, such as \"dd.MM.yyyy HH:mm\"; leave it out for ISO 8601"));
        map.End("column", "format");
        return moment;
    }

    private static AvailabilityRule Availability(YamlFields fields, bool isPatient)
    {
        if (fields.IsMap("availability"))
        {
            var map = fields.Map("availability")!;
            var lag = map.Word("lag", word => Lag().IsMatch(word), "a whole number of s, m, h or d, such as 2h");
            map.End("lag");
            return AvailabilityRule.After(lag.Length == 0 ? TimeSpan.Zero : int.Parse(lag[..^1], CultureInfo.InvariantCulture) * lag[^1] switch
            {
                's' => TimeSpan.FromSeconds(1),
                'm' => TimeSpan.FromMinutes(1),
                'h' => TimeSpan.FromHours(1),
                _ => TimeSpan.FromDays(1),
            });
        }

        var rule = isPatient
            ? fields.Word("availability", word => word == "same", "same, or {lag: 2d}")
            : fields.Word("availability", word => word is "same" or "encounter-end", "same, encounter-end, or {lag: 2h}");
        return rule == "encounter-end" ? AvailabilityRule.EncounterEnd : AvailabilityRule.After(TimeSpan.Zero);
    }

    private static MappedWords Words(YamlFields fields, string key, string[] codes)
    {
        if (fields.Map(key) is not { } map)
            return new MappedWords("", ImmutableDictionary<string, string>.Empty);
        var words = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var column = Column(map, "column");
        if (map.Map("map") is { } pairs)
        {
            foreach (var word in pairs.Keys.ToArray())
                words[word] = pairs.Word(word, codes.Contains, OneOf(codes));
            pairs.End();
        }

        map.End("column", "map");
        return new MappedWords(column, words.ToImmutable());
    }

    private static MappedCode Code(YamlFields fields, string key) => fields.Map(key) is not { } map ? new MappedCode(null, "", "")
        : map.Has("column") ? Codes(fields, key)
        : Ended(map, new MappedCode(null, System(map), map.Word("code", IsCode, $"a code of 1 to {TextValues.MaximumCode} characters")), "system", "code");

    private static MappedCode Codes(YamlFields fields, string key) =>
        fields.Map(key) is not { } map ? new MappedCode("", "", "") : Ended(map, new MappedCode(Column(map, "column"), System(map), ""), "column", "system");

    private static MappedUnit Unit(YamlFields fields, string key)
    {
        if (!fields.IsMap(key))
            return new MappedUnit(null, CodeSystems.Ucum, fields.Word(key, IsCode, "a unit of UCUM, or {column: ..., ucum: true}"));
        var map = fields.Map(key)!;
        return Ended(map, new MappedUnit(Column(map, "column"), map.Has("ucum") && map.Boolean("ucum") ? CodeSystems.Ucum : "", ""), "column", "ucum");
    }

    private static string System(YamlFields fields) => fields.Word(
        "system", word => IsCode(word) && Uri.IsWellFormedUriString(word, UriKind.Absolute), "the address of a code system, such as http://loinc.org or urn:site:lab");

    private static T Ended<T>(YamlFields fields, T read, params ReadOnlySpan<string> keys)
    {
        fields.End(keys);
        return read;
    }

    private static string OneOf(IEnumerable<string> words) => $"one of {string.Join(", ", words)}";

    private static bool IsCode(string text) => text.Length is > 0 and <= TextValues.MaximumCode;

    private static bool IsPath(string path) =>
        !Path.IsPathRooted(path) && !path.Split('/', '\\').Contains("..")
        && s_endings.Any(ending => path.Length > ending.Length && path.EndsWith(ending, StringComparison.OrdinalIgnoreCase));

    [GeneratedRegex("^[0-9]{1,5}[smhd]$", RegexOptions.CultureInvariant)]
    private static partial Regex Lag();
}
