using System.Text;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.ClinicalData.Connectors.Csv;

public sealed class CsvTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string File => _folder.Of("rows.csv");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("id,age,x\na,1,2\nb,2,3\n")]
    [InlineData("id,age,x\na,1,2\nb,2,3")] // no last line end
    [InlineData("id,age,x\r\na,1,2\r\nb,2,3\r\n")]
    [InlineData("id,age,x\ra,1,2\rb,2,3\r")]
    [InlineData("\uFEFFid,age,x\na,1,2\nb,2,3\n")]
    [InlineData("\uFEFF\"id\",\"age\",\"x\"\na,1,2\nb,2,3\n")]
    [InlineData("id, age ,x\na, 1 ,2\nb,\t2,3\n")]
    [InlineData("x,age,id\n2,1,a\n3,2,b\n")]
    [InlineData("id,age,x\n\na,1,2\n\nb,2,3\n\n")]
    [InlineData("\"id\",\"age\",\"x\"\n\"a\",\"1\",\"2\"\n\"b\",\"2\",\"3\"\n")]
    public void Table_with_a_header_is_read(string text) => AreTheTwo(Read(text));

    [Theory]
    [InlineData("a,1,2\nb,2,3\n")]
    [InlineData("a,1,2\r\nb,2,3\r\n")]
    [InlineData("\uFEFFa,1,2\nb,2,3\n")]
    public void Table_without_a_header_is_read_by_the_maps_columns(string text) => AreTheTwo(Read(text, columns: ["id", "age", "x"]));

    [Theory]
    [InlineData(';')]
    [InlineData('\t')]
    [InlineData('|')]
    [InlineData('\'')]
    public void Table_with_another_delimiter_is_read(char delimiter) => AreTheTwo(Read("id,age,x\na,1,2\nb,2,3\n".Replace(',', delimiter), delimiter: delimiter));

    [Fact]
    public void Quoted_fields_hold_delimiters_quotation_marks_and_line_ends()
    {
        var table = Read("id,\"a\"\"ge,\"\n\"a,b\",1\n\"c\"\"d\",2\n\"e\nf\",3\n", numbers: ["a\"ge,"]);

        Assert.Equal(["a,b", "c\"d", "e\nf"], table.Texts("id"));
        Assert.Equal([1, 2, 3], table.Numbers("a\"ge,"));
        Assert.Equal(0, table.FaultyRows);
    }

    [Theory]
    [InlineData("1.5", 1.5)]
    [InlineData("-2e3", -2000)]
    [InlineData(" +7 ", 7)]
    [InlineData(".5", 0.5)]
    [InlineData("1e-400", 0)]
    [InlineData("", double.NaN)]
    [InlineData("?", double.NaN)]
    [InlineData(" ? ", double.NaN)]
    public void Number_or_word_for_missing_is_read(string text, double value)
    {
        var table = Read($"id,age\na,\"{text}\"\n");

        Assert.Equal([value], table.Numbers("age"));
        Assert.Equal(0, table.FaultyRows);
    }

    [Theory]
    [InlineData("1,5")]
    [InlineData("1 234")]
    [InlineData("1_0")]
    [InlineData("0x1F")]
    [InlineData("NaN")]
    [InlineData("inf")]
    [InlineData("-Infinity")]
    [InlineData("1e400")]
    [InlineData("５")]
    [InlineData("5%")]
    [InlineData("7 mm")]
    [InlineData("--1")]
    [InlineData("secret")]
    public void What_is_no_finite_number_is_a_fault_of_its_row_and_counts_as_missing(string text)
    {
        var table = Read($"id;age\na;1\nb;{text}\nc;3\n", delimiter: ';');

        Assert.Equal([1, double.NaN, 3], table.Numbers("age"));
        Assert.Equal(["a", "b", "c"], table.Texts("id"));
        Assert.Equal(1, table.FaultyRows);
        var fault = Assert.Single(table.Faults);
        Assert.Equal((2, "age"), (fault.Row, fault.Column));
        Assert.Contains("not a finite number", fault.What, StringComparison.Ordinal);
        Assert.DoesNotContain(text, fault.What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("b,2", "missing columns")]
    [InlineData("b", "missing columns")]
    [InlineData("b,2,3,4", "too many columns")]
    [InlineData("\"b\"secret,2,3", "unquoted value")]
    public void Line_that_is_no_row_is_a_fault_wherever_it_stands_and_the_others_are_read(string line, string what)
    {
        foreach (var at in (int[])[0, 1, 3])
        {
            List<string> lines = ["a,1,2", "c,3,4", "d,5,6"];
            lines.Insert(at, line);

            var table = Read("id,age,x\n" + string.Join('\n', lines) + "\n");

            Assert.Equal(["a", "c", "d"], table.Texts("id"));
            Assert.Equal(1, table.FaultyRows);
            var fault = Assert.Single(table.Faults);
            Assert.Equal((at + 2, ""), (fault.Row, fault.Column)); // the header is line 1
            Assert.Contains(what, fault.What, StringComparison.Ordinal);
            Assert.DoesNotContain("secret", fault.What, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("id,age,x\na,1,2\nb,2")]
    [InlineData("id,age,x\na,1,2\nb,2,\"3")]
    [InlineData("id,age,x\na,1,2\n\"b,2")]
    public void Last_line_that_was_cut_off_is_a_fault(string text)
    {
        var table = Read(text);

        Assert.Equal(["a"], table.Texts("id"));
        Assert.Equal(3, Assert.Single(table.Faults).Row);
    }

    [Theory]
    [InlineData("id,age,x", "{0},2,3")]
    [InlineData("age,id,x", "2,{0},3")]
    [InlineData("age,x,id", "2,3,{0}")] // where the engine fails if it is asked for two columns only
    [InlineData("id,age,x", "b,2,{0}")] // in a column that nobody asked for
    public void Line_that_is_not_utf8_is_a_fault(string header, string line)
    {
        string Row(string id, int age) => header.Replace("id", id, StringComparison.Ordinal).Replace("age", $"{age}", StringComparison.Ordinal);
        Write(Encoding.Latin1.GetBytes(string.Join('\n', header, Row("a", 1), string.Format(null, line, "M\u00fcller"), Row("c", 3), "")));

        var table = Read();

        Assert.Equal(["a", "c"], table.Texts("id"));
        var fault = Assert.Single(table.Faults);
        Assert.Equal(3, fault.Row);
        Assert.DoesNotContain("ller", fault.What, StringComparison.Ordinal);
    }

    [Fact]
    public void Row_with_two_faulty_numbers_counts_once()
    {
        var table = Read("id,age,x\na,one,two\n", numbers: ["age", "x"]);

        Assert.Equal(1, table.FaultyRows);
        Assert.Equal(["age", "x"], table.Faults.Select(fault => fault.Column));
    }

    [Fact]
    public void Faults_are_all_counted_and_the_first_are_kept()
    {
        var table = Read("id,age\n" + string.Concat(Enumerable.Repeat("a,b\n", 150)) + string.Concat(Enumerable.Repeat("a\n", 150)));

        Assert.Equal((150, 300L, DataTable.FaultsKept), (table.Rows, table.FaultyRows, table.Faults.Length));
    }

    [Fact]
    public void Faulty_line_far_behind_what_an_engine_would_sample_is_a_fault()
    {
        var table = Read("id,age\n" + string.Concat(Enumerable.Range(0, 50_000).Select(i => $"p{i},{i % 90}\n")) + "late\nlast,90\n");

        Assert.Equal(50_001, table.Rows);
        Assert.Equal(50_002, Assert.Single(table.Faults).Row);
        Assert.Equal("last", table.Texts("id")[^1]);
    }

    [Fact]
    public void Rows_keep_the_order_of_the_file()
    {
        var table = Read("id,age\n" + string.Concat(Enumerable.Range(0, 300_000).Select(i => $"p{i},{i}\n")), texts: []);

        Assert.Equal(Enumerable.Range(0, 300_000).Select(i => (double)i), table.Numbers("age"));
    }

    [Theory]
    [InlineData("id,age,x\na,1,2\n\"secret,2,3\nc,3,4\nd,4,5\n", "Line 3 ")]
    [InlineData("id,age,x\r\na,1,2\r\nb,2,\"secret\r\nc,3,4\r\n", "Line 3 ")]
    public void Quotation_mark_without_its_other_half_that_swallows_lines_refuses_the_file_and_names_the_line(string text, string line)
    {
        var refusal = Assert.Throws<DatasetException>(() => Read(text)).Message;

        Assert.StartsWith(line, refusal, StringComparison.Ordinal);
        Assert.Contains(File, refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1_000_000, false)]
    [InlineData(3_000_000, true)]
    [InlineData(40_000_000, true)] // more than the engine's buffer
    public void Field_that_is_enormous_is_read_or_refuses_the_file_and_names_the_line(int length, bool refused)
    {
        var text = "id,age,x\na,1,2\n" + new string('b', length) + ",2,3\nc,3,4\n";
        if (refused)
            Assert.StartsWith("Line 3 ", Assert.Throws<DatasetException>(() => Read(text)).Message, StringComparison.Ordinal);
        else
            Assert.Equal([1, length, 1], Read(text).Texts("id").Select(id => id.Length));
    }

    [Fact]
    public void Two_quotation_marks_that_make_one_field_of_a_thousand_rows_refuse_the_file()
    {
        var rows = string.Concat(Enumerable.Range(0, 300_000).Select(i => $"p{i},1,2\n"));

        Assert.StartsWith("Line 2 ", Assert.Throws<DatasetException>(() => Read("id,age,x\n\"a,1,2\n" + rows + "z\",1,2\nc,3,4\n")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("\nid,age,x\na,1,2\n")]
    [InlineData("# a comment\nid,age,x\na,1,2\n")]
    [InlineData("id;age;x\na;1;2\n")]
    [InlineData("ID,AGE,x\na,1,2\n")]
    [InlineData("id,ages,x\na,1,2\n")]
    [InlineData("secret,hidden,1\na,1,2\n")] // no header at all: what is here is a patient's row
    public void Column_that_is_not_there_is_named_and_the_first_line_is_not_shown(string text)
    {
        var refusal = Assert.Throws<DatasetMissingException>(() => Read(text)).Message;

        Assert.Contains($"'{File}' has no column 'age'", refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Columns_of_a_table_without_header_are_shown_when_one_is_missing() =>
        Assert.Contains("It has: id, x, years.", Assert.Throws<DatasetMissingException>(() => Read("a,1,2\n", columns: ["id", "years", "x"])).Message, StringComparison.Ordinal);

    [Fact]
    public void Column_that_is_there_twice_is_refused_where_it_is_needed()
    {
        Assert.Contains("more than one column 'age'", Assert.Throws<DatasetException>(() => Read("id,age,age\na,1,2\n")).Message, StringComparison.Ordinal);
        Assert.Equal([1], Read("id,age,x,x\na,1,2,3\n").Numbers("age"));
        Assert.Equal([2], Read("id,Age,age\na,1,2\n").Numbers("age")); // capitals make another name
    }

    [Fact]
    public void Header_that_is_not_utf8_or_has_half_a_quotation_is_refused()
    {
        Write([.. "id,age,M"u8, 0xFC, .. "\na,1,2\n"u8]);
        Assert.Contains("not UTF-8", Assert.Throws<DatasetException>(() => Read()).Message, StringComparison.Ordinal);
        Assert.Throws<DatasetException>(() => Read("id,\"age,x"));
    }

    [Theory]
    [InlineData("id,age,x\r\na,1,2\nb,2,3\r\n")]
    [InlineData("id,age,x\na,1,2\r\nb,2,3\n")]
    public void Two_kinds_of_line_ends_are_refused(string text) => Assert.Contains("line ends", Assert.Throws<DatasetException>(() => Read(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("id,age,x\n")]
    [InlineData("id,age,x")]
    public void Table_without_rows_is_read(string text) => Assert.Equal((0, 0L), (Read(text).Rows, Read(text).FaultyRows));

    [Fact]
    public void File_that_is_not_there_is_missing() =>
        Assert.Contains(File, Assert.Throws<DatasetMissingException>(() => Read()).Message, StringComparison.Ordinal);

    private static void AreTheTwo(DataTable table)
    {
        Assert.Equal((2, 0L), (table.Rows, table.FaultyRows));
        Assert.Equal(["a", "b"], table.Texts("id"));
        Assert.Equal([1, 2], table.Numbers("age"));
    }

    private void Write(byte[] bytes) => System.IO.File.WriteAllBytes(File, bytes);

    private DataTable Read(string text, string[]? columns = null, char delimiter = ',', string[]? numbers = null, string[]? texts = null)
    {
        Write(Encoding.UTF8.GetBytes(text));
        return Read(columns, delimiter, numbers, texts);
    }

    private DataTable Read(string[]? columns = null, char delimiter = ',', string[]? numbers = null, string[]? texts = null) =>
        TableReader.Read(new DatasetSource(File, DatasetFormat.Csv, columns is null, [.. columns ?? []], delimiter, ["", "?"]), numbers ?? ["age"], texts ?? ["id"]);
}
