using DuckDB.NET.Data;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.ClinicalData.Connectors.Csv;

public sealed class ParquetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string File => _folder.Of("rows.parquet");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("DOUBLE")]
    [InlineData("FLOAT")]
    [InlineData("DECIMAL(9, 2)")]
    [InlineData("VARCHAR")]
    public void Column_of_any_type_of_numbers_is_read(string type)
    {
        var table = Read($"SELECT 'a' AS id, CAST('1.5' AS {type}) AS age UNION ALL SELECT 'b', NULL UNION ALL SELECT 'c', CAST('-2' AS {type})");

        Assert.Equal([1.5, double.NaN, -2], table.Numbers("age"));
        Assert.Equal(["a", "b", "c"], table.Texts("id"));
        Assert.Equal(0, table.FaultyRows);
    }

    [Fact]
    public void Whole_numbers_serve_as_pseudonyms()
    {
        var table = Read("SELECT CAST(17 AS BIGINT) AS id, CAST(1 AS INTEGER) AS age UNION ALL SELECT NULL, 2");

        Assert.Equal(["17", ""], table.Texts("id"));
    }

    [Theory]
    [InlineData("CAST('NaN' AS DOUBLE)")]
    [InlineData("CAST('inf' AS DOUBLE)")]
    [InlineData("'forty'")]
    [InlineData("true")]
    [InlineData("DATE '2026-01-01'")]
    public void What_is_no_finite_number_is_a_fault_of_its_row(string value)
    {
        var table = Read($"SELECT 'a' AS id, {value} AS age");

        Assert.Equal([double.NaN], table.Numbers("age"));
        Assert.Equal((1, "age"), (Assert.Single(table.Faults).Row, table.Faults[0].Column));
    }

    [Fact]
    public void Words_for_missing_hold_for_parquet_too() =>
        Assert.Equal(0, Read("SELECT 'a' AS id, CAST('NaN' AS DOUBLE) AS age", missing: ["", "nan"]).FaultyRows);

    [Fact]
    public void Column_that_is_not_there_is_named_beside_those_that_are() =>
        Assert.Contains(
            $"'{File}' has no column 'age'. It has: Age, id.", Assert.Throws<DatasetMissingException>(() => Read("SELECT 'a' AS id, 1 AS \"Age\"")).Message, StringComparison.Ordinal);

    [Fact]
    public void Table_without_rows_is_read() => Assert.Equal(0, Read("SELECT 'a' AS id, 1 AS age WHERE false").Rows);

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    [InlineData(-1)]
    public void File_that_is_cut_off_or_no_parquet_is_refused_and_named(int length)
    {
        Write("SELECT 'secret' AS id, 1 AS age");
        var whole = System.IO.File.ReadAllBytes(File);
        System.IO.File.WriteAllBytes(File, length < 0 ? "id,age\nsecret,1\n"u8.ToArray() : whole[..length]);

        var refusal = Assert.Throws<DatasetException>(() => Read()).Message;

        Assert.Contains($"'{File}' cannot be read as parquet", refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refusal, StringComparison.Ordinal);
    }

    private DataTable Read(string select, string[]? missing = null)
    {
        Write(select);
        return Read(missing);
    }

    private DataTable Read(string[]? missing = null) => TableReader.Read(new DatasetSource(File, DatasetFormat.Parquet, true, [], ',', [.. missing ?? [""]]), ["age"], ["id"]);

    private void Write(string select)
    {
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"COPY ({select}) TO '{File}' (FORMAT parquet)";
        command.ExecuteNonQuery();
    }
}
