using FederatedClinicalMl.Coordinator.Monitoring;

namespace FederatedClinicalMl.Coordinator.Storage;

/// <summary>What monitoring keeps in <c>coordinator.db</c>: its events, and what is to be delivered. Every method is one transaction, durable when it returns.</summary>
public sealed class MonitoringStore
{
    private readonly CoordinatorDatabase _database;

    /// <summary>The store in <paramref name="database"/>, whose tables are made or brought up to date.</summary>
    public MonitoringStore(CoordinatorDatabase database)
    {
        ArgumentNullException.ThrowIfNull(database);
        _database = database;
        database.Migrate("monitoring", """
            CREATE TABLE monitoring_events (sequence INTEGER PRIMARY KEY, json BLOB NOT NULL) STRICT;
            CREATE TABLE monitoring_outbox (
                id INTEGER PRIMARY KEY, channel TEXT NOT NULL, payload TEXT NOT NULL, made INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, due INTEGER NOT NULL, fault TEXT
            ) STRICT;
            """);
    }

    /// <summary>All events, in order.</summary>
    /// <exception cref="FormatException">One is of another version of this software.</exception>
    public IReadOnlyList<MonitoringEvent> Events() => _database.Read(connection => connection.Query(
        "SELECT json FROM monitoring_events ORDER BY sequence", row => MonitoringEventCodec.Read(row.GetFieldValue<byte[]>(0))));

    /// <summary>Keeps what happened, and what is to be told of it: both or neither.</summary>
    /// <exception cref="IOException">The disk refused; nothing was kept.</exception>
    public void Append(IReadOnlyList<MonitoringEvent> events, IReadOnlyList<(string Channel, string Payload)> messages, DateTimeOffset now) => _database.Write((connection, _) =>
    {
        foreach (var happened in events)
            connection.Run("INSERT INTO monitoring_events (json) VALUES ($1)", MonitoringEventCodec.Write(happened));
        foreach (var (channel, payload) in messages)
            connection.Run("INSERT INTO monitoring_outbox (channel, payload, made, due) VALUES ($1, $2, $3, $3)", channel, payload, now.ToUnixTimeMilliseconds());
        return events.Count;
    });

    /// <summary>Removes the oldest events.</summary>
    /// <exception cref="IOException">The disk refused; nothing was removed.</exception>
    public void RemoveOldest(int count) => _database.Write((connection, _) =>
        connection.Run("DELETE FROM monitoring_events WHERE sequence IN (SELECT sequence FROM monitoring_events ORDER BY sequence LIMIT $1)", count));

    /// <summary>Messages that wait, the oldest first.</summary>
    public IReadOnlyList<Delivery> Waiting() => _database.Read(connection => connection.Query(
        "SELECT id, channel, payload, made, attempts, due, fault FROM monitoring_outbox ORDER BY id",
        row => new Delivery(
            row.GetInt64(0), row.GetString(1), row.GetString(2), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(3)), row.GetInt32(4), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(5)),
            row.IsDBNull(6) ? null : row.GetString(6))));

    /// <summary>A message was delivered, or is given up.</summary>
    public void Remove(Delivery delivery) => _database.Write((connection, _) => connection.Run("DELETE FROM monitoring_outbox WHERE id = $1", delivery.Id));

    /// <summary>A message was not delivered, and is tried again.</summary>
    public void Postpone(Delivery delivery, DateTimeOffset due, string fault) => _database.Write((connection, _) => connection.Run(
        "UPDATE monitoring_outbox SET attempts = attempts + 1, due = $2, fault = $3 WHERE id = $1", delivery.Id, due.ToUnixTimeMilliseconds(), fault));
}
