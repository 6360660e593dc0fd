using System.IO.Compression;
using System.Text;
using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Tests.ClinicalData.Connectors.Fhir;

/// <summary>One bad line among good ones: it is refused with its file and line, and the others are read.</summary>
public sealed class FhirBadInputTests : IDisposable
{
    private readonly FhirExport _export = new();

    public void Dispose() => _export.Dispose();

    [Theory]
    [InlineData("{'resourceType':'Patient','id':'p", RecordFault.Truncated, "")]
    [InlineData("{'resourceType':'Patient','id':'p2'", RecordFault.Truncated, "")]
    [InlineData("{'resourceType':'Patient','id':'p2','name':[{'family':", RecordFault.Truncated, "")]
    [InlineData("{", RecordFault.Truncated, "")]
    [InlineData("<Patient/>", RecordFault.NotJson, "")]
    [InlineData("{'resourceType':'Patient',,'id':'p2'}", RecordFault.NotJson, "")]
    [InlineData("{'resourceType':'Patient','id':'p2'}}", RecordFault.NotJson, "")]
    [InlineData("{'resourceType':'Patient','id':'p2'},", RecordFault.NotJson, "")]
    [InlineData("{'resourceType':'Patient','id':'p2'}{'resourceType':'Patient','id':'p3'}", RecordFault.NotJson, "")]
    [InlineData("{'resourceType':'Patient','id':'p2','multipleBirthInteger':01}", RecordFault.NotJson, "")]
    [InlineData("{'resourceType':'Patient','id':'p2','text':'a\tb'}", RecordFault.NotJson, "")]
    [InlineData("{'resourceType':'Patient','id':'p2','id':'p3'}", RecordFault.NotJson, "")]
    [InlineData("{'resourceType':'Patient','id':'p\\ud800'}", RecordFault.NotJson, "")]
    [InlineData("{'resourceType':'Patient','id':'p2','x':{'\\ud800':1},'\\ud800':2}", RecordFault.NotJson, "")]
    [InlineData("{'resourceType':'Observation','id':'p2'}", RecordFault.OtherResourceType, "resourceType")]
    [InlineData("{'resourceType':7,'id':'p2'}", RecordFault.OtherResourceType, "resourceType")]
    [InlineData("{'id':'p2'}", RecordFault.ElementMissing, "resourceType")]
    [InlineData("{}", RecordFault.ElementMissing, "resourceType")]
    [InlineData("['resourceType','Patient']", RecordFault.ElementMissing, "resourceType")]
    [InlineData("7", RecordFault.ElementMissing, "resourceType")]
    [InlineData("{'resourceType':'Patient'}", RecordFault.ElementMissing, "id")]
    [InlineData("{'resourceType':'Patient','id':''}", RecordFault.ElementMissing, "id")]
    [InlineData("{'resourceType':'Patient','id':2}", RecordFault.ElementMissing, "id")]
    [InlineData("{'resourceType':'Patient','id':null}", RecordFault.ElementMissing, "id")]
    public void Bad_line_is_refused_alone(string line, RecordFault fault, string element)
    {
        var sink = _export.With("Patient.ndjson", FhirExport.Patient, line, Patient("p9")).Read();

        Assert.Equal(("Patient.ndjson", 2, fault, element), Assert.Single(sink.Refused));
        Assert.Equal([1, 3], sink.Added.Select(added => added.Record.Line));
    }

    [Fact]
    public void Escaped_names_and_values_are_what_they_stand_for()
    {
        var sink = _export.With("Patient.ndjson", "{'resource\\u0054ype':'P\\u0061tient','\\u0069d':'p\\u0032','gen\\u0064er':'male'}").Read();

        Assert.Equal("p2", sink.PatientName(0));
        Assert.Equal(CodeSystems.Gender + "|male", sink.Text(sink.Only(EventKind.Sex).Value));
    }

    [Fact]
    public void Deep_nesting_is_refused()
    {
        var sink = _export.With("Patient.ndjson", $"{{'resourceType':'Patient','id':'p2','x':{new string('[', 100_000)}{new string(']', 100_000)}}}", FhirExport.Patient).Read();

        Assert.Equal((RecordFault.NotJson, ""), sink.Refusal());
        Assert.Single(sink.Added);
    }

    [Fact]
    public void Latin_1_is_refused()
    {
        var sink = _export.With("Patient.ndjson", Encoding.Latin1.GetBytes($"{Patient("p1")}\n{Patient("p2", "Müller")}\n{Patient("p3")}".Replace('\'', '"'))).Read();

        Assert.Equal((2, RecordFault.NotUtf8), (Assert.Single(sink.Refused).Line, sink.Refused[0].Fault));
        Assert.Equal(2, sink.Patients);
    }

