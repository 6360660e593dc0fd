using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;

namespace FederatedClinicalMl.Tests.EndToEnd;

/// <summary>
/// The life of a model at a hospital, over real processes: trained, promoted by two people, answering; a new version in the shadow, then let in by steps; what it answers turns out wrong, and the site takes it
/// out of use by itself; the coordinator hears of it and lets it in nowhere, tells people and proposes to train again; a person approves, and there is a new version; and answers go on without coordinator and
/// worker. What people decide on the way they decide as the class says: by script, or by page.
/// </summary>
public abstract class LifeTests(ServingFederation fixture) : ServedLine(fixture)
{
    /// <summary>Somebody sees to an alert, and closes its incident.</summary>
    private protected abstract Task SeeToAsync(AlertSummary alert, IncidentSummary incident);

    /// <summary>Somebody approves that it is trained again.</summary>
    private protected abstract Task ApproveAsync(ProposalSummary proposal, string reason);

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
        await using var scoring = await RunningScoring.StartAsync(Federation, site.Name, Serving(site), Line);
        await scoring.LoadedAsync("production", "1.0.0");
        var before = await scoring.ScoreAsync();
        Assert.All(before, answer => Assert.Equal(("1.0.0", first.ToString()), (answer.Version, answer.Model)));

        // A shadow: nobody's answer is another.
        var (second, _) = await RegisterAsync("1.0.1");
        await PromoteAsync("1.0.1", "staging");
        await LetInAsync("1.0.1", RolloutMode.Shadow, percent: null, "Beside production, unseen");
        await scoring.LoadedAsync("shadow", "1.0.1");
        Assert.Equal(before.Select(answer => answer.Seen), (await scoring.ScoreAsync()).Select(answer => answer.Seen));

        // Let in by steps: whoever was in stays in.
        var inside = new HashSet<int>();
        foreach (var percent in new[] { 5, 25, 50, 100 })
        {
            await LetInAsync("1.0.1", RolloutMode.Canary, percent, "Next step");
            await scoring.LoadedAsync("canary", "1.0.1", percent);
            var now = (await scoring.ScoreAsync()).Index().Where(answer => answer.Item.Version == "1.0.1").Select(answer => answer.Index).ToHashSet();
            Assert.Superset(inside, now);
            inside = now;
        }

        // What it answers turns out to be wrong: the outcomes are the opposite of what it says.
        var wrong = await scoring.ScoreAsync();
        Assert.All(wrong, answer => Assert.Equal("1.0.1", answer.Version));
        var middle = wrong.Select(answer => answer.Score).Order().ElementAt(RunningScoring.Patients / 2);
        await scoring.TellAsync(wrong.Select(answer => (answer, answer.Score < middle ? 1.0 : 0)));
        Assert.Equal(before.Select(answer => answer.Seen), (await scoring.ScoreAsync()).Select(answer => answer.Seen));

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
        await SeeToAsync(alert, incident);
        await ApproveAsync(proposal, "Train it again");
        var state = (await FollowAsync(Assert.Single(await ProposalsAsync()).Run)).State;
        await ConfirmAsync(state.Model!.Value, "1.0.2");
        var entry = ModelManifest.Read(await File.ReadAllBytesAsync(Path.Combine(Federation.CoordinatorFolder, "models", $"{state.Model}", ModelFileNames.Manifest), Cancel)).Entry;
        Assert.Equal(first, entry.Parent);
        Assert.Contains(".NET", entry.Environment!, StringComparison.Ordinal);

        await Federation.Coordinator!.KillAsync();
        await site.Worker!.KillAsync();
        Assert.Equal(before.Select(answer => answer.Seen), (await scoring.ScoreAsync()).Select(answer => answer.Seen));
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
}
