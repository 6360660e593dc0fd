using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Studies;
using Microsoft.Data.Sqlite;

namespace FederatedClinicalMl.Coordinator.Storage;

/// <summary>The runs' journal in the coordinator's database.</summary>
public sealed class SqliteRunJournal : IRunJournal, IDisposable
{
    private readonly CoordinatorDatabase _database;
    private readonly SqliteCommand _last;
    private readonly SqliteCommand _insertEvent;
    private readonly SqliteCommand _upsertRun;
    private readonly SqliteCommand _read;

    /// <summary>The journal in <paramref name="database"/>, whose tables are made or brought up to date.</summary>
    public SqliteRunJournal(CoordinatorDatabase database)
    {
        ArgumentNullException.ThrowIfNull(database);
        _database = database;
        database.Migrate("run-journal", """
            CREATE TABLE runs (
                number INTEGER PRIMARY KEY,
                run TEXT NOT NULL UNIQUE,
                sequence INTEGER NOT NULL,
                is_open INTEGER NOT NULL
            ) STRICT;
            CREATE TABLE run_events (
                run TEXT NOT NULL REFERENCES runs (run),
                sequence INTEGER NOT NULL,
                json BLOB NOT NULL,
                PRIMARY KEY (run, sequence)
            ) STRICT, WITHOUT ROWID;
            """);
        // Prepared once: they run several times in every round.
        _last = Prepare("SELECT sequence FROM runs WHERE run = $run;", "$run");
        _upsertRun = Prepare(
            "INSERT INTO runs (run, sequence, is_open) VALUES ($run, $sequence, $open) ON CONFLICT (run) DO UPDATE SET sequence = $sequence, is_open = $open;",
            "$run", "$sequence", "$open");
        _insertEvent = Prepare("INSERT INTO run_events (run, sequence, json) VALUES ($run, $sequence, $json);", "$run", "$sequence", "$json");
        _read = Prepare("SELECT sequence, json FROM run_events WHERE run = $run AND sequence > $after ORDER BY sequence;", "$run", "$after");
    }

    /// <inheritdoc/>
    public void Append(RunId run, long after, IReadOnlyList<RunEvent> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        ArgumentOutOfRangeException.ThrowIfZero(events.Count);
        _database.Write((_, transaction) =>
        {
            var found = Bind(_last, transaction, run.Value).ExecuteScalar() as long? ?? 0;
            if (found != after)
                throw new JournalConflictException(run, after, found);
            Bind(_upsertRun, transaction, run.Value, after + events.Count, events[^1].Ends ? 0 : 1).ExecuteNonQuery();
            for (var i = 0; i < events.Count; i++)
                Bind(_insertEvent, transaction, run.Value, after + i + 1, RunEventCodec.Write(events[i])).ExecuteNonQuery();
            return events.Count;
        });
    }

    /// <inheritdoc/>
    public IReadOnlyList<JournaledEvent> Read(RunId run, long after = 0) => _database.Read(_ =>
    {
        var events = new List<JournaledEvent>();
        using var reader = Bind(_read, null, run.Value, after).ExecuteReader();
        while (reader.Read())
            events.Add(new JournaledEvent(reader.GetInt64(0), RunEventCodec.ReadEvent(reader.GetFieldValue<byte[]>(1))));
        return events;
    });

    /// <inheritdoc/>
    public IReadOnlyList<RunId> List(bool openOnly) => _database.Read(connection =>
    {
        using var command = connection.CreateCommand();
        command.CommandText = openOnly ? "SELECT run FROM runs WHERE is_open = 1 ORDER BY number;" : "SELECT run FROM runs ORDER BY number;";
        using var reader = command.ExecuteReader();
        var runs = new List<RunId>();
        while (reader.Read())
            runs.Add(RunId.Parse(reader.GetString(0)));
        return runs;
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        _last.Dispose();
        _insertEvent.Dispose();
        _upsertRun.Dispose();
        _read.Dispose();
    }

    private SqliteCommand Prepare(string sql, params ReadOnlySpan<string> parameters)
    {
        var names = parameters.ToArray();
        return _database.Read(connection =>
        {
            var command = connection.CreateCommand();
#pragma warning disable CA2100 // the texts are the constants above
            command.CommandText = sql;
#pragma warning restore CA2100
            foreach (var name in names)
                command.Parameters.Add(new SqliteParameter { ParameterName = name });
            return command;
        });
    }

    private static SqliteCommand Bind(SqliteCommand command, SqliteTransaction? transaction, params ReadOnlySpan<object> values)
    {
        command.Transaction = transaction;
        for (var i = 0; i < values.Length; i++)
            command.Parameters[i].Value = values[i];
        return command;
    }
}
