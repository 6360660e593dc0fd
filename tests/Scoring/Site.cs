using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.SiteAgent.Scoring;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Coordinator;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace FederatedClinicalMl.Tests.Scoring;

/// <summary>A hospital with a shelf and the scoring program, on a port of this machine and a clock that the test turns.</summary>
internal sealed class Site : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly OpenSession _open;
    private WebApplication? _app;

    private Site(OpenSession open) => _open = open;

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 26, 17, 0, 0, TimeSpan.Zero));

    public ScoringFolder Folder => new(_folder.Of("scoring"));

    public string Serving => _folder.Of("serving");

    public string Key { get; private set; } = "";

    public HttpClient Client { get; private set; } = new();

    public IServiceProvider Services => _app!.Services;

    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>A site that runs, with a shelf if one is given.</summary>
    public static async Task<Site> StartAsync(ShelfLine? line = null, IEnumerable<Entry>? entries = null, string configuration = "", OpenSession? open = null)
    {
        var site = new Site(open ?? OnnxSession.Open);
        site.Folder.Initialise(SiteId.Parse("north"), site.Serving);
        File.WriteAllText(site.Folder.Configuration, File.ReadAllText(site.Folder.Configuration).Replace("127.0.0.1:8630", "127.0.0.1:0", StringComparison.Ordinal) + configuration);
        File.WriteAllText(site.Folder.Clients, ClientKeys.ReadFile(site.Folder.Clients).Add("ehr", out var key).ToYaml());
        site.Key = key;
        foreach (var entry in entries ?? [])
            site.Put(entry);
        site.Write(line is null ? [] : [line]);
        await site.RunAsync();
        return site;
    }

    /// <summary>Starts the program, again after <see cref="EndAsync"/>.</summary>
    public async Task RunAsync()
    {
        _app = ScoringHost.Build(Folder, Time, _open);
        await _app.StartAsync(Stop);
        Client = new HttpClient { BaseAddress = new Uri(_app.Urls.Single()) };
        Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
    }

    /// <summary>Ends the program.</summary>
    public async Task EndAsync()
    {
        Client.Dispose();
        await _app!.StopAsync(Stop);
        await _app.DisposeAsync();
        _app = null;
    }

    /// <summary>Puts a model's files where a worker puts them.</summary>
    public void Put(Entry entry, string? changed = null)
    {
        var folder = Path.Join(Serving, ServingPaths.Model(entry.Model));
        Directory.CreateDirectory(folder);
        foreach (var (name, bytes) in entry.Files)
        {
            var content = bytes.ToArray();
            if (name == changed)
                content[content.Length / 2] ^= 1;
            File.WriteAllBytes(Path.Join(folder, name), content);
        }
    }

    /// <summary>Replaces the shelf; the program sees it at its next <see cref="Look"/>.</summary>
    public void Write(params ShelfLine[] lines)
    {
        Directory.CreateDirectory(Path.Join(Serving, ServingPaths.ToScoring));
        DurableFile.Write(new FileDisk(Serving), ServingPaths.Shelf, new Shelf(SiteId.Parse("north"), Time.GetUtcNow(), [.. lines]).Write());
    }

    /// <summary>Has the program look at its files now.</summary>
    public void Look() => Services.GetRequiredService<ServingShelf>().Refresh();

    /// <summary>Writes a shelf of one line and has it taken up.</summary>
    public void Shelve(ShelfLine line)
    {
        Write(line);
        Look();
    }

    public static ShelfLine Line(Entry? production, Entry? fallback = null, Entry? candidate = null, RolloutMode mode = RolloutMode.Shadow, int percent = 0, long order = 1, string? stopped = null) =>
        new("heart", order, stopped, ServedModels.Of(
            production is null ? null : new ServedVersion(new ModelVersion(2, 0, 0), production.Model),
            fallback is null ? null : new ServedVersion(new ModelVersion(1, 0, 0), fallback.Model),
            candidate is null ? null : new ServedCandidate(new ServedVersion(new ModelVersion(3, 0, 0), candidate.Model), Rollout.Of(mode, percent))));

    /// <summary>Asks for a score of a patient whose values lie all in range.</summary>
    public Task<JsonObject> ScoreAsync(string patient, double? age = 60, double? pressure = 140, double? pain = 2) =>
        PostAsync("/v1/models/heart/score", new JsonObject { ["patient"] = patient, ["features"] = new JsonObject { ["age"] = age, ["pressure"] = pressure, ["pain"] = pain } });

    /// <summary>Calls, and gives the answer, whatever its status.</summary>
    public async Task<JsonObject> PostAsync(string path, JsonNode body, int status = 200)
    {
        using var response = await Client.PostAsync(path, JsonContent.Create(body), Stop);
        var text = await response.Content.ReadAsStringAsync(Stop);
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode}: {text}");
        return text.Length == 0 ? [] : JsonNode.Parse(text)!.AsObject();
    }

    public async Task<JsonObject> GetAsync(string path, int status = 200)
    {
        using var response = await Client.GetAsync(new Uri(path, UriKind.Relative), Stop);
        var text = await response.Content.ReadAsStringAsync(Stop);
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode}: {text}");
        return JsonNode.Parse(text)!.AsObject();
    }

    /// <summary>The predictions of a day that are durable, after everything that waits was written.</summary>
    public async Task<IReadOnlyList<Prediction>> PredictionsAsync()
    {
        // A connection's next call is read once everything after the answer before was done, so also its shadow queued.
        using (await Client.GetAsync(new Uri("/health/live", UriKind.Relative), Stop))
            await Services.GetRequiredService<ShadowQueue>().IdleAsync(Stop);
        var desk = Services.GetRequiredService<PredictionDesk>();
        await desk.FlushAsync(Stop);
        return [.. desk.Log.Read(DateOnly.FromDateTime(Time.GetUtcNow().UtcDateTime))];
    }

    /// <summary>Everything that this site keeps in the clear: its log files and what it gives to the worker.</summary>
    public string OpenText() => string.Join('\n', Directory.GetFiles(Folder.Logs).Concat(Directory.GetFiles(Path.Join(Serving, ServingPaths.FromScoring), "*", SearchOption.AllDirectories)).Select(Shared));

    public Withdrawal? WithdrawalOf(Entry entry) =>
        Path.Join(Serving, ServingPaths.Withdrawal(entry.Model)) is var path && File.Exists(path) ? Withdrawal.Read(File.ReadAllBytes(path)) : null;

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
            await EndAsync();
        _folder.Dispose();
    }

    // A log file is open for writing.
    private static string Shared(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(file, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
