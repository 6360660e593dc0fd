using System.Globalization;
using FederatedClinicalMl.ClinicalData;
using Npgsql;

namespace FederatedClinicalMl.SiteAgent.Import.Connectors;

/// <summary>An OMOP database on a PostgreSQL server, seen in one read-only snapshot: all tables are as of one moment.</summary>
internal sealed class OmopDatabase : IAsyncDisposable
{
    // Times as the worker reads them, whatever the server's settings; and no waiting behind a lock without end.
    private const string Begin = """
        BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;
        SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL timezone = 'UTC'; SET LOCAL extra_float_digits = 1;
        SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '30s'
        """;

    private readonly ImportConfiguration _configuration;
    private readonly NpgsqlConnection _connection;

    private OmopDatabase(ImportConfiguration configuration, NpgsqlConnection connection) => (_configuration, _connection) = (configuration, connection);

    /// <summary>Connects and begins the snapshot.</summary>
    /// <exception cref="ImportException">The database cannot be reached, or does not let the user in.</exception>
    public static async Task<OmopDatabase> OpenAsync(ImportConfiguration configuration, CancellationToken cancel)
    {
        if (configuration.TlsAuthority is { } authority && !File.Exists(authority))
            throw new ImportException(CommandLine.NotSetUp, $"The file with the trusted authorities '{authority}' (tls-ca) is not there.");
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder
        {
            Host = configuration.Host,
            Port = configuration.Port,
            Database = configuration.Database,
            Username = configuration.User,
            Password = configuration.Password(),
            SslMode = configuration.Tls switch { DatabaseTls.VerifyFull => SslMode.VerifyFull, DatabaseTls.VerifyCa => SslMode.VerifyCA, _ => SslMode.Disable },
            RootCertificate = configuration.TlsAuthority,
            ApplicationName = "site-import",
            Pooling = false,
            Timeout = 15, // seconds to connect
            CommandTimeout = 600, // seconds without an answer
            KeepAlive = 30,
        }.ConnectionString);
        var database = new OmopDatabase(configuration, connection);
        try
        {
            await database.SayAsync("Connecting", async () =>
            {
                await connection.OpenAsync(cancel);
                await using var begin = new NpgsqlCommand(Begin, connection);
                return await begin.ExecuteNonQueryAsync(cancel);
            });
            return database;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Finds the tables that are to be copied, and the version.</summary>
    /// <exception cref="ImportException">The version is not known, or a table or column without which nothing can be read is missing: all are named.</exception>
    public async Task<CopyPlan> PlanAsync(CancellationToken cancel)
    {
        var present = await ColumnsAsync(cancel);
        var version = _configuration.Version ?? await VersionAsync(present, cancel);
        var (faults, missing, tables) = (new List<string>(), new List<string>(), new List<TableCopy>());
        foreach (var layout in OmopTableLayout.Of(version).Where(IsWanted))
        {
            if (!present.TryGetValue(layout.Name, out var table))
                (layout.IsNeeded ? faults : missing).Add(layout.Name);
            else
                faults.AddRange(layout.Columns.Where(column => !table.Columns.ContainsKey(column)).Select(column => $"{layout.Name}.{column}"));
            if (faults.Count == 0 && table is not null)
                tables.Add(new TableCopy(layout.Name, Select(layout, table)));
        }

        return faults.Count == 0 ? new CopyPlan(version, [.. tables], [.. missing]) : throw new ImportException(
            CommandLine.Refused,
            $"The schema '{_configuration.Schema}' is no OMOP CDM {CopyPlan.Text(version)}, or the user '{_configuration.User}' may not read all of it. Missing: {string.Join(", ", faults)}. If its version is another, declare cdm-version.");
    }

    /// <summary>Copies a table as CSV with a header.</summary>
    /// <returns>Its rows.</returns>
    /// <exception cref="ImportException">The database refused, or the way to it broke.</exception>
    public async Task<long> CopyAsync(TableCopy table, TextWriter to, CancellationToken cancel)
    {
        var what = $"The table {table.Name}";
        using var from = await SayAsync(what, () => _connection.BeginTextExportAsync($"COPY ({table.Select}) TO STDOUT (FORMAT csv, HEADER)", cancel));
        var buffer = new char[1 << 16];
        long lines = 0;
        var isQuoted = false;
        while (await SayAsync(what, async () => await from.ReadAsync(buffer, cancel)) is > 0 and var read)
        {
            foreach (var character in buffer.AsSpan(0, read))
            {
                isQuoted ^= character == '"'; // a line may end within quotes; a doubled quote changes nothing
                if (character == '\n' && !isQuoted)
                    lines++;
            }

            await to.WriteAsync(buffer.AsMemory(0, read), cancel);
        }

        return lines - 1;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private bool IsWanted(OmopTableLayout table) => table.IsNeeded || table.Name == "cdm_source" || _configuration.Tables is not { } tables || tables.Contains(table.Name);

    private string Select(OmopTableLayout layout, PresentTable table)
    {
        var columns = layout.Columns.Concat(layout.OptionalColumns.Where(table.Columns.ContainsKey)).Select(column => $"{Quote(table.Columns[column])} AS {Quote(column)}");
        var select = $"SELECT {string.Join(", ", columns)} FROM {Quote(_configuration.Schema)}.{Quote(table.Name)}";
        if (layout.Dated is not { } dated || _configuration.Since is not { } since)
            return select;
        var column = Quote(table.Columns[dated]);
        return string.Create(CultureInfo.InvariantCulture, $"{select} WHERE {column} >= DATE '{since:yyyy-MM-dd}' OR {column} IS NULL");
    }

    // What the user may read, by names in lower case: the model's names are, whatever a site's database has.
    private Task<Dictionary<string, PresentTable>> ColumnsAsync(CancellationToken cancel) => SayAsync("Looking for the tables", async () =>
    {
        await using var command = new NpgsqlCommand(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = $1 AND has_column_privilege(format('%I.%I', table_schema, table_name), column_name, 'SELECT')", _connection);
        command.Parameters.Add(new NpgsqlParameter { Value = _configuration.Schema });
        var tables = new Dictionary<string, PresentTable>(StringComparer.Ordinal);
        await using var reader = await command.ExecuteReaderAsync(cancel);
        while (await reader.ReadAsync(cancel))
        {
            var (table, column) = (reader.GetString(0), reader.GetString(1));
            if (!tables.TryGetValue(table.ToLowerInvariant(), out var present))
                tables.Add(table.ToLowerInvariant(), present = new PresentTable(table, new Dictionary<string, string>(StringComparer.Ordinal)));
            if (present.Name != table || !present.Columns.TryAdd(column.ToLowerInvariant(), column))
                throw new ImportException(CommandLine.Refused, $"The schema '{_configuration.Schema}' has the table {present.Name} or a column of it twice, in capitals and without: which one is meant cannot be known.");
        }

        return tables;
    });

    private async Task<OmopVersion> VersionAsync(Dictionary<string, PresentTable> present, CancellationToken cancel)
    {
        const string Declare = "Declare it with cdm-version: \"5.3\" or \"5.4\".";
        if (!present.TryGetValue("cdm_source", out var table) || !table.Columns.TryGetValue("cdm_version", out var column))
            throw new ImportException(CommandLine.Refused, $"The schema '{_configuration.Schema}' has no table cdm_source that the user '{_configuration.User}' may read and that says the version of the model. {Declare}");
        var versions = await SayAsync("The table cdm_source", async () =>
        {
            var found = new HashSet<OmopVersion?>();
            await using var command = new NpgsqlCommand($"SELECT {Quote(column)}::text FROM {Quote(_configuration.Schema)}.{Quote(table.Name)}", _connection);
            await using var reader = await command.ExecuteReaderAsync(cancel);
            while (await reader.ReadAsync(cancel))
                found.Add(await reader.IsDBNullAsync(0, cancel) ? null : OmopSource.VersionOf(reader.GetString(0).Trim()));
            return found;
        });
        return versions.Count == 1 && versions.Single() is { } version ? version : throw new ImportException(CommandLine.Refused, $"cdm_source does not say in cdm_version whether this is 5.3 or 5.4. {Declare}");
    }

    private Task<T> SayAsync<T>(string what, Func<Task<T>> work) => DatabaseFaults.SayAsync(_configuration, what, work);

    private sealed record PresentTable(string Name, Dictionary<string, string> Columns);
}
