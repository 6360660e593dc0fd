using DuckDB.NET.Data;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// The engine, given one file by name and nothing else: no other path, no network, no extension, a memory limit, one thread (so that rows
/// keep their order), and its configuration is locked before the file is opened.
/// </summary>
internal static class HardenedDuckDb
{
    private const string MemoryLimit = "1GB";

    /// <summary>Opens it for a file.</summary>
    public static DuckDBConnection Open(string path)
    {
        var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"""
            SET autoinstall_known_extensions=false;
            SET autoload_known_extensions=false;
            SET memory_limit='{MemoryLimit}';
            SET threads=1;
            SET temp_directory='';
            SET TimeZone='UTC';
            SET allowed_paths=[{Literal(path)}];
            SET enable_external_access=false;
            SET lock_configuration=true;
            """;
        command.ExecuteNonQuery();
        return connection;
    }

    /// <summary>A text in SQL.</summary>
    public static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>A name in SQL.</summary>
    public static string Identifier(string text) => $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
