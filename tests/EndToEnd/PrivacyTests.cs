using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Cli.Studies;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Launching;

namespace FederatedClinicalMl.Tests.EndToEnd;

/// <summary>A study under differential privacy over real processes: what becomes of a worker that is restored from yesterday's backup, and of a site whose steward allows no more.</summary>
public sealed class PrivacyTests : IAsyncLifetime
{
    private const string Study = """
        protocol: 1
        name: private
        title: One round under differential privacy
        purpose: Show that budgets are kept
        ethics: Generated rows, nobody's
        data:
          dataset: heart-disease
          features:
            - {name: age, unit: a, range: [18, 110], missing: mean, constants: {mean: 54, sd: 9}}
            - {name: oldpeak, unit: mm, range: [-5, 10], missing: mean, constants: {mean: 0.9, sd: 1.1}}
          label: {name: num, above: 0}
        model: {kind: logistic-regression}
        training: {learning-rate: 0.5, local-steps: 2}
        federation: {rounds: 1, sites: [cleveland, hungarian, va], quorum: 1, weighting: equal, aggregation: plain}
        evaluation: {every: 1}
        privacy: {dp: {noise-multiplier: 4, clipping-norm: 1, sampling-rate: 0.2, patients: 100, evaluation: {noise-multiplier: 4}}}
        """;

    private static readonly string[] s_sites = ["cleveland", "hungarian", "va"];

    private readonly string _folder = Directory.CreateTempSubdirectory("fcml-").FullName;
    private LocalFederation _federation = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _federation = new LocalFederation(Path.Combine(_folder, "f"), TimeProvider.System, TestFederation.Programs());
        var tables = SyntheticHearts.Generate(1).Select(hospital => hospital.Table).Where(table => s_sites.Contains(table.Site)).ToDictionary(table => table.Site);
        await _federation.StartAsync([.. s_sites.Select(site =>
        {
            var rows = Path.Combine(_folder, $"{site}.csv");
            tables[site].WriteCsv(rows);
            return new LocalSiteSettings(site, $"datasets: {{heart-disease: {{path: '{rows}', format: csv}}}}\n", Policy(3));
        })], Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await _federation.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact(Timeout = 180_000)]
    public async Task Restored_worker_and_one_whose_ceiling_was_lowered_refuse_and_the_run_goes_on_without_them()
    {
        var study = StudyChecker.CheckYaml(Study).Study!;
        var digest = await _federation.ApproveEverywhereAsync(Study, study, Cancel);
        var (hungarian, va) = (_federation.Sites[1], _federation.Sites[2]);
        var yesterday = Path.Combine(_folder, "yesterday");
        Copy(va.WorkerFolder, yesterday);

        var first = (await RunAsync(digest)).State;
        Assert.Equal(RunStatus.Registered, first.Status);
        Assert.All(first.History, step => Assert.Equal(s_sites, step.Participants.Select(site => site.Value)));
        var spent = (await TotalAsync(va)).Spent;
        Assert.InRange(spent, 0.1, 3);

        await va.Worker!.StopAsync(TimeSpan.FromSeconds(20), TimeProvider.System);
        Directory.Delete(va.WorkerFolder, recursive: true);
        Copy(yesterday, va.WorkerFolder);
        await va.StartWorkerAsync(Cancel);
        Assert.Equal(0, (await TotalAsync(va)).Spent); // it has forgotten
        await File.WriteAllTextAsync(Path.Combine(hungarian.WorkerFolder, "policy.yaml"), Policy(spent + 0.01), Cancel);

        var second = (await RunAsync(digest)).State;

        Assert.Equal(RunStatus.Registered, second.Status);
        Assert.All(second.History, step => Assert.Equal(["cleveland"], step.Participants.Select(site => site.Value)));
        Assert.Equal(SiteReason.PrivacyBudgetSpent, Declined(second, "hungarian"));
        Assert.Equal(SiteReason.PrivacyLedgerUnresolved, Declined(second, "va"));
        Assert.Single((await LedgerAsync(va)).Behind);

        await va.WorkerVerbAsync(["ledger", "resolve", "--spent", "1", "--steward", "grace", "--note", "one run since the backup"], Cancel);
        var third = (await RunAsync(digest)).State;

        Assert.All(third.History, step => Assert.Equal(["cleveland", "va"], step.Participants.Select(site => site.Value)));
        Assert.True((await TotalAsync(va)).Spent > 1);

        var (code, said) = await CrossVerifyAsync(); // what its log has lost, the coordinator has
        Assert.Equal((int)FederatedClinicalMl.Cli.ExitCode.NotVerified, code);
        Assert.Contains("va: the coordinator has taken the release", said, StringComparison.Ordinal);
        Assert.Contains("It was removed from the worker's log", said, StringComparison.Ordinal);
    }

