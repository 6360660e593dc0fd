using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.Tests.ClinicalData.Quality;
using Microsoft.Extensions.Time.Testing;

namespace FederatedClinicalMl.Tests.ClinicalData.Connectors.Fhir;

/// <summary>Orders and administrations that refer to a Medication resource.</summary>
public sealed class FhirMedicationTests : IDisposable
{
    private const string Ibuprofen = "{'resourceType':'Medication','id':'m7','code':{'coding':[{'system':'http://www.nlm.nih.gov/research/umls/rxnorm','code':'5640'}]}}";
    private const string Order = "{'resourceType':'MedicationRequest','id':'r1','subject':{'reference':'Patient/p1'},'authoredOn':'2020-01-01T08:30:00Z','medicationReference':{'reference':'Medication/m7'}}";
    private const string Given = "{'resourceType':'MedicationAdministration','id':'g1','subject':{'reference':'Patient/p1'},'effectiveDateTime':'2020-01-01T09:00:00Z',"
        + "'medicationReference':{'reference':'https://server/fhir/Medication/m7/_history/2'}}";

    private static readonly string s_ibuprofen = $"{CodeSystems.RxNorm}|5640";
    private static readonly string s_unknown = "urn:fcml:medication-reference|m7";

    private readonly FhirExport _export = new FhirExport().With("Patient.ndjson", FhirExport.Patient);
    private readonly EventStore _store = new(new SimulatedDisk(1), Ward.Key, new FakeTimeProvider(Ward.ImportedAt));

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _export.Dispose();

    [Fact]
    public void Order_and_administration_have_the_code_of_the_resource_that_they_refer_to()
    {
        var sink = _export.With("Medication.ndjson", Ibuprofen).With("MedicationRequest.ndjson", Order).With("MedicationAdministration.ndjson", Given).Read();

        Assert.Equal(s_ibuprofen, sink.Text(sink.Only(EventKind.MedicationOrder).Concept));
        Assert.Equal(s_ibuprofen, sink.Text(sink.Only(EventKind.MedicationAdministration).Concept));
        Assert.Empty(sink.Notes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{'resourceType':'Medication','id':'m7'}")]
    [InlineData("{'resourceType':'Medication','id':'m7','status':'entered-in-error','code':{'text':'a'}}")]
    [InlineData("{'resourceType':'Medication','id':'m8','code':{'text':'a'}}")]
    public void Reference_that_leads_to_no_code_is_noted_by_file_and_line_and_kept(string medication)
    {
        var sink = _export.With("Medication.ndjson", medication).With("MedicationRequest.ndjson", "", Order).Read();

        Assert.Equal(s_unknown, sink.Text(sink.Only(EventKind.MedicationOrder).Concept));
        Assert.Equal(("MedicationRequest.ndjson", 2L, RecordNote.MedicationUnknown, "medicationReference"), Assert.Single(sink.Notes));
    }

    [Fact]
    public void Bundle_is_read_alike_whatever_the_order_of_its_entries()
    {
        var events = new PatientEvents();
        var entries = string.Join(',', new[] { Order, Ibuprofen, FhirExport.Patient }.Select(resource => $"{{'resource':{resource}}}"));

        FhirBundle.Read(FhirExport.Json($"{{'resourceType':'Bundle','entry':[{entries}]}}"), events, new ClinicalClock(TimeZoneInfo.Utc));

        Assert.Empty(events.Refused);
        var order = Assert.Single(events.Timeline().Events.ToArray(), item => item.Event.Kind == EventKind.MedicationOrder);
        Assert.Equal(s_ibuprofen, Assert.Single(events.Concepts[order.Event.Concept]).ToString());
    }

    [Fact]
    public void Medication_of_an_earlier_import_is_known()
    {
        _export.With("Medication.ndjson", Ibuprofen);
        Import();
        File.Delete(Path.Combine(_export.Folder, "Medication.ndjson"));
        _export.With("MedicationRequest.ndjson", Order);

        Assert.Empty(Import().Counts.Notes);
        Assert.Equal([s_ibuprofen], Orders());
        Assert.Equal(2, Import().Counts.Unchanged);
    }

    [Fact]
    public void Order_is_amended_once_its_medication_is_described()
    {
        _export.With("MedicationRequest.ndjson", Order);
        Assert.Equal(1, Import().Counts.Notes[RecordNote.MedicationUnknown]);
        Assert.Equal([s_unknown], Orders());

        _export.With("Medication.ndjson", Ibuprofen);
        Assert.Equal(1, Import().Counts.Amended);
        Assert.Equal([s_ibuprofen], Orders());
    }

    [Fact]
    public void Patient_organisation_and_medication_may_have_one_identifier()
    {
        _export.With("Organization.ndjson", "{'resourceType':'Organization','id':'p1'}").With("Medication.ndjson", Ibuprofen.Replace("m7", "p1", StringComparison.Ordinal));

        var counts = Import().Counts;

        Assert.Equal((0L, 1L, 2L), (counts.AllRefused, counts.Added, counts.Skipped[SkipReason.KindNotKept]));
    }

    [Fact]
    public void More_medications_than_are_kept_are_refused_and_those_that_are_there_stay()
    {
        var index = new MedicationIndex(most: 2);

        Assert.Equal((true, true, false, true), (index.TryAdd("a"u8, 1), index.TryAdd("b"u8, 2), index.TryAdd("c"u8, 3), index.TryAdd("a"u8, 4)));

        Assert.Equal((4, 2, -1), (index.Find("a"u8), index.Find("b"u8), index.Find("c"u8)));
        var copy = new MedicationIndex();
        copy.Read(index.Changes());
        Assert.Equal((4, 2, -1, true), (copy.Find("a"u8), copy.Find("b"u8), copy.Find("c"u8), copy.IsUnchanged));
        Assert.Throws<DatasetException>(() => copy.Read(index.Changes().AsSpan(1)));
    }

    private StoreImport Import() => _store.Import(_export.Source(), new ImportLimits(0), Stop);

    // As they could be seen long after.
    private string[] Orders()
    {
        var snapshot = _store.Snapshot();
        return
        [
            .. snapshot.Read((kind, _) => kind == EventKind.MedicationOrder).SelectMany(timeline => timeline.Events.ToArray())
                .Where(item => item.IsVisibleAt(ClinicalTime.Of(Ward.ImportedAt))).Select(item => Assert.Single(snapshot.Concepts[item.Event.Concept]).ToString()),
        ];
    }
}
