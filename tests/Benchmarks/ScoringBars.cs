using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Learning.Onnx;
using FederatedClinicalMl.SiteAgent.Scoring;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Benchmarks;

/// <summary>What scoring takes as a whole, beside the bars that it is to keep (docs/reference/bench.md): CSV to CSV by the demo's features and an MLP of 64 and 64, and one row by REST at 200 calls a second.</summary>
internal static class ScoringBars
{
    private const int BatchRows = 1_000_000;
    private const int CallsPerSecond = 200;
    private const int Seconds = 30;

    /// <summary>Measures and prints.</summary>
    public static async Task<int> RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("fcml-").FullName;
        try
        {
            var scoring = new ScoringFolder(Path.Combine(folder, "scoring"));
            var study = Set(scoring, Path.Combine(folder, "serving"));
            File.WriteAllText(scoring.Configuration, File.ReadAllText(scoring.Configuration).Replace(ScoringConfiguration.DefaultListen, "127.0.0.1:0", StringComparison.Ordinal) + "requests-per-minute: 1000000\nburst: 100000\n"); // warming up goes faster than a client may
            File.WriteAllText(scoring.Clients, ClientKeys.Empty.Add("bench", out var key).ToYaml());
            await BatchAsync(folder, scoring, study);
            await using var app = ScoringHost.Build(scoring);
            await app.StartAsync();
            using var client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
            await CallsAsync(client, study);
            await app.StopAsync();
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task BatchAsync(string folder, ScoringFolder scoring, Study study)
    {
        var (input, output) = (Path.Combine(folder, "in.csv"), Path.Combine(folder, "out.csv"));
        await using (var writer = new StreamWriter(input))
        {
            await writer.WriteLineAsync($"patient,{string.Join(',', study.Data.Features.Select(feature => feature.Name))}");
            for (var row = 0; row < BatchRows; row++)
                await writer.WriteLineAsync($"patient-{row},{string.Join(',', Row(study, row))}");
        }

        var times = new List<double>();
        for (var i = 0; i < 4; i++)
        {
            using var process = Process.GetCurrentProcess();
            var before = process.TotalProcessorTime;
            if (await SiteAgent.Scoring.CommandLine.RunAsync(["batch", "bench", "--in", input, "--out", output, "--data", scoring.Root]) != 0)
                throw new InvalidOperationException("The batch failed.");
            process.Refresh();
            times.Add((process.TotalProcessorTime - before).TotalSeconds);
        }

        var sorted = times.Skip(1).Order().ToArray();
        Console.WriteLine($"batch, {BatchRows} rows x {study.Data.Features.Length} features, CSV to CSV, 3 times after a warm-up: median {BatchRows / sorted[1]:F0} rows a cpu-second (least {BatchRows / sorted[^1]:F0}, greatest {BatchRows / sorted[0]:F0}); bar 200000");
    }

    // Calls start by the clock, not when the one before has ended: what waits is counted.
    private static async Task CallsAsync(HttpClient client, Study study)
    {
        var bodies = Enumerable.Range(0, 1000).Select(row => new JsonObject
        {
            ["patient"] = $"patient-{row}",
            ["features"] = new JsonObject(study.Data.Features.Zip(Row(study, row), (feature, value) => KeyValuePair.Create(feature.Name, (JsonNode?)value))),
        }.ToJsonString()).ToArray();
        for (var i = 0; i < 2000; i++)
            await CallAsync(client, bodies[i % bodies.Length]);
        var calls = new List<Task<double>>();
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1) / CallsPerSecond);
        while (calls.Count < CallsPerSecond * Seconds && await timer.WaitForNextTickAsync())
            calls.Add(CallAsync(client, bodies[calls.Count % bodies.Length]));
        var sorted = (await Task.WhenAll(calls)).Order().ToArray();
        Console.WriteLine($"one row by REST, {CallsPerSecond} calls a second for {Seconds} s, caller in the same process: p50 {sorted[sorted.Length / 2]:F2} ms, p99 {sorted[sorted.Length * 99 / 100]:F2} ms; bars 2 and 10 ms");
    }

    private static async Task<double> CallAsync(HttpClient client, string body)
    {
        var began = Stopwatch.GetTimestamp();
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await client.PostAsync(new Uri("/v1/models/bench/score", UriKind.Relative), content);
        response.EnsureSuccessStatusCode();
        _ = await response.Content.ReadAsByteArrayAsync();
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
    }

    private static IEnumerable<double> Row(Study study, int row) => study.Data.Features.Select((feature, i) => feature.Type == FeatureType.Category
        ? feature.Levels[(row + i) % feature.Levels.Length] : Math.Round(feature.Minimum + ((feature.Maximum - feature.Minimum) * ((row * 37 + i * 11) % 101) / 101.0), 2));

    // The demo's features, and a shelf with a model of them.
    private static Study Set(ScoringFolder scoring, string serving)
    {
        const string Numbers = "age trestbps chol thalach oldpeak ca sex fbs exang";
        var features = string.Join('\n', Numbers.Split(' ').Select(name => $"    - {{name: {name}, range: [0, 300], missing: mean, constants: {{mean: 100, sd: 40}}}}")
            .Concat(new[] { "cp", "restecg", "slope", "thal" }.Select(name => $"    - {{name: {name}, type: category, levels: [1, 2, 3], missing: no-level}}")));
        var study = StudyChecker.CheckYaml($$"""
            protocol: 1
            name: bench
            title: A study to measure scoring
            purpose: Measure scoring.
            ethics: Made-up data
            data:
              dataset: bench
              features:
            {{features}}
              label: {name: outcome, above: 0}
              split: {test: 0.3, seed: 1}
            model: {kind: mlp, hidden: [64, 64], activation: relu}
            federation: {rounds: 1, sites: [north], quorum: 1, aggregation: plain}
            """) is { Study: { } known } ? known : throw new InvalidOperationException("The benchmark's study has a fault.");
        var constants = PreprocessingConstants.Freeze(study, null);
        var files = new Dictionary<string, byte[]>
        {
            [ModelFileNames.Constants] = constants.Canonical.ToArray(),
            [ModelFileNames.Onnx] = OnnxWriter.Write(study, constants, ModelPlan.For(study).InitialParameters(), "0"),
            [ModelFileNames.Study] = study.Canonical.ToArray(),
        };
        using var key = SigningKey.Create();
        var manifest = ModelManifest.Sign(new JsonObject
        {
            ["format"] = 1, ["name"] = study.Name, ["run"] = "0123456789abcdef", ["study"] = study.Digest.ToString(), ["initial"] = study.Digest.ToString(), ["registered"] = "2026-01-01T00:00:00.000Z", ["software"] = "0",
            ["files"] = new JsonArray([.. files.Select(file => new JsonObject { ["name"] = file.Key, ["digest"] = Sha256Digest.Of(file.Value).ToString(), ["length"] = file.Value.Length })]),
        }, key);
        files[ModelFileNames.Manifest] = manifest.Write();
        var disk = new FileDisk(serving);
        disk.CreateDirectory(ServingPaths.Model(manifest.Model));
        foreach (var (name, bytes) in files)
            DurableFile.Write(disk, $"{ServingPaths.Model(manifest.Model)}/{name}", bytes);
        var site = SiteId.Parse("bench");
        DurableFile.Write(disk, ServingPaths.Shelf, new Shelf(site, TimeProvider.System.GetUtcNow(), [new ShelfLine("bench", 1, null, ServedModels.Of(new ServedVersion(ModelVersion.First, manifest.Model), null, null))]).Write());
        scoring.Initialise(site, serving);
        return study;
    }
}
