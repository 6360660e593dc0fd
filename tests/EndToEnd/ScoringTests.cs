using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Reflection;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Launching;

namespace FederatedClinicalMl.Tests.EndToEnd;

/// <summary>
/// The life of a model at a hospital, over real processes: trained, promoted by two people, answering; a new version in the shadow, then let in by steps; what it answers turns out wrong, and the site takes it
/// out of use by itself; the coordinator hears of it and lets it in nowhere; and answers go on without coordinator and worker.
/// </summary>
public sealed class ScoringTests(ServingFederation fixture) : ServedLine(fixture), IClassFixture<ServingFederation>, IAsyncLifetime
{
    private const int Patients = 60;

    private static readonly string s_program = typeof(ScoringTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(known => known.Key == "ScoringProgram").Value!;

    private readonly ChildGroup _group = new();
    private readonly HttpClient _ehr = new();

    private string Folder => Path.Combine(Federation.Folder, "scoring");

    private string Log => Path.Combine(Federation.Logs, "scoring.log");

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        _ehr.Dispose();
        await _group.DisposeAsync();
    }

    [Fact(Timeout = 300_000)]
    public async Task Version_that_goes_wrong_is_taken_back_by_the_site_and_answers_go_on_without_coordinator_and_worker()
    {
        var site = Site("cleveland");
        await File.WriteAllTextAsync(Path.Combine(Federation.CoordinatorFolder, "alerts.yaml"), $"alerts: 1\nretraining:\n  {Line}: {{alerts: [model-withdrawn]}}\n", Cancel);
        await EnrolClinicianAsync();
        var (first, signer) = await RegisterAsync("1.0.0");
        await PromoteAsync("1.0.0", "staging");
        await PromoteAsync("1.0.0", "production");
        await site.WorkerVerbAsync(["models", "allow", Line, "--signer", signer, "--modes", "shadow,canary,production"], Cancel);
        await StartScoringAsync(site);
        await LoadedAsync("production", "1.0.0");
        var before = await ScoreAsync();
        Assert.All(before, answer => Assert.Equal(("1.0.0", first.ToString()), ((string)answer["version"]!, (string)answer["model"]!)));

        // A shadow: nobody's answer is another.
        var (second, _) = await RegisterAsync("1.0.1");
        await PromoteAsync("1.0.1", "staging");
        await FcmlAsync("rollout", Line, "1.0.1", "--mode", "shadow", "--reason", "Beside production, unseen");
        await LoadedAsync("shadow", "1.0.1");
        Assert.Equal(before.Select(Answer), (await ScoreAsync()).Select(Answer));

        // Let in by steps: whoever was in stays in.
        var inside = new HashSet<int>();
        foreach (var percent in new[] { 5, 25, 50, 100 })
        {
            await FcmlAsync("rollout", Line, "1.0.1", "--mode", "canary", "--percent", percent.ToString(CultureInfo.InvariantCulture), "--reason", "Next step");
            await LoadedAsync("canary", "1.0.1", percent);
            var now = (await ScoreAsync()).Index().Where(answer => (string)answer.Item["version"]! == "1.0.1").Select(answer => answer.Index).ToHashSet();
            Assert.Superset(inside, now);
            inside = now;
        }

        // What it answers turns out to be wrong: the outcomes are the opposite of what it says.
        var wrong = await ScoreAsync();
        Assert.All(wrong, answer => Assert.Equal("1.0.1", (string)answer["version"]!));
        var middle = wrong.Select(answer => (double)answer["score"]!).Order().ElementAt(Patients / 2);
        await PostAsync($"v1/models/{Line}/outcomes", new JsonObject
        {
            ["outcomes"] = new JsonArray([.. wrong.Index().Select(answer => new JsonObject
            {
                ["patient"] = $"p{answer.Index}", ["prediction"] = (string)answer.Item["prediction"]!, ["outcome"] = (double)answer.Item["score"]! < middle ? 1 : 0,
            })]),
        });
        Assert.Equal(before.Select(Answer), (await ScoreAsync()).Select(Answer));

        // The coordinator hears of it, and lets it in nowhere.
        await ShelfAsync(site, line => line?.Serves.Candidate is null);
        var line = (await Federation.Admin.AskAsync(Federation.Admin.Stages.ListLinesAsync(new ListLinesRequest(), cancellationToken: Cancel), Cancel)).Lines.Single();
        Assert.Null(line.Rollout);
        var told = await Federation.Admin.AskAsync(Federation.Admin.Stages.ListServingAsync(new ListServingRequest { Line = Line }, cancellationToken: Cancel), Cancel);
        Assert.Equal(("cleveland", "1.0.1"), (Assert.Single(told.Withdrawals).Site, told.Withdrawals[0].Version));
        Assert.Contains(told.Withdrawals[0].Reason, new[] { WithdrawalReason.Performance.Word(), WithdrawalReason.Calibration.Word() });
        Assert.True(File.Exists(Path.Combine(Serving(site), ServingPaths.Withdrawal(second))));

        // It tells people, and proposes to train again; a person approves, and there is a new version.
        var alert = await AskedAsync(async () => (await Federation.Admin.AskAsync(Federation.Admin.Monitoring.ListAlertsAsync(new ListAlertsRequest(), cancellationToken: Cancel), Cancel)).Alerts.SingleOrDefault(open => open.Rule == "model-withdrawn"));
        Assert.Equal("critical", alert.Severity);
        Assert.Contains("version=1.0.1", alert.Subject, StringComparison.Ordinal);
        var incident = Assert.Single((await Federation.Admin.AskAsync(Federation.Admin.Monitoring.ListIncidentsAsync(new ListIncidentsRequest(), cancellationToken: Cancel), Cancel)).Incidents);
        Assert.Contains(alert.Number, incident.Alerts);
        var proposal = await AskedAsync(async () => (await ProposalsAsync()).SingleOrDefault(open => open.State == "open"));
        Assert.Empty(Assert.Single(proposal.Candidates).Changes);
        Assert.Equal(0, await FcmlCommand.RunAsync(["proposals", "approve", $"{proposal.Number}", "--reason", "Train it again", "--identity", Federation.AdminIdentity], TimeProvider.System));
        var state = (await FollowAsync(Assert.Single(await ProposalsAsync()).Run)).State;
        await FcmlAsync("confirm", state.Model!.Value.ToString(), "--as", "1.0.2");

        await Federation.Coordinator!.KillAsync();
        await site.Worker!.KillAsync();
        Assert.Equal(before.Select(Answer), (await ScoreAsync()).Select(Answer));
    }

