using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>One import into a store: what it added, and what it found. Immutable once it is in the manifest.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Source">What was imported, in a few words.</param>
/// <param name="At">When.</param>
/// <param name="Fingerprint">Keyed fingerprint of the store as of this import: every event, dictionary and amendment up to here.</param>
/// <param name="Patients">Patients in the dictionary after it.</param>
/// <param name="Concepts">Concepts in the dictionary after it.</param>
/// <param name="Segments">Number of events of each of its segments.</param>
/// <param name="Indexes">Number of its record indexes.</param>
/// <param name="Files">Names of the source's files, by ordinal.</param>
/// <param name="Counts">What became of the source's records.</param>
public sealed record StoreImport(
    int Number,
    string Source,
    DateTimeOffset At,
    Sha256Digest Fingerprint,
    int Patients,
    int Concepts,
    ImmutableArray<int> Segments,
    int Indexes,
    ImmutableArray<string> Files,
    ImportCounts Counts)
{
    /// <summary>Events that it added.</summary>
    public long Events => Segments.Sum(rows => (long)rows);

    internal string Folder => FolderOf(Number);

    internal static string FolderOf(int number) => $"{StoreManifest.ImportsFolder}/{number.ToString("D6", CultureInfo.InvariantCulture)}";

    internal static string IndexOf(int number, int index) => $"{FolderOf(number)}/records-{index.ToString("D3", CultureInfo.InvariantCulture)}.bin";

    internal static string SegmentOf(int number, int segment) => $"{FolderOf(number)}/events-{segment.ToString("D3", CultureInfo.InvariantCulture)}.parquet";
}

/// <summary>What became of an import's records. Every record is exactly one of added, unchanged, amended, retracted, skipped or refused.</summary>
/// <param name="Added">New records.</param>
/// <param name="Unchanged">Records that were there already with the same content, in the store or in this import.</param>
/// <param name="Amended">Records that the store had with other content.</param>
/// <param name="Retracted">Records that were entered in error.</param>
/// <param name="Skipped">Records that are no event, by reason.</param>
/// <param name="Refused">Records refused, by fault.</param>
/// <param name="Notes">Records kept of which something cannot be used, by note.</param>
public sealed record ImportCounts(
    long Added,
    long Unchanged,
    long Amended,
    long Retracted,
    ImmutableSortedDictionary<SkipReason, long> Skipped,
    ImmutableSortedDictionary<RecordFault, long> Refused,
    ImmutableSortedDictionary<RecordNote, long> Notes)
{
    /// <summary>All records refused.</summary>
    public long AllRefused => Refused.Values.Sum();

    /// <summary>All records read.</summary>
    public long Records => Added + Unchanged + Amended + Retracted + Skipped.Values.Sum() + AllRefused;
}

/// <summary>What a store holds: the one file that is replaced, whole; all others are written once.</summary>
/// <param name="Imports">In order.</param>
internal sealed record StoreManifest(ImmutableArray<StoreImport> Imports)
{
    public const string Path = "store.json";
    public const string ImportsFolder = "imports";
    private const int Format = 2;

    public static StoreManifest Empty { get; } = new([]);

    public static StoreManifest Read(IDisk disk)
    {
        if (!disk.Exists(Path))
            return Empty;
        try
        {
            var fields = new JsonFields(CanonicalJson.Read(DurableFile.Read(disk, Path)), "store");
            fields.Integer("format", Format, Format);
            var manifest = new StoreManifest([.. fields.List("imports", 1_000_000, (node, path) => ReadImport(new JsonFields(node, path)))]);
            fields.End();
            return manifest;
        }
        catch (FormatException fault)
        {
            throw new DatasetException($"The event store's manifest cannot be read ({fault.Message}). It was written by other software, or changed by hand: restore it, or import anew into an empty store.");
        }
    }

    public void Write(IDisk disk) => DurableFile.Write(disk, Path, CanonicalJson.Write(new JsonObject
    {
        ["format"] = Format,
        ["imports"] = new JsonArray([.. Imports.Select(Json)]),
    }));

    private static JsonObject Json(StoreImport import) => new()
    {
        ["number"] = import.Number,
        ["source"] = import.Source,
        ["at"] = import.At.ToString("O", CultureInfo.InvariantCulture),
        ["fingerprint"] = import.Fingerprint.ToString(),
        ["patients"] = import.Patients,
        ["concepts"] = import.Concepts,
        ["segments"] = new JsonArray([.. import.Segments.Select(rows => JsonValue.Create(rows))]),
        ["indexes"] = import.Indexes,
        ["files"] = new JsonArray([.. import.Files.Select(file => JsonValue.Create(file))]),
        ["added"] = import.Counts.Added,
        ["unchanged"] = import.Counts.Unchanged,
        ["amended"] = import.Counts.Amended,
        ["retracted"] = import.Counts.Retracted,
        ["skipped"] = Json(import.Counts.Skipped),
        ["refused"] = Json(import.Counts.Refused),
        ["notes"] = Json(import.Counts.Notes),
    };

    private static JsonObject Json<T>(ImmutableSortedDictionary<T, long> counts)
        where T : struct, Enum => new(counts.Select(count => KeyValuePair.Create(count.Key.ToString(), (JsonNode?)JsonValue.Create(count.Value))));

    private static StoreImport ReadImport(JsonFields fields)
    {
        const long Most = 1L << 53;
        var import = new StoreImport(
            (int)fields.Integer("number", 1, int.MaxValue),
            fields.Text("source", 500),
            DateTimeOffset.Parse(fields.Text("at", 40), CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind),
            Sha256Digest.Parse(fields.Text("fingerprint", 64)),
            (int)fields.Integer("patients", 0, int.MaxValue),
            (int)fields.Integer("concepts", 0, int.MaxValue),
            [.. fields.List("segments", 1_000_000, (node, path) => (int)JsonFields.Integer(node, path, 0, int.MaxValue))],
            (int)fields.Integer("indexes", 0, int.MaxValue),
            [.. fields.List("files", 1_000_000, (node, path) => node?.GetValue<string>() ?? throw new FormatException($"{path} must be a string."))],
            new ImportCounts(
                fields.Integer("added", 0, Most), fields.Integer("unchanged", 0, Most), fields.Integer("amended", 0, Most), fields.Integer("retracted", 0, Most),
                Counts<SkipReason>("skipped"), Counts<RecordFault>("refused"), Counts<RecordNote>("notes")));
        fields.End();
        return import;

        ImmutableSortedDictionary<T, long> Counts<T>(string name)
            where T : struct, Enum
        {
            var counts = fields.Object(name);
            return (fields.Node(name) as JsonObject ?? []).ToImmutableSortedDictionary(
                member => Enum.TryParse<T>(member.Key, out var key) ? key : throw new FormatException($"{counts.PathOf(member.Key)} is not known."),
                member => counts.Integer(member.Key, 0, Most));
        }
    }
}
