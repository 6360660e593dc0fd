using System.IO.Compression;
using System.Text;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.ClinicalData.Connectors.Csv;

public sealed class GzipTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string File => _folder.Of("rows.csv.gz");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Compressed_table_is_read_in_one_member_or_several()
    {
        var text = "id,age\n" + string.Concat(Enumerable.Range(0, 100_000).Select(i => $"p{i},{i}\n"));

        foreach (var packed in (byte[][])[Pack(text), [.. Pack(text[..70_000]), .. Pack(text[70_000..])]])
            Assert.Equal(Enumerable.Range(0, 100_000).Select(i => (double)i), Read(packed).Numbers("age"));
    }

    [Fact]
    public void Archive_that_breaks_off_anywhere_is_refused_though_every_decompressor_takes_it()
    {
        var packed = Pack("id,age\n" + string.Concat(Enumerable.Range(0, 300).Select(i => $"p{i * 7919 % 997},{i}\n")));

        for (var length = 60; length < packed.Length; length += 1 + (length * 31 % 97))
            Assert.Throws<DatasetException>(() => Read(packed[..length]));
        Assert.Throws<DatasetException>(() => Read(packed[..^1]));
    }

    [Fact]
    public void Archive_of_which_a_byte_was_changed_is_refused()
    {
        var packed = Pack("id,age\n" + string.Concat(Enumerable.Range(0, 300).Select(i => $"p{i * 7919 % 997},{i}\n")));
        packed[^6] ^= 1; // its checksum

        Assert.Contains("breaks off or is damaged", Assert.Throws<DatasetException>(() => Read(packed)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Archive_that_grows_beyond_every_table_is_refused()
    {
        using var bomb = new MemoryStream();
        using (var gzip = new GZipStream(bomb, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            gzip.Write("id,age\n"u8);
            var block = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(new string('a', 1023) + ",1\n", 1 << 10)));
            for (var i = 0; i < 100; i++)
                gzip.Write(block);
        }

        Assert.Contains("unpacks to more than is allowed", Assert.Throws<DatasetException>(() => Read(bomb.ToArray())).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public void Line_of_a_fault_counts_line_ends_in_fields_and_empty_lines(string end)
    {
        var lines = string.Join(end, "id,age", "a,1", $"\"b{end}b\",2", "", "c", $"\"d{end}{end}\",3", "e,4,5", "f,5", "");

        var table = Read(Pack(lines));

        Assert.Equal(["a", $"b{end}b", "d", "f"], table.Texts("id"));
        Assert.Equal([6, 10], table.Faults.Select(fault => fault.Row));
    }

    [Fact]
    public void Empty_line_of_a_table_of_one_column_is_a_row_without_value() =>
        Assert.Equal([1, double.NaN, 3], Read(Pack("age\n1\n\n3\n"), texts: []).Numbers("age"));

    private static byte[] Pack(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(Encoding.UTF8.GetBytes(text));
        return packed.ToArray();
    }

    private DataTable Read(byte[] packed, string[]? texts = null)
    {
        System.IO.File.WriteAllBytes(File, packed);
        return TableReader.Read(new DatasetSource(File, DatasetFormat.Csv, true, [], ',', [""]), ["age"], texts ?? ["id"]);
    }
}
