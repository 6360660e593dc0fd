using FederatedClinicalMl.Durability;
using Parquet;
using Parquet.Schema;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// A segment of the store: one Parquet file of events, ordered by patient and time, in row groups of at most <see cref="GroupRows"/>.
/// A moment that is not known is the least 64-bit integer; times are microseconds since 1970, UTC.
/// </summary>
internal static class SegmentFile
{
    public const int GroupRows = 1 << 17;

    // Made for each file, as in StoreTables.
    private static DataField[] Fields =>
    [
        new DataField<int>("patient"), new DataField<long>("encounter"), new DataField<int>("kind"), new DataField<long>("time_us"), new DataField<long>("end_us"),
        new DataField<long>("available_us"), new DataField<int>("flags"), new DataField<int>("concept"), new DataField<double>("number"), new DataField<int>("value"),
        new DataField<int>("unit"), new DataField<int>("file"), new DataField<long>("line"),
    ];

    private static readonly ParquetOptions s_options = new() { CompressionMethod = CompressionMethod.Snappy };

    public static void Write(Stream stream, EventColumns columns)
    {
        Wait(WriteAsync());

        async Task WriteAsync()
        {
            var fields = Fields;
            await using var writer = await ParquetWriter.CreateAsync(new ParquetSchema(fields), stream, s_options);
            for (var start = 0; start < columns.Rows || start == 0; start += GroupRows)
            {
                var rows = Math.Min(GroupRows, columns.Rows - start);
                using var group = writer.CreateRowGroup();
                await group.WriteAsync<int>(fields[0], columns.Patient.AsMemory(start, rows));
                await group.WriteAsync<long>(fields[1], columns.Encounter.AsMemory(start, rows));
                await group.WriteAsync<int>(fields[2], columns.Kind.AsMemory(start, rows));
                await group.WriteAsync<long>(fields[3], columns.Time.AsMemory(start, rows));
                await group.WriteAsync<long>(fields[4], columns.End.AsMemory(start, rows));
                await group.WriteAsync<long>(fields[5], columns.Available.AsMemory(start, rows));
                await group.WriteAsync<int>(fields[6], columns.Flags.AsMemory(start, rows));
                await group.WriteAsync<int>(fields[7], columns.Concept.AsMemory(start, rows));
                await group.WriteAsync<double>(fields[8], columns.Number.AsMemory(start, rows));
                await group.WriteAsync<int>(fields[9], columns.Value.AsMemory(start, rows));
                await group.WriteAsync<int>(fields[10], columns.Unit.AsMemory(start, rows));
                await group.WriteAsync<int>(fields[11], columns.File.AsMemory(start, rows));
                await group.WriteAsync<long>(fields[12], columns.Line.AsMemory(start, rows));
            }
        }
    }

    /// <summary>Opens a segment for reading group by group.</summary>
    public static Reader Open(IDisk disk, string path) => new(new DiskStream(disk.Open(path, DiskMode.Read)));

    // The streams below are synchronous: nothing is ever waited for, and durable code has one thread (docs/decisions/0002).
    internal static void Wait(Task task) => task.GetAwaiter().GetResult();

    internal static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();

    internal sealed class Reader : IDisposable
    {
        private readonly DiskStream _stream;
        private readonly ParquetReader _parquet;
        private readonly DataField[] _fields;
        private int _group;

        public Reader(DiskStream stream)
        {
            _stream = stream;
            _parquet = Wait(ParquetReader.CreateAsync(stream));
            _fields = _parquet.Schema.GetDataFields();
            if (!_fields.Select(field => field.Name).SequenceEqual(Fields.Select(field => field.Name)))
                throw new DatasetException("A segment of the event store has other columns than this software writes. Import the export anew into an empty store.");
        }

        /// <summary>Reads the next row group into <paramref name="columns"/>; false: there is none.</summary>
        public bool Next(EventColumns columns)
        {
            if (_group >= _parquet.RowGroupCount)
                return false;
            Wait(ReadAsync());
            return true;

            async Task ReadAsync()
            {
                using var group = _parquet.OpenRowGroupReader(_group++);
                var rows = checked((int)group.RowCount);
                if (columns.Patient.Length < rows)
                    columns.Reserve(rows);
                columns.Rows = rows;
                await group.ReadAsync<int>(_fields[0], columns.Patient.AsMemory(0, rows));
                await group.ReadAsync<long>(_fields[1], columns.Encounter.AsMemory(0, rows));
                await group.ReadAsync<int>(_fields[2], columns.Kind.AsMemory(0, rows));
                await group.ReadAsync<long>(_fields[3], columns.Time.AsMemory(0, rows));
                await group.ReadAsync<long>(_fields[4], columns.End.AsMemory(0, rows));
                await group.ReadAsync<long>(_fields[5], columns.Available.AsMemory(0, rows));
                await group.ReadAsync<int>(_fields[6], columns.Flags.AsMemory(0, rows));
                await group.ReadAsync<int>(_fields[7], columns.Concept.AsMemory(0, rows));
                await group.ReadAsync<double>(_fields[8], columns.Number.AsMemory(0, rows));
                await group.ReadAsync<int>(_fields[9], columns.Value.AsMemory(0, rows));
                await group.ReadAsync<int>(_fields[10], columns.Unit.AsMemory(0, rows));
                await group.ReadAsync<int>(_fields[11], columns.File.AsMemory(0, rows));
                await group.ReadAsync<long>(_fields[12], columns.Line.AsMemory(0, rows));
            }
        }

        public void Dispose()
        {
            Wait(_parquet.DisposeAsync().AsTask());
            _stream.Dispose();
        }
    }
}
