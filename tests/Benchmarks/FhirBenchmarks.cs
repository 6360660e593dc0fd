using System.Text;
using BenchmarkDotNet.Attributes;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Numerics;
using Hl7.Fhir.Serialization;

namespace FederatedClinicalMl.Benchmarks;

/// <summary>Reading 20,000 Observations of a bulk export into a sink that does nothing. The baseline makes Firely's objects of the same lines.</summary>
public class FhirBenchmarks
{
    private const int Count = 20_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("fcml-").FullName;
    private string[] _lines = [];

    /// <summary>Makes lines of 800 bytes with a few hundred different codes, as laboratories send them.</summary>
    [GlobalSetup]
    public void Prepare()
    {
        var random = DeterministicRandom.Of("benchmarks");
        _lines = [.. Enumerable.Range(0, Count).Select(_ => Line(random))];
        File.WriteAllLines(Path.Combine(_folder, "Observation.ndjson"), _lines, new UTF8Encoding(false));
    }

    /// <summary>Takes the lines away.</summary>
    [GlobalCleanup]
    public void Remove() => Directory.Delete(_folder, recursive: true);

    /// <summary>Objects of the SDK, as its deserialiser comes.</summary>
    [Benchmark(Baseline = true, OperationsPerInvoke = Count)]
    public int Firely()
    {
        var deserializer = new FhirJsonDeserializer();
        return _lines.Count(line => deserializer.TryDeserializeResource(line, out _, out _));
    }

    /// <summary>Events.</summary>
    [Benchmark(OperationsPerInvoke = Count)]
    public long Import()
    {
        var sink = new Nowhere();
        new FhirBulkSource(_folder, new ClinicalClock(TimeZoneInfo.Utc), FhirLimits.Default).ReadInto(sink, CancellationToken.None);
        return sink.Events;
    }

    private static string Line(DeterministicRandom random)
    {
        string Id() => $"{random.NextUInt64():x16}-{random.NextUInt64():x16}";
        var code = random.NextInt(300);
        var second = random.NextInt(60);
        return $$$"""{"resourceType":"Observation","id":"{{{Id()}}}","status":"final","category":["""
            + """{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory","display":"laboratory"}]}]"""
            + $$$""","code":{"coding":[{"system":"http://loinc.org","code":"{{{code}}}-{{{code % 10}}}","display":"Analyte {{{code}}} in serum or plasma"}],"text":"Analyte {{{code}}}"}"""
            + $$$""","subject":{"reference":"Patient/{{{Id()}}}"},"encounter":{"reference":"Encounter/{{{Id()}}}"}"""
            + $$$""","effectiveDateTime":"2012-02-08T02:43:{{{second:00}}}+00:00","issued":"2012-02-08T02:43:{{{second:00}}}.205+00:00","valueQuantity":"""
            + $$$"""{"value":{{{random.NextDouble() * 100}}},"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"}"""
            + ""","meta":{"tag":[{"system":"https://smarthealthit.org/tags","code":"synthea-5-2019"}]}}""";
    }

    private sealed class Nowhere : IEventSink
    {
        public long Events { get; private set; }

        public void BeginFile(string name)
        {
        }

        public int DeclarePatient(ReadOnlySpan<byte> identifier) => 0;

        public int FindPatient(ReadOnlySpan<byte> identifier) => 0;

        public bool KnowsEncounter(long encounter) => true;

        public bool DeclareMedication(ReadOnlySpan<byte> identifier, int concept) => true;

        public int FindMedication(ReadOnlySpan<byte> identifier) => -1;

        public int Concept(params ReadOnlySpan<Coding> codings) => 0;

        public void Add(in SourceRecord record, params ReadOnlySpan<ClinicalEvent> events) => Events += events.Length;

        public void Retract(in SourceRecord record)
        {
        }

        public void Skip(in SourceRecord record, SkipReason reason)
        {
        }

        public void Refuse(long line, RecordFault fault, string element = "") => throw new InvalidOperationException("No line of the benchmark has a fault.");

        public void Note(long line, RecordNote note, string element = "")
        {
        }
    }
}
