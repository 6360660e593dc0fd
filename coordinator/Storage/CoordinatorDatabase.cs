using Microsoft.Data.Sqlite;

namespace FederatedClinicalMl.Coordinator.Storage;

/// <summary>
/// The coordinator's SQLite file. WAL with synchronous=FULL: a commit that has returned survives the loss of power. One connection for
/// the whole process, used by one caller at a time: a commit takes well under a millisecond, and one writer needs no retries.
/// <para>Each feature owns its tables, and their schema's version: see <see cref="Migrate"/>.</para>
/// </summary>
public sealed class CoordinatorDatabase : IDisposable
{
    /// <summary>The file's name in the data folder.</summary>
    public const string FileName = "coordinator.db";

    private readonly Lock _gate = new(); // guards the connection: SQLite's own is not for several threads at once
    private readonly SqliteConnection _connection;

    private CoordinatorDatabase(SqliteConnection connection) => _connection = connection;

    /// <summary>Opens the database, and makes it if it is missing.</summary>
    /// <param name="path">Full path of the file; its folder must exist.</param>
    /// <exception cref="SqliteException">The file is no database, or not this account's.</exception>
    public static CoordinatorDatabase Open(string path)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ConnectionString);
        try
        {
            connection.Open();
            Execute(connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;");
            Execute(connection, "CREATE TABLE IF NOT EXISTS schema_versions (feature TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT;");
            return new CoordinatorDatabase(connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Brings a feature's tables to the newest schema, in one transaction.</summary>
    /// <param name="feature">The feature, e.g. <c>run-journal</c>.</param>
    /// <param name="steps">SQL from each version to the next, the first from nothing; only ever added to.</param>
    /// <exception cref="InvalidOperationException">The file was written by a newer version of this software.</exception>
    public void Migrate(string feature, params ReadOnlySpan<string> steps)
    {
        var all = steps.ToArray();
        Write((connection, transaction) =>
        {
            using var read = connection.CreateCommand();
            read.Transaction = transaction;
            read.CommandText = "SELECT version FROM schema_versions WHERE feature = $feature;";
            read.Parameters.AddWithValue("$feature", feature);
            var version = (int)(long)(read.ExecuteScalar() ?? 0L);
            if (version > all.Length)
                throw new InvalidOperationException(
                    $"'{connection.DataSource}' holds version {version} of '{feature}'; this software knows versions up to {all.Length}. Install the newer software again.");
            for (; version < all.Length; version++)
                Execute(connection, all[version], transaction);
            using var write = connection.CreateCommand();
            write.Transaction = transaction;
            write.CommandText = "INSERT INTO schema_versions (feature, version) VALUES ($feature, $version) ON CONFLICT (feature) DO UPDATE SET version = $version;";
            write.Parameters.AddWithValue("$feature", feature);
            write.Parameters.AddWithValue("$version", all.Length);
            return write.ExecuteNonQuery();
        });
    }

    /// <summary>Reads.</summary>
    public T Read<T>(Func<SqliteConnection, T> query)
    {
        ArgumentNullException.ThrowIfNull(query);
        lock (_gate)
            return query(_connection);
    }

    /// <summary>Writes, all or nothing, and returns once it is durable.</summary>
    /// <exception cref="IOException">The disk refused; nothing was written.</exception>
    public T Write<T>(Func<SqliteConnection, SqliteTransaction, T> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        lock (_gate)
        {
            try
            {
                using var transaction = _connection.BeginTransaction(deferred: false);
                var result = change(_connection, transaction);
                transaction.Commit();
                return result;
            }
            catch (SqliteException error) when (error.SqliteErrorCode is FullDisk or IoError)
            {
                throw new IOException($"'{_connection.DataSource}' cannot be written: {error.Message}. Free disk space, or check the disk.", error);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
            _connection.Dispose();
    }

    private const int IoError = 10; // SQLITE_IOERR
    private const int FullDisk = 13; // SQLITE_FULL

    private static void Execute(SqliteConnection connection, string sql, SqliteTransaction? transaction = null)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
#pragma warning disable CA2100 // the text is this program's own: pragmas and schema steps
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
