using System.Globalization;
using System.IO.Compression;
using System.Text;
using DuckDB.NET.Data;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.ClinicalData.Connectors.Csv;

public sealed class MappedTableSourceTests : IDisposable
{
    private const string Patients = """
        files:
          - path: patients.csv
            kind: patient
            patient: pid
            birth: {column: born, format: dd.MM.yyyy}
            sex: {column: sex, map: {M: male, W: female, D: other}}
            death: died
            availability: {lag: 1d}

        """;

    private const string Stays = """
          - path: stays.csv
            kind: encounter
            delimiter: ";"
            patient: pid
            encounter: stay
            time: {column: from, format: "dd.MM.yyyy HH:mm"}
            end: {column: to, format: "dd.MM.yyyy HH:mm"}
            availability: same
            class: {column: sort, map: {stationär: IMP, ambulant: AMB}}
            organisation: ward

        """;

    private static readonly ClinicalClock s_clock = new(TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin"));

    private readonly TemporaryFolder _folder = new();

    public MappedTableSourceTests()
    {
        Write("patients.csv", "pid,born,sex,died\na,12.04.1950,M,\nb,01.06.1960,W,2021-03-04T10:00:00Z\nc,,D,\n");
        Write("stays.csv", "pid;stay;from;to;sort;ward\na;s1;10.01.2020 09:00;15.01.2020 12:30;stationär;W7\nb;s2;01.03.2020 08:00;;ambulant;\n");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Patients_have_birth_sex_and_death()
    {
        var sink = Read(Patients);

        Assert.Equal(["a", "b", "c"], Enumerable.Range(0, sink.Patients).Select(sink.PatientName));
        var birth = sink.Added[0].Events[0];
        Assert.Equal((EventKind.Birth, Day("1950-04-12"), Day("1950-04-12"), EventFlags.DateOnly), (birth.Kind, birth.Time, birth.Available, birth.Flags));
        Assert.Equal(["male", "female", "other"], sink.Events.Where(e => e.Kind == EventKind.Sex).Select(e => sink.Concepts[e.Value][0].Code));
        var death = sink.Added[1].Events[2];
        Assert.Equal((EventKind.Death, At("2021-03-04 11:00"), At("2021-03-05 11:00"), EventFlags.None), (death.Kind, death.Time, death.Available, death.Flags));
        Assert.Equal(ClinicalTime.None, Assert.Single(sink.Added[2].Events).Available);
        Assert.Equal([("patients.csv", 4L, RecordNote.AvailabilityUnknown, "sex")], sink.Notes);
    }

    [Fact]
    public void Encounters_have_class_end_and_organisation_and_are_read_before_what_refers_to_them()
    {
        Write("conditions.csv", "pid,stay,t,icd\na,s1,2020-01-11,I21.9\nb,nowhere,2020-03-01,I10\n");

        var sink = Read(Patients + """
              - path: conditions.csv
                kind: condition
                patient: pid
                encounter: stay
                time: t
                availability: encounter-end
                code: {column: icd, system: http://hl7.org/fhir/sid/icd-10}

            """ + Stays);

        var stay = Assert.Single(sink.Added[3].Events);
        Assert.Equal((EventKind.Encounter, EventKeys.EncounterKey("s1"u8)), (stay.Kind, stay.Encounter));
        Assert.Equal((At("2020-01-10 09:00"), At("2020-01-15 12:30"), At("2020-01-10 09:00"), EventFlags.None), (stay.Time, stay.End, stay.Available, stay.Flags));
        Assert.Equal((new Coding(CodeSystems.ActCode, "IMP"), new Coding(CodeSystems.Organisation, "W7")), (sink.Concepts[stay.Concept][0], sink.Concepts[stay.Value][0]));
        Assert.Equal((ClinicalTime.None, -1), (sink.Added[4].Events[0].End, sink.Added[4].Events[0].Value));
        var (known, unknown) = (sink.Added[5].Events[0], sink.Added[6].Events[0]);
        Assert.Equal((EventKind.Condition, stay.Encounter, EventFlags.AvailableAtEncounterEnd | EventFlags.DateOnly, Day("2020-01-11")), (known.Kind, known.Encounter, known.Flags, known.Time));
        Assert.Equal(new Coding(CodeSystems.Icd10, "I21.9"), sink.Concepts[known.Concept][0]);
        Assert.Equal((0L, ClinicalTime.None, EventFlags.DateOnly), (unknown.Encounter, unknown.Available, unknown.Flags));
        Assert.Equal([(3L, RecordNote.EncounterUnknown, "stay"), (3L, RecordNote.AvailabilityUnknown, "")], sink.Notes.Where(note => note.File == "conditions.csv").Select(note => (note.Line, note.Note, note.Element)));
    }

    [Theory]
    [InlineData("condition", EventKind.Condition)]
    [InlineData("medication", EventKind.MedicationOrder)]
    [InlineData("administration", EventKind.MedicationAdministration)]
    [InlineData("procedure", EventKind.Procedure)]
    public void Events_of_a_code_have_a_beginning_and_an_end(string kind, EventKind expected)
    {
        Write("events.csv", "pid,key,t,e,known\na,1,2020-01-11T10:00,2020-01-12,2020-01-13 08:00:00+01\nb,2,2020-01-11,2020-01-10,\n");

        var sink = Read(Patients + $$"""
              - path: events.csv
                kind: {{kind}}
                patient: pid
                id: key
                time: t
                end: e
                available: known
                code: {system: "urn:site", code: X}
            """);

        var (first, second) = (sink.Added[3].Events[0], sink.Added[4].Events[0]);
        Assert.Equal((expected, At("2020-01-11 10:00"), Day("2020-01-12"), At("2020-01-13 08:00")), (first.Kind, first.Time, first.End, first.Available));
        Assert.Equal(new Coding("urn:site", "X"), sink.Concepts[first.Concept][0]);
        Assert.Equal((ClinicalTime.None, ClinicalTime.None), (second.End, second.Available));
        Assert.Equal([RecordNote.EndsBeforeItBegins, RecordNote.AvailabilityUnknown], sink.Notes.Where(note => note.File == "events.csv").Select(note => note.Note).Order().Reverse());
    }

    [Fact]
    public void Observations_have_numbers_units_and_coded_values()
    {
        Write("labs.csv", "pid,t,test,result,unit,word\na,2020-01-10T09:00:00.5,K,4.5,mmol/L,\na,2020-01-10,K,,mmol/L,high\na,2020-01-10,K,?,,\n");

        var sink = Read(Patients + """
              - path: labs.csv
                kind: observation
                missing: ["", "?"]
                patient: pid
                time: t
                availability: {lag: 90m}
                code: {column: test, system: "urn:site:lab"}
                value: result
                unit: {column: unit, ucum: true}
                value-code: {column: word, system: "urn:site:word"}
            """);

        var (number, word, nothing) = (sink.Added[3].Events[0], sink.Added[4].Events[0], sink.Added[5].Events[0]);
        Assert.Equal((At("2020-01-10 09:00:00.5"), At("2020-01-10 10:30:00.5"), 4.5, -1), (number.Time, number.Available, number.Number, number.Value));
        Assert.Equal(new Coding(CodeSystems.Ucum, "mmol/L"), sink.Concepts[number.Unit][0]);
        Assert.Equal((true, -1, new Coding("urn:site:word", "high")), (double.IsNaN(word.Number), word.Unit, sink.Concepts[word.Value][0]));
        Assert.Equal((true, -1, -1), (double.IsNaN(nothing.Number), nothing.Unit, nothing.Value));
        Assert.Equal(new Coding("urn:site:lab", "K"), sink.Concepts[nothing.Concept][0]);
    }

    [Fact]
    public void Wide_rows_are_as_many_observations_as_they_have_values()
    {
        Write("vitals.csv", "pid,t,hr,rr,acvpu\na,2020-01-10,80,,A\na,2020-01-11,,,\na,2020-01-12,x,12,A\n");

        var sink = Read(Patients + Vitals("vitals.csv"));

        Assert.Equal([80, double.NaN], sink.Added[3].Events.Select(e => e.Number));
        Assert.Equal(["8867-4", "67775-7"], sink.Added[3].Events.Select(e => sink.Concepts[e.Concept][0].Code));
        Assert.Equal(new Coding(CodeSystems.Ucum, "/min"), sink.Concepts[sink.Added[3].Events[0].Unit][0]);
        Assert.Equal(new Coding("urn:site:acvpu", "A"), sink.Concepts[sink.Added[3].Events[1].Value][0]);
        Assert.Equal([SkipReason.KindNotKept], sink.Skipped);
        Assert.Equal([("vitals.csv", 4L, RecordFault.NotANumber, "hr")], sink.Refused);
    }

    [Fact]
    public void Compressed_and_parquet_files_say_the_same_as_plain_ones()
    {
        Write("vitals.csv", "pid,t,hr,rr,acvpu\na,2020-01-10 08:00:00,80,14,A\nb,2020-01-11 09:30:00,,15.5,\n");
        using (var gzip = new GZipStream(File.Create(_folder.Of("vitals.csv.gz")), CompressionLevel.Fastest))
            gzip.Write(File.ReadAllBytes(_folder.Of("vitals.csv")));
        using (var connection = new DuckDBConnection("DataSource=:memory:"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = $"COPY (SELECT * FROM read_csv('{_folder.Of("vitals.csv")}')) TO '{_folder.Of("vitals.parquet")}' (FORMAT parquet)";
            command.ExecuteNonQuery();
        }

        var plain = Read(Patients + Vitals("vitals.csv"));

        Assert.Equal(3, plain.Events.Count(e => e.Kind == EventKind.Observation && !double.IsNaN(e.Number)));
        foreach (var other in (string[])["vitals.csv.gz", "vitals.parquet"])
            Assert.Equal(plain.Events, Read(Patients + Vitals(other)).Events);
    }

    [Theory]
    [InlineData("a,2020-01-10,1", null, "")]
    [InlineData("a,2020-01-10 07:30,1e2", null, "")]
    [InlineData("a,10.01.2020,1", RecordFault.NotADate, "t")]
    [InlineData("a,01/10/2020,1", RecordFault.NotADate, "t")]
    [InlineData("a,20200110,1", RecordFault.NotADate, "t")]
    [InlineData("a,2020-02-30,1", RecordFault.NotADate, "t")]
    [InlineData("a,2020-01-10T25:00,1", RecordFault.NotADate, "t")]
    [InlineData("a,2020-01-10T10:00:00,5,1", RecordFault.NotARow, "")]
    [InlineData("a,,1", RecordFault.ElementMissing, "t")]
    [InlineData("a,2020-01-10,\"1,5\"", RecordFault.NotANumber, "x")]
    [InlineData("a,2020-01-10,<5", RecordFault.NotANumber, "x")]
    [InlineData("a,2020-01-10,1 234", RecordFault.NotANumber, "x")]
    [InlineData("a,2020-01-10,1.5 mg", RecordFault.NotANumber, "x")]
    [InlineData("a,2020-01-10", RecordFault.NotARow, "")]
    [InlineData("a,2020-01-10,1,2", RecordFault.NotARow, "")]
    [InlineData("nobody,2020-01-10,1", RecordFault.PatientUnknown, "pid")]
    [InlineData(",2020-01-10,1", RecordFault.ElementMissing, "pid")]
    [InlineData("\u00fc,2020-01-10,1", RecordFault.NotUtf8, "")]
    public void Faulty_row_is_refused_where_it_stands_and_the_others_are_read(string row, RecordFault? fault, string element)
    {
        File.WriteAllText(_folder.Of("x.csv"), $"pid,t,x\na,2020-01-01,1\n{row}\na,2020-01-02,2\n", Encoding.Latin1);

        var sink = Read(Patients + """
              - path: x.csv
                kind: observation
                patient: pid
                time: t
                availability: same
                code: {system: "urn:site", code: X}
                value: x
            """);

        Assert.Equal(fault is null ? [2L, 3, 4] : [2L, 4], sink.Added.Where(added => added.File == "x.csv").Select(added => added.Record.Line));
        Assert.Equal(fault is null ? [] : [("x.csv", 3L, fault.Value, element)], sink.Refused);
    }

    [Fact]
    public void Word_that_the_mapping_does_not_know_and_code_that_is_missing_or_enormous_are_refused()
    {
        Write("patients.csv", "pid,born,sex,died\na,12.04.1950,M,\nb,12.04.1950,m,\n");
        Write("c.csv", $"pid,t,c\na,2020-01-01,\na,2020-01-01,{new string('x', 300)}\n");

        var sink = Read(Patients + """
              - {path: c.csv, kind: condition, patient: pid, time: t, availability: same, code: {column: c, system: "urn:site"}}
            """);

        Assert.Equal(
            [("patients.csv", 3L, RecordFault.CodeUnknown, "sex"), ("c.csv", 2L, RecordFault.ElementMissing, "c"), ("c.csv", 3L, RecordFault.TooLong, "c")],
            sink.Refused);
    }

    [Theory]
    [InlineData("yyyy", "1950", "1950-12-31")]
    [InlineData("MM/yyyy", "02/1952", "1952-02-29")]
    [InlineData("yyyyMMdd", "19500412", "1950-04-12")]
    [InlineData("d.M.yyyy", "2.4.1950", "1950-04-02")]
    public void Birth_of_which_only_a_part_is_known_is_at_its_end(string format, string text, string day)
    {
        Write("p.csv", $"pid,born\na,{text}\n");

        Assert.Equal(Day(day), Assert.Single(Read($$$"""files: [{path: p.csv, kind: patient, patient: pid, birth: {column: born, format: "{{{format}}}"}}]""").Events).Time);
    }

    [Fact]
    public void Record_is_known_by_its_identifier_or_by_its_whole_row()
    {
        const string Map = "  - {path: x.csv, kind: observation, patient: pid, ID time: t, availability: same, code: {system: \"urn:site\", code: X}, value: x}";
        Write("x.csv", "pid,k,t,x,remark\na,1,2020-01-01,1,r\na,2,2020-01-01,1,r\na,2,2020-01-01,1,r\n");
        SourceRecord[] Records(string id) => [.. Read(Patients + Map.Replace("ID", id, StringComparison.Ordinal)).Added.Where(added => added.File == "x.csv").Select(added => added.Record)];
        var (keyed, whole) = (Records("id: k,"), Records(""));
        Write("x.csv", "pid,k,t,x,remark\na,1,2020-01-01,2,r\na,2,2020-01-01,1,s\n");
        var (keyedAfter, wholeAfter) = (Records("id: k,"), Records(""));

        Assert.Equal(keyed[1] with { Line = 4 }, keyed[2]);
        Assert.Equal(whole[1] with { Line = 4 }, whole[2]);
        Assert.Equal((keyed[0].Key, keyed[1].Key), (keyedAfter[0].Key, keyedAfter[1].Key));
        Assert.NotEqual(keyed[0].Content, keyedAfter[0].Content);
        Assert.Equal(keyed[1].Content, keyedAfter[1].Content); // the remark is not read
        Assert.Empty(whole.Select(record => record.Key).Intersect(wholeAfter.Select(record => record.Key)));
    }

    [Fact]
    public void File_or_column_that_is_not_there_is_named()
    {
        Assert.Contains("no column 'born'", Assert.Throws<DatasetMissingException>(() => Rewrite("pid,sex,died\n")).Message, StringComparison.Ordinal);
        Assert.Contains("more than one column 'sex'", Assert.Throws<DatasetException>(() => Rewrite("pid,born,sex,sex,died\n")).Message, StringComparison.Ordinal);
        File.Delete(_folder.Of("patients.csv"));
        Assert.Contains("Correct its path in the mapping file.", Assert.Throws<DatasetMissingException>(() => Read(Patients)).Message, StringComparison.Ordinal);

        void Rewrite(string text)
        {
            Write("patients.csv", text);
            Read(Patients);
        }
    }

    private static string Vitals(string file) => $$$"""
          - path: {{{file}}}
            kind: observation
            patient: pid
            time: t
            availability: same
            observations:
              - {column: hr, code: {system: http://loinc.org, code: 8867-4}, unit: "/min"}
              - {column: rr, code: {system: http://loinc.org, code: 9279-1}, unit: "/min"}
              - {value-code: {column: acvpu, system: "urn:site:acvpu"}, code: {system: http://loinc.org, code: 67775-7}}
        """;

    private static ClinicalTime At(string local) => s_clock.Local(DateTime.Parse(local, CultureInfo.InvariantCulture));

    private static ClinicalTime Day(string day) => s_clock.EndOfDay(DateOnly.Parse(day, CultureInfo.InvariantCulture));

    private void Write(string name, string text) => File.WriteAllText(_folder.Of(name), text);

    private RecordingSink Read(string mapping)
    {
        var reading = EventMappingReader.Read(mapping);
        Assert.Empty(reading.Faults);
        var sink = new RecordingSink();
        new MappedTableSource(_folder.Path, reading.Mapping!, s_clock).ReadInto(sink, TestContext.Current.CancellationToken);
        return sink;
    }
}
