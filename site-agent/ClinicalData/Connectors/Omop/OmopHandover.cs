using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>A table in a hand-over folder.</summary>
/// <param name="File">Name of its file, gzip of CSV.</param>
/// <param name="Rows">Rows in it, without its header.</param>
/// <param name="Sha256">SHA-256 of the file, in lower-case hexadecimal digits.</param>
public sealed record HandedTable(string File, long Rows, string Sha256);

/// <summary>
/// What <c>site-import</c> hands over to the worker: a copy of an OMOP database in a folder of its own, named by this manifest, which is
/// replaced atomically once the copy is complete. So a reader has one copy, whole, whatever is being copied meanwhile.
/// </summary>
/// <param name="Copy">Name of the copy's folder, beside the manifest.</param>
/// <param name="Since">First day of what was copied of events; null: all.</param>
/// <param name="Tables">Its tables.</param>
public sealed record OmopHandover(string Copy, DateOnly? Since, ImmutableArray<HandedTable> Tables)
{
    /// <summary>Name of the manifest's file.</summary>
    public const string FileName = "handover.json";

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>The manifest's bytes.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, s_json);

    /// <summary>Reads the manifest of a folder; null: it has none.</summary>
    /// <exception cref="DatasetException">It is none.</exception>
    public static OmopHandover? Read(string folder)
    {
        var path = Path.Join(folder, FileName);
        if (!System.IO.File.Exists(path))
            return null;
        try
        {
            return JsonSerializer.Deserialize<OmopHandover>(System.IO.File.ReadAllBytes(path), s_json) is { Copy: { } copy, Tables.IsDefault: false } read && Path.GetFileName(copy) == copy
                && copy.Trim('.').Length > 0 ? read : throw NotAsLeft(path);
        }
        catch (JsonException)
        {
            throw NotAsLeft(path);
        }
    }

    /// <summary>The folder with the tables: of a hand-over its copy, each file of which is held against the manifest; else the folder itself.</summary>
    /// <exception cref="DatasetException">The copy is not as the manifest says.</exception>
    internal static string FolderOf(string folder)
    {
        if (Read(folder) is not { } handover)
            return folder;
        var copy = Path.Join(folder, handover.Copy);
        string[] files = Directory.Exists(copy) ? [.. Directory.EnumerateFiles(copy).Select(path => Path.GetFileName(path))] : [];
        if (!files.ToHashSet(StringComparer.Ordinal).SetEquals(handover.Tables.Select(table => table.File)))
            throw NotAsLeft(copy);
        foreach (var table in handover.Tables)
        {
            using var stream = System.IO.File.OpenRead(Path.Join(copy, table.File));
            if (Convert.ToHexStringLower(SHA256.HashData(stream)) != table.Sha256)
                throw NotAsLeft(Path.Join(copy, table.File));
        }

        return copy;
    }

    private static DatasetException NotAsLeft(string path) => new($"'{path}' is not as site-import left it. Run 'site-import run' again.");
}
