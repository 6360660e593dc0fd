using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Numerics;
using Hl7.Fhir.Serialization;

namespace FederatedClinicalMl.Benchmarks;

/// <summary>
/// What the clinical data plane takes as a whole, beside the bars that it is to keep (docs/reference/bench.md). Not for BenchmarkDotNet: an import runs for minutes, what
/// counts is processor time and the peak of memory of a process, and there are gigabytes to make first. One thread; stores are sealed, as at a site.
/// </summary>
internal static class ClinicalBars
{
    private const int WarmUp = 100_000;
    private const int FirelyLines = 20_000;
    private static readonly ClinicalClock s_clock = new(TimeZoneInfo.Utc);

    /// <summary>Measures and prints; 2: the arguments say nothing.</summary>
    public static int Run(ReadOnlySpan<string> args)
    {
        var folder = Directory.CreateTempSubdirectory("fcml-").FullName;
        try
        {
            switch (args)
            {
                case ["import", .. var of] when Numbers(of, 1_000_000, 5) is (var lines and >= WarmUp, var times):
                    Import(folder, lines, times);
                    return 0;
                case ["features"]:
                    Features(folder);
                    return 0;
                case ["online"]:
                    Online(folder);
                    return 0;
                default:
                    Console.Error.WriteLine($"clinical import [lines, from {WarmUp}] [times] | clinical features | clinical online");
                    return 2;
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static (int Lines, int Times)? Numbers(ReadOnlySpan<string> args, int lines, int times) =>
        (args.Length < 1 || int.TryParse(args[0], CultureInfo.InvariantCulture, out lines)) && (args.Length < 2 || int.TryParse(args[1], CultureInfo.InvariantCulture, out times)) ? (lines, times) : null;

    // FHIR into a store; then Firely's objects of the first of the same lines.
    private static void Import(string folder, int lines, int times)
    {
        var (small, export) = (Path.Combine(folder, "small"), Path.Combine(folder, "export"));
        MadeExport.Write(small, WarmUp);
        MadeExport.Write(export, lines);
        // What runs for minutes at a hospital has been compiled after seconds.
        for (var i = 0; i < 3; i++)
            Into(folder, new FhirBulkSource(small, s_clock, FhirLimits.Default));
        var records = 0L;
        var imports = Measured.Times(times, () => records = Into(folder, new FhirBulkSource(export, s_clock, FhirLimits.Default)).Imports[^1].Counts.Records);
        var rates = imports.Select(import => records / import.Cpu / 1e6).ToArray();
        var peak = Process.GetCurrentProcess().PeakWorkingSet64 / 1e6;

        var texts = File.ReadLines(Path.Combine(export, "Observation.ndjson")).Take(FirelyLines).ToArray();
        var deserializer = new FhirJsonDeserializer();
        var firely = Measured.Times(4, () => Read(deserializer, texts)).Skip(1).Select(once => FirelyLines / once.Cpu / 1e6).Max();

        var length = new FileInfo(Path.Combine(export, "Observation.ndjson")).Length / (double)lines;
        Console.WriteLine($"{records} resources, {length:F0} bytes an Observation, into a sealed store, {times} times after a warm-up: median {Measured.Median(rates):F2} (least {rates.Min():F2}, greatest {rates.Max():F2}) million a cpu-second; bar 0.5");
        Console.WriteLine($"wall of the quickest {imports.Min(import => import.Wall):F1} s; peak memory of the process {peak:F0} MB; bar 1500");
        Console.WriteLine($"Firely's objects of {FirelyLines} of the same lines: best of 3 after a warm-up {firely * 1000:F1} thousand a cpu-second; the import is {Measured.Median(rates) / firely:F1} times as quick; bar 10");
    }

    private static void Read(FhirJsonDeserializer deserializer, string[] lines)
    {
        if (lines.Count(line => deserializer.TryDeserializeResource(line, out _, out _)) != lines.Length)
            throw new InvalidOperationException("A line of the benchmark has a fault.");
    }

    private static void Features(string folder)
    {
        const int Patients = 20_000;
        const int Events = 5_000_000;
        const int Width = 50;
        var snapshot = Into(folder, new MadeEvents(Patients, Events / Patients, codes: Width)).Snapshot();
        var study = MadeStudy.Of(Width);
        var rows = 0;
        var runs = Measured.Times(5, () => rows = Rows(study.Data.Features, snapshot));
        Console.WriteLine($"{rows} patients x {study.Data.Features.Length} features from {snapshot.Imports[^1].Events} events, 5 times, nothing warmed up: median {Measured.Median(runs.Select(run => run.Wall)):F2} s on the wall (first {runs[0].Wall:F2}, least {runs.Min(run => run.Wall):F2}),"
            + $" {Measured.Median(runs.Select(run => run.Cpu)):F2} (first {runs[0].Cpu:F2}, least {runs.Min(run => run.Cpu):F2}) cpu-seconds; bar 5 s");
    }

    private static int Rows(ImmutableArray<Studies.Feature> features, EventSnapshot snapshot)
    {
        var computer = new FeatureComputer(features, new SiteConcepts(snapshot.Concepts, SiteMapping.Empty), s_clock);
        var row = new double[computer.Width];
        var rows = 0;
        foreach (var timeline in snapshot.Read(computer.Wants))
        {
            computer.Compute(timeline, MadeEvents.End, row);
            rows++;
        }

        return rows;
    }

    // A Bundle of one patient with three encounters and a hundred Observations, from its bytes to a vector.
    private static void Online(string folder)
    {
        const int Patients = 1000;
        MadeExport.Write(folder, Patients * MadeExport.PerPatient);
        var bundles = Bundles(folder);
        var study = MadeStudy.Of(50);
        var milliseconds = bundles.Concat(bundles).Select(bundle =>
        {
            var begin = Stopwatch.GetTimestamp();
            var events = new PatientEvents();
            FhirBundle.Read(bundle, events, s_clock);
            var computer = new FeatureComputer(study.Data.Features, new SiteConcepts(events.Concepts, SiteMapping.Empty), s_clock);
            computer.Compute(events.Timeline(), MadeEvents.End, new double[computer.Width]);
            return Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
        }).ToArray();
        var sorted = milliseconds.Skip(Patients).Order().ToArray();
        Console.WriteLine($"A Bundle of {bundles.Average(bundle => bundle.Length) / 1000:F0} kB with {MadeExport.PerPatient} Observations to a vector of 50 features, {Patients} patients after a warm-up: p50 {sorted[Patients / 2]:F2} ms, p99 {sorted[Patients * 99 / 100]:F2} ms; bar p50 5 ms");
        Console.WriteLine($"the first of all, nothing compiled: {milliseconds[0]:F0} ms");
    }

    private static byte[][] Bundles(string folder)
    {
        var lines = new[] { "Patient", "Encounter", "Observation" }.Select(type => File.ReadAllLines(Path.Combine(folder, $"{type}.ndjson"))).ToArray();
        return [.. Enumerable.Range(0, lines[0].Length).Select(patient => Encoding.UTF8.GetBytes(
            """{"resourceType":"Bundle","type":"collection","entry":["""
            + string.Join(',', lines.SelectMany(type => type.Skip(patient * type.Length / lines[0].Length).Take(type.Length / lines[0].Length)).Select(line => $$"""{"resource":{{line}}}"""))
            + "]}"))];
    }

    // Into a new store on the disk.
    private static EventStore Into(string folder, IEventSource source)
    {
        var path = Path.Combine(folder, "store");
        if (Directory.Exists(path))
            Directory.Delete(path, recursive: true);
        var key = new byte[SealedDisk.KeyLength];
        var store = new EventStore(new SealedDisk(new FileDisk(path), key, ""), () => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key), TimeProvider.System);
        store.Import(source, new ImportLimits(0), CancellationToken.None);
        return store;
    }
}