    private async Task<IReadOnlyList<ProposalSummary>> ProposalsAsync() =>
        (await Federation.Admin.AskAsync(Federation.Admin.Monitoring.ListProposalsAsync(new ListProposalsRequest(), cancellationToken: Cancel), Cancel)).Proposals;

    // What the coordinator tells within its five seconds: it is asked until it has.
    private static async Task<T> AskedAsync<T>(Func<Task<T?>> ask)
        where T : class
    {
        while (true)
        {
            if (await ask() is { } told)
                return told;
        }
    }

    private static (string Version, double Score) Answer(JsonObject answer) => ((string)answer["version"]!, (double)answer["score"]!);

    private async Task StartScoringAsync(LocalSite site)
    {
        await VerbAsync("init", "--data", Folder, "--site", site.Name, "--serving", Serving(site));
        var configuration = Path.Combine(Folder, "scoring.yaml");
        var text = await File.ReadAllTextAsync(configuration, Cancel);
        Assert.Contains("listen: 127.0.0.1:8630", text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(configuration, text.Replace("listen: 127.0.0.1:8630", "listen: 127.0.0.1:0", StringComparison.Ordinal) + "\nguard: {least-outcomes: 20}\n", Cancel);
        var added = await VerbAsync("keys", "add", "ehr", "--data", Folder);
        var program = await _group.StartAsync(new ChildSpecification("site-scoring", ScoringProgram, ["run", "--data", Folder], Log));
        await program.Ready.WaitAsync(Cancel);
        _ehr.BaseAddress = new Uri((string)JsonNode.Parse(program.Said)!["address"]!);
        _ehr.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", added.Split('\n').Select(said => said.Trim()).Last(said => said.Length > 0).Split(' ').Last());
    }

    private static string ScoringProgram => Path.ChangeExtension(s_program, OperatingSystem.IsWindows() ? ".exe" : null);

    private async Task<string> VerbAsync(params string[] words)
    {
        var log = Path.Combine(Federation.Logs, $"scoring-{words[0]}.log");
        var verb = await _group.StartAsync(new ChildSpecification($"site-scoring {words[0]}", ScoringProgram, words, log));
        Assert.Equal(0, await verb.Ended.WaitAsync(Cancel));
        return verb.Said;
    }

    // Completes once the scoring program has taken up what is wanted of the shelf; the signal is the line that it logs for each shelf.
    private async Task LoadedAsync(string role, string version, int? percent = null)
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

    private async Task<IReadOnlyList<JsonObject>> ScoreAsync()
    {
        var reply = await PostAsync($"v1/models/{Line}/score", new JsonObject
        {
            ["rows"] = new JsonArray([.. Enumerable.Range(0, Patients).Select(patient => new JsonObject
            {
                ["patient"] = $"p{patient}", ["features"] = new JsonObject { ["age"] = 30 + (patient % 50), ["oldpeak"] = (patient * 7 % 40) / 10.0 },
            })]),
        });
        return [.. reply["answers"]!.AsArray().Select(answer => answer!.AsObject())];
    }

    private async Task<JsonObject> PostAsync(string path, JsonObject body)
    {
        using var reply = await _ehr.PostAsJsonAsync(path, body, Cancel);
        Assert.Equal((HttpStatusCode.OK, ""), (reply.StatusCode, reply.IsSuccessStatusCode ? "" : await reply.Content.ReadAsStringAsync(Cancel)));
        return (await reply.Content.ReadFromJsonAsync<JsonObject>(Cancel))!;
    }
}