    [Theory]
    [InlineData(2000, true)] // begins and ends in the buffer
    [InlineData(3_000_000, true)]
    [InlineData(3_000_000, false)]
    public void Line_over_the_limit_is_passed_over(int length, bool goesOn)
    {
        var lines = new[] { Patient("p1"), Patient("p2", new string('x', length)), Patient("p3") }[..(goesOn ? 3 : 2)];

        var sink = _export.With("Patient.ndjson", lines).With("Patient.z.ndjson", Patient("p4")).Read(new FhirLimits(LongestLine: 1000));

        Assert.Equal(("Patient.ndjson", 2, RecordFault.TooLong, ""), Assert.Single(sink.Refused));
        Assert.Equal(goesOn ? ["p1", "p3", "p4"] : ["p1", "p4"], Enumerable.Range(0, sink.Patients).Select(sink.PatientName));
    }

    [Fact]
    public void Line_as_long_as_the_limit_is_read()
    {
        var line = Patient("p1", "xyz");

        Assert.Single(_export.With("Patient.ndjson", line).Read(new FhirLimits(LongestLine: line.Length)).Added);
        Assert.Equal((RecordFault.TooLong, ""), _export.Read(new FhirLimits(LongestLine: line.Length - 1)).Refusal());
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(0.999)]
    [InlineData(0)]
    public void Compressed_file_that_breaks_off_is_read_to_there_and_the_next_one_too(double share)
    {
        var whole = FhirExport.Gzip(Many(5000));

        var sink = _export.With("Patient.0.ndjson.gz", whole[..(int)(whole.Length * share)]).With("Patient.1.ndjson", Patient("last")).Read();

        Assert.Equal(("Patient.0.ndjson.gz", sink.Added.Count, RecordFault.ArchiveBroken, ""), Assert.Single(sink.Refused)); // the lines before it, and one of the next file
        Assert.Equal("last", sink.PatientName(sink.Patients - 1));
        Assert.True(sink.Patients > share * 2500);
    }

    [Theory]
    [InlineData(8)] // checksum
    [InlineData(4)] // length
    public void Compressed_file_with_a_wrong_trailer_is_found(int fromEnd)
    {
        var packed = FhirExport.Gzip(Many(10));
        packed[^fromEnd] ^= 1;

        Assert.Equal(RecordFault.ArchiveBroken, _export.With("Patient.ndjson.gz", packed).Read().Refusal().Item1);
    }

    [Fact]
    public void File_that_only_calls_itself_compressed_is_refused() =>
        Assert.Equal((RecordFault.ArchiveBroken, ""), _export.With("Patient.ndjson.gz", FhirExport.Patient).Read().Refusal());

    [Fact]
    public void Zip_bomb_is_read_until_it_shows()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            gzip.Write(FhirExport.Json(FhirExport.Patient + "\n"));
            for (var i = 0; i < 64; i++)
                gzip.Write(new byte[1 << 20]);
        }

        var sink = _export.With("Patient.0.ndjson.gz", packed.ToArray()).With("Patient.1.ndjson", Patient("last")).Read();

        Assert.Equal(("Patient.0.ndjson.gz", 2, RecordFault.ArchiveGrows, ""), Assert.Single(sink.Refused));
        Assert.Equal(2, sink.Patients);
    }

    [Fact]
    public void Small_file_may_repeat_itself()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            for (var i = 0; i < 3000; i++)
                gzip.Write(FhirExport.Json(FhirExport.Patient + "\n"));
        }

        Assert.Equal(3000, _export.With("Patient.ndjson.gz", packed.ToArray()).Read().Added.Count);
    }

    [Fact]
    public void File_that_cannot_be_read_is_named()
    {
        File.CreateSymbolicLink(Path.Combine(_export.Folder, "Patient.ndjson"), Path.Combine(_export.Folder, "nowhere"));

        Assert.Contains("Patient.ndjson' cannot be read", Assert.Throws<DatasetException>(() => _export.Read()).Message, StringComparison.Ordinal);
    }

    private static string Patient(string id, string name = "x") => $"{{'resourceType':'Patient','id':'{id}','name':[{{'family':'{name}'}}]}}";

    private static byte[] Many(int count) =>
        FhirExport.Json(string.Join('\n', Enumerable.Range(0, count).Select(i => Patient($"p{i}", ((i * 7919) ^ (i << 7)).ToString("x8") + (i * i * 31)))));
}
