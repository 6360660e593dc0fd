using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Reflection;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Tests.Launching;

namespace FederatedClinicalMl.Tests.EndToEnd;

/// <summary>A hospital's scoring program, a process of its own, and a health record that asks it about the same patients again and again.</summary>
internal sealed class RunningScoring : IAsyncDisposable
{
    /// <summary>How many patients there are.</summary>
    public const int Patients = 60;

    private static readonly string s_program = typeof(RunningScoring).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(known => known.Key == "ScoringProgram").Value!;

    private readonly ChildGroup _group = new();
    private readonly HttpClient _ehr = new();
    private readonly string _folder;
    private readonly string _logs;
    private readonly string _line;

    private RunningScoring(string folder, string logs, string line) => (_folder, _logs, _line) = (folder, logs, line);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>The program.</summary>
    public static string Program => Path.ChangeExtension(s_program, OperatingSystem.IsWindows() ? ".exe" : null);

    private string Log => Path.Combine(_logs, "scoring.log");

    /// <summary>Starts it over a site's shelf, with a guard that needs few outcomes.</summary>
    public static async Task<RunningScoring> StartAsync(LocalFederation federation, string site, string serving, string line)
    {
        var scoring = new RunningScoring(Path.Combine(federation.Folder, "scoring"), federation.Logs, line);
        await scoring.VerbAsync("init", "--data", scoring._folder, "--site", site, "--serving", serving);
        var configuration = Path.Combine(scoring._folder, "scoring.yaml");
        var text = await File.ReadAllTextAsync(configuration, Cancel);
        Assert.Contains("listen: 127.0.0.1:8630", text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(configuration, text.Replace("listen: 127.0.0.1:8630", "listen: 127.0.0.1:0", StringComparison.Ordinal) + "\nguard: {least-outcomes: 20}\n", Cancel);
        var added = await scoring.VerbAsync("keys", "add", "ehr", "--data", scoring._folder);
        var program = await scoring._group.StartAsync(new ChildSpecification("site-scoring", Program, ["run", "--data", scoring._folder], scoring.Log));
        await program.Ready.WaitAsync(Cancel);
        scoring._ehr.BaseAddress = new Uri((string)JsonNode.Parse(program.Said)!["address"]!);
        scoring._ehr.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", added.Split('\n').Select(said => said.Trim()).Last(said => said.Length > 0).Split(' ').Last());
        return scoring;
    }

    /// <summary>Completes once the program has taken up what is wanted of the shelf; the signal is the line that it logs for each shelf.</summary>
    public async Task LoadedAsync(string role, string version, int? percent = null)
    {
        while (true)
        {
            var from = FileSignal.LengthOf(Log);
            var line = (await _ehr.GetFromJsonAsync<JsonObject>("v1/models", Cancel))!["models"]!.AsArray().SingleOrDefault();
            if (line?["versions"]!.AsArray().Any(there => (string)there!["role"]! == role && (string)there["version"]! == version && (bool)there["usable"]!) == true && (percent is null || (int)line["percent"]! == percent))
                return;
            await FileSignal.LineAsync(Log, from, Cancel, "is in use");
        }
    }

    /// <summary>Has every patient scored.</summary>
    public async Task<IReadOnlyList<ScoredPatient>> ScoreAsync()
    {
        var reply = await PostAsync("score", new JsonObject
        {
            ["rows"] = new JsonArray([.. Enumerable.Range(0, Patients).Select(patient => new JsonObject
            {
                ["patient"] = $"p{patient}", ["features"] = new JsonObject { ["age"] = 30 + (patient % 50), ["oldpeak"] = (patient * 7 % 40) / 10.0 },
            })]),
        });
        return [.. reply["answers"]!.AsArray().Select(answer => new ScoredPatient((string)answer!["prediction"]!, (string)answer["version"]!, (string)answer["model"]!, (double)(answer["score"] ?? answer["value"])!))];
    }

    /// <summary>Says what came of every patient.</summary>
    public Task TellAsync(IEnumerable<(ScoredPatient Answer, double Outcome)> outcomes) => PostAsync("outcomes", new JsonObject
    {
        ["outcomes"] = new JsonArray([.. outcomes.Index().Select(outcome => new JsonObject
        {
            ["patient"] = $"p{outcome.Index}", ["prediction"] = outcome.Item.Answer.Prediction, ["outcome"] = outcome.Item.Outcome,
        })]),
    });

    public async ValueTask DisposeAsync()
    {
        _ehr.Dispose();
        await _group.DisposeAsync();
    }

    private async Task<JsonObject> PostAsync(string what, JsonObject body)
    {
        using var reply = await _ehr.PostAsJsonAsync($"v1/models/{_line}/{what}", body, Cancel);
        Assert.Equal((HttpStatusCode.OK, ""), (reply.StatusCode, reply.IsSuccessStatusCode ? "" : await reply.Content.ReadAsStringAsync(Cancel)));
        return (await reply.Content.ReadFromJsonAsync<JsonObject>(Cancel))!;
    }

    private async Task<string> VerbAsync(params string[] words)
    {
        var verb = await _group.StartAsync(new ChildSpecification($"site-scoring {words[0]}", Program, words, Path.Combine(_logs, $"scoring-{words[0]}.log")));
        Assert.Equal(0, await verb.Ended.WaitAsync(Cancel));
        return verb.Said;
    }
}

/// <summary>An answer about a patient: the probability, or the number that is predicted, as its score.</summary>
internal sealed record ScoredPatient(string Prediction, string Version, string Model, double Score)
{
    /// <summary>What a clinician sees of it.</summary>
    public (string Version, double Score) Seen => (Version, Score);
}
