using System.IO.Compression;
using System.Text;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.ClinicalData.Connectors.Fhir;

/// <summary>A bulk export in a folder of its own. JSON is written with ' for ".</summary>
internal sealed class FhirExport : IDisposable
{
    public const string Patient = "{'resourceType':'Patient','id':'p1','birthDate':'1956-08-03','gender':'female'}";
    public const string Encounter = "{'resourceType':'Encounter','id':'e1','status':'finished','class':{'system':'urn:c','code':'AMB'},'subject':{'reference':'Patient/p1'},"
        + "'period':{'start':'2020-01-01T08:00:00Z','end':'2020-01-01T09:00:00Z'}}";

    private readonly TemporaryFolder _folder = new();

    public string Folder => _folder.Path;

    public void Dispose() => _folder.Dispose();

    /// <summary>Hands one resource over, after a patient p1 with an encounter e1.</summary>
    public static RecordingSink ReadOne(string type, string json, TimeZoneInfo? zone = null)
    {
        using var export = new FhirExport().With("Patient.ndjson", Patient).With("Encounter.ndjson", Encounter).With($"1.{type}.ndjson", json);
        return export.Read(zone: zone);
    }

    public static byte[] Json(string text) => Encoding.UTF8.GetBytes(text.Replace('\'', '"'));

    public static byte[] Gzip(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(bytes);
        return packed.ToArray();
    }

    public FhirExport With(string name, params string[] lines) => With(name, Json(string.Join('\n', lines)));

    public FhirExport With(string name, byte[] bytes)
    {
        File.WriteAllBytes(_folder.Of(name), bytes);
        return this;
    }

    public RecordingSink Read(FhirLimits? limits = null, TimeZoneInfo? zone = null)
    {
        var sink = new RecordingSink();
        Source(limits, zone).ReadInto(sink, TestContext.Current.CancellationToken);
        return sink;
    }

    public FhirBulkSource Source(FhirLimits? limits = null, TimeZoneInfo? zone = null) =>
        new(Folder, new ClinicalClock(zone ?? TimeZoneInfo.Utc), limits ?? FhirLimits.Default);
}

/// <summary>Looks into what a sink was given.</summary>
internal static class RecordingSinkExtensions
{
    public static ClinicalEvent Only(this RecordingSink sink, EventKind kind)
    {
        Assert.Empty(sink.Refused);
        return Assert.Single(sink.Events, item => item.Kind == kind);
    }

    /// <summary>The codings of an ordinal, as <c>system|code system|code</c>; empty: none.</summary>
    public static string Text(this RecordingSink sink, int concept) => concept < 0 ? "" : string.Join(' ', sink.Concepts[concept]);

    public static (RecordFault, string) Refusal(this RecordingSink sink)
    {
        var refused = Assert.Single(sink.Refused);
        return (refused.Fault, refused.Element);
    }

    public static IEnumerable<(RecordNote, string)> NotesOf(this RecordingSink sink) => sink.Notes.Select(note => (note.Note, note.Element));
}
