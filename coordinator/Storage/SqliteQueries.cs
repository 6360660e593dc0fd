using Microsoft.Data.Sqlite;

namespace FederatedClinicalMl.Coordinator.Storage;

/// <summary>Commands with parameters <c>$1, $2, ...</c>; values never become part of the text.</summary>
internal static class SqliteQueries
{
    /// <summary>Executes a command and returns how many rows it changed.</summary>
    public static int Run(this SqliteConnection connection, string text, params object?[] values)
    {
        using var command = connection.Command(text, values);
        return command.ExecuteNonQuery();
    }

    /// <summary>Executes a query and reads each row.</summary>
    public static IReadOnlyList<T> Query<T>(this SqliteConnection connection, string text, Func<SqliteDataReader, T> read, params object?[] values)
    {
        using var command = connection.Command(text, values);
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
            rows.Add(read(reader));
        return rows;
    }

    private static SqliteCommand Command(this SqliteConnection connection, string text, object?[] values)
    {
        var command = connection.CreateCommand(); // takes part in the connection's open transaction
        command.CommandText = text;
        for (var i = 0; i < values.Length; i++)
            command.Parameters.AddWithValue($"${i + 1}", values[i] ?? DBNull.Value);
        return command;
    }
}