    /// <summary>docs/decisions/0028-replay-in-parts.md, as researcher and stewards walk it.</summary>
    [Fact(Timeout = 180_000)]
    public async Task Masked_run_under_privacy_is_replayed_from_its_sums_and_by_each_hospitals_worker()
    {
        var text = Study.Replace("name: private", "name: private-masked", StringComparison.Ordinal).Replace("quorum: 1", "quorum: 3", StringComparison.Ordinal).Replace("aggregation: plain", "aggregation: secure", StringComparison.Ordinal);
        var study = StudyChecker.CheckYaml(text).Study!;
        var state = (await RunAsync(await _federation.ApproveEverywhereAsync(text, study, Cancel))).State;
        Assert.Equal(RunStatus.Registered, state.Status);
        var (run, model, statements) = (state.Plan.Run.Value, Path.Combine(_folder, "model"), Directory.CreateDirectory(Path.Combine(_folder, "statements")).FullName);
        await FcmlAsync("models", "export", run, "--out", model, "--rounds", "--identity", _federation.AdminIdentity);

        foreach (var site in _federation.Sites)
            await site.WorkerVerbAsync(["replay", run, "--model", model, "--out", Path.Combine(statements, $"{site.Name}.json")], Cancel);

        Assert.Equal((0, ""), await CrossVerifyAsync());
        Assert.Contains("replayed: sums equal and every release equal at 3 sites", await FcmlAsync("replay", "--folder", model, "--statements", statements), StringComparison.Ordinal);
        Assert.All(_federation.Sites, site => Assert.Equal(2, File.ReadLines(Path.Combine(site.WorkerFolder, "audit.log")).Count(line => line.Contains("\"kind\":\"privacy-charged\"", StringComparison.Ordinal))));
    }

    /// <summary>Each hospital's list of what it released against the coordinator's journal, as an auditor does it.</summary>
    private async Task<(int Code, string Error)> CrossVerifyAsync()
    {
        var lists = Directory.CreateDirectory(Path.Combine(_folder, "lists")).FullName;
        foreach (var site in _federation.Sites)
            await site.WorkerVerbAsync(["audit", "releases", "--out", Path.Combine(lists, $"{site.Name}.json")], Cancel);
        var (code, _, error) = await RunFcmlAsync("audit", "verify", "--with-sites", lists, "--identity", _federation.AdminIdentity);
        return (code, error);
    }

    private static async Task<string> FcmlAsync(params string[] words)
    {
        var (code, output, error) = await RunFcmlAsync(words);
        Assert.True(code == 0, error);
        return output;
    }

    private static async Task<(int Code, string Output, string Error)> RunFcmlAsync(params string[] words)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await FederatedClinicalMl.Cli.FcmlCommand.InvokeAsync(
            words, TimeProvider.System, new System.CommandLine.InvocationConfiguration { EnableDefaultExceptionHandler = false, Output = output, Error = error }, Cancel);
        return (code, output.ToString(), error.ToString());
    }

    private static SiteReason Declined(RunState state, string site) => ((DeclinedAnswer)state.History[0].Sites[SiteId.Parse(site)]).Reason;

    private static string Policy(double epsilon)
    {
        var ceiling = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{{epsilon: {epsilon:R}, delta: 1e-6}}");
        return PolicyReader.Default.Replace("privacy: none", $"privacy: {{total: {ceiling}, study: {ceiling}, year: {ceiling}}}", StringComparison.Ordinal);
    }

    private async Task<RunView> RunAsync(string digest)
    {
        var run = await _federation.StartRunAsync(digest, Cancel);
        return await WatchVerb.FollowAsync(_federation.Admin, run, FederatedClinicalMl.Cli.Terminal.Silent, Cancel);
    }

    private static async Task<LedgerReply> LedgerAsync(LocalSite site) => LedgerReply.Parser.ParseJson(await site.WorkerVerbAsync(["ledger", "show", "--json"], Cancel));

    private static async Task<Protos.Steward.LedgerAccount> TotalAsync(LocalSite site) =>
        (await LedgerAsync(site)).Populations.Single().Accounts.Single(account => account.Scope == "total");

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var folder in Directory.EnumerateDirectories(from, "*", SearchOption.AllDirectories))
            Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, folder)));
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith(".sock", StringComparison.Ordinal) && Path.GetFileName(file) != "lock"))
            File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)));
    }
}
