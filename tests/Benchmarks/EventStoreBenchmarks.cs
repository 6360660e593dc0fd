using System.Security.Cryptography;
using System.Text;
using BenchmarkDotNet.Attributes;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;

namespace FederatedClinicalMl.Benchmarks;

/// <summary>Reading every event of a store that was filled at once, and of one that got the same events night by night for a year.</summary>
public class EventStoreBenchmarks
{
    private const int Nights = 365;

    private readonly string _folder = Directory.CreateTempSubdirectory("fcml-").FullName;
    private EventStore _store = null!;

    /// <summary>Events of a night, of 5,000 patients.</summary>
    [Params(500, 2000)]
    public int PerNight { get; set; }

    /// <summary>Fills a store at once.</summary>
    [GlobalSetup(Target = nameof(AtOnce))]
    public void PrepareAtOnce()
    {
        _store = Store("at-once");
        _store.Import(new Year(0, Nights * PerNight), new ImportLimits(0), CancellationToken.None);
    }

    /// <summary>Fills a store night by night.</summary>
    [GlobalSetup(Target = nameof(Nightly))]
    public void PrepareNightly()
    {
        _store = Store("nightly");
        for (var night = 0; night < Nights; night++)
            _store.Import(new Year(night * PerNight, PerNight), new ImportLimits(0), CancellationToken.None);
    }

    /// <summary>Takes the stores away.</summary>
    [GlobalCleanup]
    public void Remove() => Directory.Delete(_folder, recursive: true);

    /// <summary>One import.</summary>
    [Benchmark(Baseline = true)]
    public long AtOnce() => Read();

    /// <summary>365 imports.</summary>
    [Benchmark]
    public long Nightly() => Read();

    private long Read() => _store.Snapshot().Read((_, _) => true).Sum(timeline => (long)timeline.Events.Length);

    private EventStore Store(string name) =>
        new(new FileDisk(Directory.CreateDirectory(Path.Combine(_folder, $"{name}-{PerNight}")).FullName), () => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, [1]), TimeProvider.System);

    private sealed class Year(int first, int count) : IEventSource
    {
        public string Description => "a benchmark";

        public void ReadInto(IEventSink sink, CancellationToken cancel)
        {
            sink.BeginFile("benchmark");
            var concept = sink.Concept(new Coding(CodeSystems.Loinc, "8867-4"));
            for (var i = first; i < first + count; i++)
            {
                var time = new ClinicalTime(i * 60_000_000L);
                var patient = sink.DeclarePatient(Encoding.UTF8.GetBytes($"p{unchecked((uint)i * 2654435761u) % 5000}"));
                sink.Add(
                    new SourceRecord(EventKeys.RecordKey(EventKind.Observation, i), (ulong)i, i + 1),
                    new ClinicalEvent(EventKind.Observation, patient, 0, time, ClinicalTime.None, time, EventFlags.None, concept, i % 90, -1, -1));
            }
        }
    }
}
