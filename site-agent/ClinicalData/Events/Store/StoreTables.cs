using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using FederatedClinicalMl.Durability;
using Parquet;
using Parquet.Schema;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>The store's small files: dictionaries and amendments, as Parquet.</summary>
internal static class StoreTables
{
    // Made for each file: a schema writes its levels into its fields, and two threads that write with the same field write files that cannot be read.
    private static DataField<string> Text => new("text");

    private static DataField[] Amendment => [new DataField<int>("import"), new DataField<int>("file"), new DataField<long>("line"), new DataField<long>("until_us")];

    public static void WriteTexts(Stream stream, IReadOnlyCollection<string> texts) => SegmentFile.Wait(WriteAsync(stream, texts));

    public static string[] ReadTexts(IDisk disk, string path)
    {
        using var stream = new DiskStream(disk.Open(path, DiskMode.Read));
        return SegmentFile.Wait(ReadAsync(stream));
    }

    public static string ConceptText(ReadOnlySpan<Coding> codings)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartArray();
            foreach (var coding in codings)
            {
                json.WriteStringValue(coding.System);
                json.WriteStringValue(coding.Code);
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }

    public static ImmutableArray<Coding> Concept(string text)
    {
        var parts = JsonSerializer.Deserialize<string[]>(text)!;
        return [.. parts.Chunk(2).Select(pair => new Coding(pair[0], pair[1]))];
    }

    public static void WriteAmendments(Stream stream, IReadOnlyList<(RecordPlace Place, ClinicalTime Until)> amendments)
    {
        SegmentFile.Wait(WriteAsync());

        async Task WriteAsync()
        {
            var fields = Amendment;
            await using var writer = await ParquetWriter.CreateAsync(new ParquetSchema(fields), stream);
            using var group = writer.CreateRowGroup();
            await group.WriteAsync<int>(fields[0], amendments.Select(item => item.Place.Import).ToArray());
            await group.WriteAsync<int>(fields[1], amendments.Select(item => item.Place.File).ToArray());
            await group.WriteAsync<long>(fields[2], amendments.Select(item => item.Place.Line).ToArray());
            await group.WriteAsync<long>(fields[3], amendments.Select(item => item.Until.Microseconds).ToArray());
        }
    }

    public static IEnumerable<(RecordPlace Place, ClinicalTime Until)> ReadAmendments(IDisk disk, string path)
    {
        using var stream = new DiskStream(disk.Open(path, DiskMode.Read));
        var (import, file, line, until) = SegmentFile.Wait(ReadAsync());
        return Enumerable.Range(0, import.Length).Select(i => (new RecordPlace(import[i], file[i], line[i]), new ClinicalTime(until[i])));

        async Task<(int[] Import, int[] File, long[] Line, long[] Until)> ReadAsync()
        {
            await using var reader = await ParquetReader.CreateAsync(stream);
            using var group = reader.OpenRowGroupReader(0);
            var fields = reader.Schema.GetDataFields();
            var rows = checked((int)group.RowCount);
            var columns = (new int[rows], new int[rows], new long[rows], new long[rows]);
            await group.ReadAsync<int>(fields[0], columns.Item1);
            await group.ReadAsync<int>(fields[1], columns.Item2);
            await group.ReadAsync<long>(fields[2], columns.Item3);
            await group.ReadAsync<long>(fields[3], columns.Item4);
            return columns;
        }
    }

    private static async Task WriteAsync(Stream stream, IReadOnlyCollection<string> texts)
    {
        var text = Text;
        await using var writer = await ParquetWriter.CreateAsync(new ParquetSchema(text), stream);
        using var group = writer.CreateRowGroup();
        await group.WriteAsync(text, texts);
    }

    private static async Task<string[]> ReadAsync(DiskStream stream)
    {
        await using var reader = await ParquetReader.CreateAsync(stream);
        using var group = reader.OpenRowGroupReader(0);
        var texts = new string?[group.RowCount];
        await group.ReadAsync(reader.Schema.GetDataFields()[0], texts.AsMemory());
        return texts!;
    }
}
