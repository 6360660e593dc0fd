using System.Collections.Immutable;
using System.IO.Compression;
using DuckDB.NET.Data;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.ClinicalData.Connectors.Omop;

public sealed class OmopFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public OmopFolderTests()
    {
        foreach (var file in Directory.EnumerateFiles(OmopExports.Path("cdm54")))
            File.Copy(file, _folder.Of(Path.GetFileName(file)));
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("v5.3.1", OmopVersion.V53)]
    [InlineData("5.3", OmopVersion.V53)]
    [InlineData("CDM v5.4.0", OmopVersion.V54)]
    [InlineData("V5.4", OmopVersion.V54)]
    public void Version_is_what_cdm_source_says(string says, OmopVersion version)
    {
        Change("cdm_source", ",5.4,", $",{says},");

        Assert.Equal(version, Open().Version);
    }

    [Theory]
    [InlineData("6.0")]
    [InlineData("5.2.2")]
    [InlineData("5.30")]
    [InlineData("")]
    public void Version_that_is_not_known_is_refused_unless_it_is_declared(string says)
    {
        Change("cdm_source", ",5.4,", $",{says},");

        Assert.Contains("Declare its version, 5.3 or 5.4, in the import's configuration.", Refusal(), StringComparison.Ordinal);
        Assert.Equal(OmopVersion.V54, Open(OmopVersion.V54).Version);
    }

    [Fact]
    public void Version_that_is_said_nowhere_is_refused_and_not_guessed_from_the_columns()
    {
        File.Delete(_folder.Of("cdm_source.csv"));

        Assert.Contains("There is no table cdm_source", Refusal(), StringComparison.Ordinal);
        Assert.Equal("OMOP CDM 5.3 folder", Open(OmopVersion.V53).Description);
    }

    [Fact]
    public void Every_missing_or_doubled_column_is_named_at_once()
    {
        Change("condition_occurrence", ",condition_concept_id,", ",condition,");
        Change("person", "gender_source_value", "Person_ID");
        Change("procedure_occurrence", "procedure_end_date,procedure_end_datetime", "a,b");

        var refusal = Refusal();

        Assert.Contains("condition_occurrence.csv has no column condition_concept_id.", refusal, StringComparison.Ordinal);
        Assert.Contains("person.csv has the column person_id 2 times", refusal, StringComparison.Ordinal);
        Assert.Contains("procedure_occurrence.csv has no column procedure_end_date.", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Headers_of_capitals_and_of_sqlites_dates_are_understood_and_the_latter_reported()
    {
        Change("person", "person_id", "PERSON_ID");
        Change("visit_occurrence", "visit_start_date,", "\"date(visit_start_date,'unixepoch')\",");

        var source = Open();

        Assert.Equal(["visit_occurrence.csv: the column date(visit_start_date,'unixepoch') is read as visit_start_date."], source.Remarks);
        Assert.Equal(OmopExports.Read(OmopExports.Path("cdm54")).Events, OmopExports.Read(_folder.Path).Events);
    }

    [Theory]
    [InlineData("min(visit_start_date)")]
    [InlineData("\"date(visit_start_date,'localtime')\"")]
    [InlineData("date(visit_start_date)")]
    public void Other_expressions_are_no_columns(string header)
    {
        Change("visit_occurrence", "visit_start_date", header);

        Assert.Contains("has no column visit_start_date.", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void Times_of_day_may_be_absent_and_tables_too_which_is_reported()
    {
        Change("observation", ",observation_datetime,", ",x,");
        File.Delete(_folder.Of("measurement.csv"));

        Assert.Equal(["There is no table measurement."], Open().Remarks);
    }

    [Theory]
    [InlineData("person")]
    [InlineData("concept")]
    public void Table_without_which_nothing_can_be_read_must_be_there(string table)
    {
        File.Delete(_folder.Of($"{table}.csv"));

        Assert.Contains($"There is no table {table}: nothing can be read without it.", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void Table_in_two_files_is_refused()
    {
        File.Copy(_folder.Of("person.csv"), _folder.Of("Person.parquet"));

        Assert.Contains("the table person in several files: Person.parquet, person.csv.", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void Availability_of_a_table_that_has_none_is_refused() => Assert.Contains(
        "only for death, condition_occurrence, drug_exposure, procedure_occurrence, measurement, observation.",
        Assert.Throws<DatasetException>(() => OmopSource.OpenFolder(_folder.Path, OmopExports.Options(("person", AvailabilityRule.EncounterEnd)), OmopExports.Clock)).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Folder_that_is_not_there_is_missing() =>
        Assert.Throws<DatasetMissingException>(() => OmopSource.OpenFolder(_folder.Of("elsewhere"), OmopOptions.None, OmopExports.Clock));

    [Fact]
    public void Compressed_and_parquet_tables_say_the_same_as_plain_ones()
    {
        var plain = OmopExports.Read(_folder.Path);
        foreach (var file in Directory.GetFiles(_folder.Path))
        {
            if (Path.GetFileName(file) is "measurement.csv" or "procedure_occurrence.csv" or "death.csv")
                ToTypedParquet(file);
            else
                Pack(file);
            File.Delete(file);
        }

        var other = OmopExports.Read(_folder.Path);

        Assert.Equal(plain.Events, other.Events);
        Assert.Equal(plain.Concepts, other.Concepts);
        Assert.Equal(plain.Added.Select(added => added.Record.Key), other.Added.Select(added => added.Record.Key));
        Assert.Contains("person.csv.gz", other.Files);
    }

    [Fact]
    public void Lines_that_are_no_rows_are_refused_where_they_stand()
    {
        var path = _folder.Of("condition_occurrence.csv");
        var lines = File.ReadAllLines(path).ToList();
        lines.Insert(2, "1,2,3");
        File.WriteAllLines(path, lines);
        File.AppendAllText(path, "208,1,192671,2020-01-11,,,,,,,,,,Bl\xE4hung,,\n", System.Text.Encoding.Latin1);

        var sink = OmopExports.Read(_folder.Path);

        Assert.Equal(
            [(3L, RecordFault.NotARow), (8L, RecordFault.NotADate), (9L, RecordFault.PatientUnknown), (11L, RecordFault.NotUtf8)],
            sink.Refused.Where(fault => fault.File == "condition_occurrence.csv").Select(fault => (fault.Line, fault.Fault)));
    }

    [Fact]
    public void Archive_that_breaks_off_is_refused_at_the_line_and_the_rows_before_it_are_kept()
    {
        var header = File.ReadAllLines(_folder.Of("condition_occurrence.csv"))[0];
        File.WriteAllText(
            _folder.Of("condition_occurrence.csv"), header + "\n" + string.Concat(Enumerable.Range(0, 20_000).Select(i => $"{i},1,192671,2020-01-{1 + (i * 7919 % 28):D2},,,,,,,,,,{i * 7919 % 89},,\n")));
        Pack(_folder.Of("condition_occurrence.csv"));
        File.Delete(_folder.Of("condition_occurrence.csv"));
        var packed = File.ReadAllBytes(_folder.Of("condition_occurrence.csv.gz"));
        File.WriteAllBytes(_folder.Of("condition_occurrence.csv.gz"), packed[..(packed.Length / 2)]);

        var sink = OmopExports.Read(_folder.Path);

        var kept = sink.Added.Where(added => added.File == "condition_occurrence.csv.gz").Select(added => added.Record.Line).ToArray();
        Assert.InRange(kept.Length, 5_000, 15_000);
        Assert.Equal(Enumerable.Range(2, kept.Length).Select(line => (long)line), kept);
        Assert.Equal(
            [("condition_occurrence.csv.gz", kept[^1] + 1, RecordFault.ArchiveBroken)],
            sink.Refused.Where(fault => fault.File == "condition_occurrence.csv.gz").Select(fault => (fault.File, fault.Line, fault.Fault)));
        Assert.Contains("procedure_occurrence.csv", sink.Files); // and the import goes on
    }

    private OmopSource Open(OmopVersion? version = null) => OmopSource.OpenFolder(_folder.Path, new OmopOptions(version, ImmutableDictionary<string, AvailabilityRule>.Empty), OmopExports.Clock);

    private string Refusal() => Assert.Throws<DatasetException>(() => Open()).Message;

    private void Change(string table, string text, string other)
    {
        var path = _folder.Of($"{table}.csv");
        var lines = File.ReadAllText(path);
        Assert.Contains(text, lines, StringComparison.Ordinal);
        File.WriteAllText(path, lines.Replace(text, other, StringComparison.Ordinal));
    }

    private static void Pack(string path)
    {
        using var gzip = new GZipStream(File.Create(path + ".gz"), CompressionLevel.Fastest);
        gzip.Write(File.ReadAllBytes(path));
    }

    // With the types that the engine finds: whole numbers, dates, timestamps.
    private static void ToTypedParquet(string path)
    {
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"COPY (SELECT * FROM read_csv('{path}', header=true)) TO '{Path.ChangeExtension(path, ".parquet")}' (FORMAT parquet)";
        command.ExecuteNonQuery();
    }
}
