using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Tests.ClinicalData.Connectors.Fhir;

public sealed class FhirBulkSourceTests : IDisposable
{
    private readonly FhirExport _export = new();

    public void Dispose() => _export.Dispose();

    [Fact]
    public void Files_are_read_in_the_order_of_their_types_then_of_their_names()
    {
        foreach (var name in new[]
        {
            "Procedure.ndjson", "Observation.001.ndjson.gz", "2.Patient.ndjson", "10.Patient.ndjson", "Observation.000.ndjson", "MedicationAdministration-1.ndjson",
            "MedicationRequest.ndjson", "encounter.NDJSON", "export_Condition_3.ndjson", "Organization.ndjson",
        })
            _export.With(name, name.EndsWith("gz", StringComparison.Ordinal) ? FhirExport.Gzip([]) : []);

        Assert.Equal(
            [
                "Organization.ndjson", "10.Patient.ndjson", "2.Patient.ndjson", "encounter.NDJSON", "export_Condition_3.ndjson", "Observation.000.ndjson", "Observation.001.ndjson.gz",
                "MedicationRequest.ndjson", "MedicationAdministration-1.ndjson", "Procedure.ndjson",
            ],
            _export.Read().Files);
    }

    [Fact]
    public void Files_of_types_that_are_not_kept_are_named()
    {
        _export.With("Patient.ndjson", FhirExport.Patient).With("AllergyIntolerance.ndjson.gz", "no gzip").With("Patient.Observation.ndjson", "?").With("PatientList.ndjson", "?")
            .With("LICENSE.txt", "?").With("Observation.json", "?");

        Assert.Equal(["AllergyIntolerance.ndjson.gz", "Patient.Observation.ndjson", "PatientList.ndjson"], _export.Source().IgnoredFiles);
        Assert.Equal(["Patient.ndjson"], _export.Read().Files);
    }

    [Fact]
    public void Folder_without_anything_to_read_is_said_so()
    {
        Assert.Contains(_export.Folder, Assert.Throws<DatasetMissingException>(() => _export.With("Goal.ndjson", "{}").Read()).Message, StringComparison.Ordinal);
        Assert.Contains("is not there", Assert.Throws<DatasetMissingException>(() =>
            new FhirBulkSource(Path.Combine(_export.Folder, "no"), new ClinicalClock(TimeZoneInfo.Utc), FhirLimits.Default).ReadInto(new RecordingSink(), TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Organisations_are_known_though_they_are_no_events()
    {
        var sink = _export.With("Organization.ndjson", "{'resourceType':'Organization','id':'o1','name':'x'}").Read();

        Assert.Equal([SkipReason.KindNotKept], sink.Skipped);
        Assert.Equal([new Coding(CodeSystems.Organisation, "o1")], Assert.Single(sink.Concepts));
    }

    [Fact]
    public void Compressed_and_plain_files_say_the_same()
    {
        var plain = _export.With("Patient.ndjson", FhirExport.Patient).With("Encounter.ndjson", FhirExport.Encounter).Read();
        using var packed = new FhirExport().With("Patient.ndjson.gz", FhirExport.Gzip(FhirExport.Json(FhirExport.Patient)))
            .With("Encounter.ndjson.gz", [.. FhirExport.Gzip([]), .. FhirExport.Gzip(FhirExport.Json(FhirExport.Encounter + "\n"))]); // gzip allows several after each other

        Assert.Equal(plain.Events, packed.Read().Events);
        Assert.Equal(plain.Added.Select(added => added.Record), packed.Read().Added.Select(added => added.Record));
    }

    [Fact]
    public void Record_is_known_by_its_line_without_the_white_space_after_it()
    {
        var sink = _export.With("Patient.ndjson", $"\uFEFF{FhirExport.Patient}\r\n\r\n   \n{FhirExport.Patient} \t\r\n\n").Read();

        Assert.Equal([1, 4], sink.Added.Select(added => added.Record.Line));
        Assert.All(sink.Added, added => Assert.Equal(EventKeys.Content(FhirExport.Json(FhirExport.Patient)), added.Record.Content));
        Assert.Empty(sink.Refused);
    }

    [Fact]
    public void Lines_of_any_length_up_to_the_limit_are_read()
    {
        var lines = Enumerable.Range(0, 200).Select(i => $"{{'resourceType':'Patient','id':'p{i}','text':'{new string('x', i * 1500)}'}}").ToArray();

        var sink = _export.With("Patient.ndjson", lines).Read();

        Assert.Equal((200, 200), (sink.Patients, sink.Added.Count));
        Assert.Equal(lines.Select(line => EventKeys.Content(FhirExport.Json(line))), sink.Added.Select(added => added.Record.Content));
    }

    [Fact]
    public void Concepts_of_any_number_and_length_are_read()
    {
        var texts = Enumerable.Range(0, 40_000).Select(i => $"{i}").Append(new string('x', 5000)).Append("0").ToArray();
        _export.With("Patient.ndjson", FhirExport.Patient)
            .With("Procedure.ndjson", [.. texts.Select((text, i) => $"{{'resourceType':'Procedure','id':'{i}','subject':{{'reference':'Patient/p1'}},'performedDateTime':'2020','code':{{'text':'{text}'}}}}")]);
        var sink = new CountingSink();

        _export.Source().ReadInto(sink, TestContext.Current.CancellationToken);

        Assert.Equal(texts.Select(text => new Coding("", text)), sink.Codes);
    }

    [Fact]
    public void Reading_stops_when_asked()
    {
        using var stop = new CancellationTokenSource();
        stop.Cancel();

        Assert.Throws<OperationCanceledException>(() => _export.With("Patient.ndjson", FhirExport.Patient).Source().ReadInto(new RecordingSink(), stop.Token));
    }

    /// <summary>Keeps the code of every event; the recording sink looks through all concepts for each new one.</summary>
    private sealed class CountingSink : IEventSink
    {
        private readonly List<Coding> _concepts = [];

        public List<Coding> Codes { get; } = [];

        public void BeginFile(string name)
        {
        }

        public int DeclarePatient(ReadOnlySpan<byte> identifier) => 0;

        public int FindPatient(ReadOnlySpan<byte> identifier) => 0;

        public bool KnowsEncounter(long encounter) => false;

        public bool DeclareMedication(ReadOnlySpan<byte> identifier, int concept) => true;

        public int FindMedication(ReadOnlySpan<byte> identifier) => -1;

        public int Concept(params ReadOnlySpan<Coding> codings)
        {
            _concepts.Add(codings[0]);
            return _concepts.Count - 1;
        }

        public void Add(in SourceRecord record, params ReadOnlySpan<ClinicalEvent> events)
        {
            foreach (var item in events)
            {
                if (item.Kind == EventKind.Procedure)
                    Codes.Add(_concepts[item.Concept]);
            }
        }

        public void Retract(in SourceRecord record) => Assert.Fail("Nothing is taken back.");

        public void Skip(in SourceRecord record, SkipReason reason) => Assert.Fail("Nothing is skipped.");

        public void Refuse(long line, RecordFault fault, string element = "") => Assert.Fail("Nothing is refused.");

        public void Note(long line, RecordNote note, string element = "")
        {
        }
    }
}
