using System.Net;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Cli.Enrolment;
using FederatedClinicalMl.Cli.Studies;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Verdict = FederatedClinicalMl.Protos.Federation.StudyVerdict.Types.State;

namespace FederatedClinicalMl.Cli.Launching;

/// <summary>What a site of a <see cref="LocalFederation"/> starts from.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Datasets">Its map of datasets, as in docs/reference/datasets.md.</param>
/// <param name="Policy">Its policy; null: the default.</param>
internal sealed record LocalSiteSettings(string Name, string Datasets, string? Policy = null);

/// <summary>
/// A coordinator and hospitals on this machine, each program in a process of its own, over mutual TLS on loopback: what the demo, the
/// benchmark and the end-to-end tests run. All of its files lie in one folder; its processes end with it.
/// </summary>
internal sealed class LocalFederation : IAsyncDisposable
{
    private const uint InvitationHours = 1;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Executables _programs;
    private readonly ChildGroup _group = new();
    private readonly TimeProvider _time;
    private readonly int _port = LocalPort.Free(); // the invitation names it before the coordinator listens on it
    private Connection? _admin;

    /// <summary>Names the folder; nothing is started yet.</summary>
    /// <param name="folder">Made if it is not there.</param>
    /// <param name="time">The clock.</param>
    /// <param name="programs">What to start; null: what lies beside fcml.</param>
    public LocalFederation(string folder, TimeProvider time, Executables? programs = null)
    {
        (Folder, _time, _programs) = (Path.GetFullPath(folder), time, programs ?? Executables.Find());
        Directory.CreateDirectory(Folder);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute); // keys and, in a demo with data, patients' rows
    }

    /// <summary>Everything lies below this folder.</summary>
    public string Folder { get; }

    /// <summary>Where every process's output goes.</summary>
    public string Logs => Path.Combine(Folder, "logs");

    /// <summary>The coordinator's data folder.</summary>
    public string CoordinatorFolder => Path.Combine(Folder, "coordinator");

    /// <summary>The admin's identity.</summary>
    public string AdminIdentity => Path.Combine(Folder, "admin");

    /// <summary>Where the coordinator listens.</summary>
    public IPEndPoint Address => new(IPAddress.Loopback, _port);

    /// <summary>Whether the coordinator serves pages for people, on loopback.</summary>
    public bool HasDashboard { get; init; }

    /// <summary>What coordinator and gateways are told to tell of themselves, as arguments.</summary>
    public IReadOnlyList<string> Telemetry { get; init; } = [];

    /// <summary>The sites.</summary>
    public IReadOnlyList<LocalSite> Sites { get; private set; } = [];

    /// <summary>The running coordinator.</summary>
    public Child? Coordinator { get; private set; }

    /// <summary>The admin's connection.</summary>
    public Connection Admin => _admin ?? throw new InvalidOperationException("The federation is not started.");

    /// <summary>Starts everything: coordinator, admin, and each site from its folder to its open session.</summary>
    /// <param name="sites">The sites.</param>
    /// <param name="cancel">Stops.</param>
    /// <param name="workersWithoutNetwork">Whether workers start in empty network namespaces (Linux, as root).</param>
    public async Task StartAsync(IReadOnlyList<LocalSiteSettings> sites, CancellationToken cancel, bool workersWithoutNetwork = false)
    {
        Sites = [.. sites.Select(site => new LocalSite(site.Name, Path.Combine(Folder, "sites", site.Name), Logs, _programs, _group) { WorkerWithoutNetwork = workersWithoutNetwork, Telemetry = Telemetry })];
        var workers = Sites.Zip(sites, async (site, settings) =>
        {
            await site.InitialiseAsync(settings.Datasets, settings.Policy, cancel);
            await site.StartWorkerAsync(cancel);
        }).ToArray();
        var invitation = await InitialiseCoordinatorAsync(cancel);
        await StartCoordinatorAsync(cancel);
        using (await EnrolCommand.RedeemAsync(invitation, AdminIdentity, _time, cancel))
            _admin = Connection.Open(AdminIdentity, _time);
        await Task.WhenAll(workers);
        await Task.WhenAll(Sites.Select(async site =>
        {
            await site.EnrolAsync(await InviteAsync(site.Name, cancel), cancel);
            await site.StartGatewayAsync(cancel);
        }));
    }

    /// <summary>Starts the coordinator, the first time or again, and waits until clients can connect.</summary>
    public async Task StartCoordinatorAsync(CancellationToken cancel, IReadOnlyDictionary<string, string>? environment = null)
    {
        Coordinator = await _group.StartAsync(new ChildSpecification(
            "coordinator", _programs.Coordinator, ["run", "--data", CoordinatorFolder, "--listen", Address.ToString(), .. (HasDashboard ? (string[])["--dashboard", "127.0.0.1:0"] : []), .. Telemetry], Path.Combine(Logs, "coordinator.log"), environment));
        await Coordinator.Ready.WaitAsync(cancel);
    }

    /// <summary>Submits a study, has every site's steward confirm the others' keys where it sums under masks, and approve it, and gives its digest once the coordinator knows all of it.</summary>
    public async Task<string> ApproveEverywhereAsync(string yaml, Study study, CancellationToken cancel)
    {
        var named = await MemberKeys.NameAsync(Admin, study, cancel);
        var digest = await SubmitVerb.SubmitAsync(Admin, yaml, named, cancel);
        await VerdictsAsync(digest, verdict => verdict.State != Verdict.Unspecified, cancel); // every steward has it before them
        if (named.Federation.IsMasked)
            await ConfirmEverywhereAsync(named, cancel);
        await Task.WhenAll(Sites.Select(site => site.ApproveAsync(digest, "local federation", cancel)));
        await VerdictsAsync(digest, verdict => verdict.State == Verdict.Approved, cancel);
        return digest;
    }

    // What stewards do by telephone: each reads out what their own worker says, and the others take that down. The coordinator's list has no part in it.
    private async Task ConfirmEverywhereAsync(Study study, CancellationToken cancel)
    {
        var members = Sites.Where(site => study.Federation.Sites.Contains(SiteId.Parse(site.Name))).ToList();
        var read = await Task.WhenAll(members.Select(async site => (site.Name, Fingerprint: await site.FingerprintAsync(cancel))));
        await Task.WhenAll(members.Select(async site =>
        {
            foreach (var (other, fingerprint) in read.Where(one => one.Name != site.Name))
                await site.ConfirmMemberAsync(other, fingerprint, cancel);
        }));
    }

    /// <summary>Starts a run; gives its id.</summary>
    public async Task<string> StartRunAsync(string digest, CancellationToken cancel) =>
        (await Admin.AskAsync(admin => admin.StartRunAsync(new StartRunRequest { StudyDigest = digest }, cancellationToken: cancel), cancel)).Run;

    /// <summary>Waits for <paramref name="work"/>; where a service ends meanwhile, its end is the fault.</summary>
    public async Task<T> WhileAllRunAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var services = Sites.SelectMany(site => (Child[])[site.Worker!, site.Gateway!]).Prepend(Coordinator!).ToArray();
        var working = work(stop.Token);
        var first = await Task.WhenAny([working, .. services.Select(service => service.Ended)]);
        if (first == working)
            return await working;
        await stop.CancelAsync();
        await ((Task)working).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancel.ThrowIfCancellationRequested();
        throw services.First(service => service.Ended.IsCompleted).EndedEarly();
    }

    /// <summary>Asks every process to end, and waits.</summary>
    public Task StopAsync() => _group.StopAsync(Patience, _time);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _admin?.Dispose();
        await _group.DisposeAsync();
    }

    private async Task<string> InitialiseCoordinatorAsync(CancellationToken cancel)
    {
        var child = await _group.StartAsync(new ChildSpecification(
            "coordinator init", _programs.Coordinator, ["init", "--data", CoordinatorFolder, "--host", Address.Address.ToString(), "--port", $"{_port}"],
            Path.Combine(Logs, "coordinator-init.log")));
        await child.SucceedAsync(cancel);
        return child.Said;
    }

    private async Task<string> InviteAsync(string site, CancellationToken cancel)
    {
        var subject = new Subject { Kind = Subject.Types.Kind.Site, Role = Subject.Types.Role.Site, Name = site };
        return (await Admin.AskAsync(admin => admin.InviteAsync(new InviteRequest { Subject = subject, ValidHours = InvitationHours }, cancellationToken: cancel), cancel)).Invitation;
    }

    private async Task VerdictsAsync(string digest, Func<SiteVerdict, bool> wanted, CancellationToken cancel)
    {
        var summaries = Admin.ReadAsync(admin => admin.WatchStudy(new WatchStudyRequest { Digest = digest }, cancellationToken: cancel), cancel);
        await foreach (var summary in summaries)
        {
            if (summary.Verdicts.FirstOrDefault(verdict => verdict.State is Verdict.Refused or Verdict.Revoked) is { } refused)
                throw new CliException(ExitCode.Refused, $"{refused.Site} refuses the study: {refused.Reason}. 'site-worker studies show {digest}' at the site says why.");
            if (summary.Verdicts.All(wanted))
                return;
        }

        throw new CliException(ExitCode.Unreachable, $"The coordinator ended the watch of study {digest} before every site had answered.");
    }
}
