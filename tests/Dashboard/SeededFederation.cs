using System.Collections.Immutable;
using System.Net;
using FederatedClinicalMl.Coordinator.Dashboard;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.SiteAgent.Gateway;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Coordinator;
using Google.Protobuf;
using RunEvent = FederatedClinicalMl.Coordinator.Rounds.RunEvent;

namespace FederatedClinicalMl.Tests.Dashboard;

/// <summary>
/// The production coordinator with its dashboard, and in it: four hospitals of which three are connected, a person of each role, two finished runs of a line whose first version is in production and whose second waits for
/// people, a run under way, and a study whose words are hostile.
/// </summary>
public sealed class SeededFederation : IAsyncLifetime
{
    internal const string Hostile = "<script>window.broken=1</script><img src=x onerror=window.broken=1>";

    private static readonly string[] s_sites = ["cleveland", "hungarian", "switzerland", "va-long-beach"];
    private static readonly DateTimeOffset s_start = new(2026, 11, 23, 8, 0, 0, TimeSpan.Zero);

    private static readonly FederatedClinicalMl.Coordinator.Enrolment.Member s_ada = new(Roles.Admin, "ada"), s_rosalind = new(Roles.Researcher, "rosalind"), s_grace = new(Roles.Clinician, "grace");

    private readonly List<SigningKey> _workers = [];
    private readonly List<SiteStream> _streams = [];
    private readonly Dictionary<Roles, Person> _people = [];

    internal static readonly Study First = Seed.StudyOf("heart-disease", "Coronary artery disease from routine examination", s_sites, 12);
    internal static readonly Study Second = Seed.StudyOf("heart-disease", "Coronary artery disease from routine examination", s_sites, 12, rate: 0.15);
    internal static readonly Study Third = Seed.StudyOf("heart-disease", "Coronary artery disease, with a third of the rounds more", s_sites, 16, rate: 0.15);
    internal static readonly Study HostileStudy = Seed.StudyOf("not-markup", Hostile, s_sites, 3);

    internal static readonly RunId FirstRun = RunId.Parse("1a4f0c7720d3b951"), SecondRun = RunId.Parse("7be2915c03fa6d48"), LiveRun = RunId.Parse("c09d5e1f6ab34722"), AskedRun = RunId.Parse("42d2a7c39b5e6f01"), ProfileRun = RunId.Parse("58b3e90d4c17fa26");

    internal RunningCoordinator Coordinator { get; private set; } = null!;

    internal IReadOnlyList<RunEvent> LiveJournal { get; private set; } = [];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Coordinator = await RunningCoordinator.StartAsync(dashboard: new DashboardListener(new IPEndPoint(IPAddress.Loopback, 0)));
        foreach (var role in (Roles[])[Roles.Admin, Roles.Researcher, Roles.Clinician, Roles.Auditor])
            _people[role] = await Person.EnrolAsync(Coordinator, role, role switch { Roles.Admin => "ada", Roles.Researcher => "rosalind", Roles.Clinician => "grace", _ => "florence" });
        await SubmitAsync();
        foreach (var (at, name) in s_sites.Index())
        {
            _workers.Add(SigningKey.Create());
            var site = await Coordinator.EnrolSiteAsync(name, _workers[at]);
            if (at == 2)
                continue; // enrolled, and not here
            var stream = await SiteStream.OpenAsync(Coordinator, site, _workers[at]);
            _streams.Add(stream);
            await stream.NextAsync(CoordinatorMessage.BodyOneofCase.Welcome);
            foreach (var study in (Study[])[First, Second, Third])
                await stream.ApproveAsync(study.Digest);
        }

        Append(FirstRun, Make(First, FirstRun, s_start, answers: (step, site) => site.Value == "switzerland" && step.Round.Value is 4 or 5 ? SiteReason.DataQuality : null).Play(Registry));
        Append(SecondRun, Make(Second, SecondRun, s_start.AddDays(1), skill: round => 2.5 * (1 - Math.Exp(-round / 3.0))).Play(Registry));
        LiveJournal = Make(Third, LiveRun, s_start.AddDays(3).AddHours(6), answers: (step, site) => site.Value == "va-long-beach" && step.Round.Value == 2 ? SiteReason.WorkerUnreachable : null, stopAfter: 6).Play(registry: null);
        Append(LiveRun, LiveJournal);
        Decide();
        var served = Registry.List().Single(entry => entry.Run == FirstRun);
        Append(AskedRun, new Seed(First, AskedRun, [.. s_sites.Select(SiteId.Parse).Order()], s_start.AddDays(2), Folder.Key, Coordinator.Service<ResultStore>())
        {
            Asked = (served, new MonitoringOrder(served.Name, new ServedVersion(ModelVersion.First, served.Digest))),
        }.Play(registry: null));
        AppendProfile(ProfileRun, Third, rows: 60);
    }

    /// <summary>A link for somebody of a role.</summary>
    internal async Task<string> LinkAsync(Roles role) => (await _people[role].Calls.SignInAsync(new SignInRequest(), cancellationToken: Stop)).Link;

    /// <summary>Puts events into the journal of a run, as its process would.</summary>
    internal void Append(RunId run, IReadOnlyList<RunEvent> events)
    {
        var journal = Coordinator.Service<IRunJournal>();
        journal.Append(run, journal.Read(run).Count, events);
        Coordinator.Service<RunFeed>().Happened(run);
    }

    /// <summary>A run's script over what the coordinator has.</summary>
    internal Seed Make(Study study, RunId run, DateTimeOffset start, Func<StepId, SiteId, SiteReason?>? answers = null, Func<int, double>? skill = null, int stopAfter = int.MaxValue) =>
        new(study, run, [.. study.Federation.Sites.Order()], start, Folder.Key, Coordinator.Service<ResultStore>())
        {
            StopAfterRound = stopAfter, Answers = answers ?? ((_, _) => null), Skill = skill ?? (round => 2.2 * (1 - Math.Exp(-round / 4.0))),
        };

    /// <summary>Submits a study that predicts a number, with two finished runs of it.</summary>
    internal async Task<(Study Study, ImmutableArray<RunId> Runs)> AddNumberAsync()
    {
        var yaml = Seed.NumberYamlOf("length-of-stay", "Days in hospital", s_sites, 8);
        var check = StudyChecker.CheckYaml(yaml);
        var study = check.Study ?? throw new InvalidOperationException(string.Join('\n', check.Faults));
        await _people[Roles.Researcher].SubmitAsync(study, yaml);
        ImmutableArray<RunId> runs = [RunId.Parse("90000000000000a1"), RunId.Parse("90000000000000a2")];
        foreach (var (at, run) in runs.Index())
            Append(run, Make(study, run, s_start.AddDays(at), skill: round => 2 + (round * (at + 1))).Play(Registry));
        return (study, runs);
    }

    /// <summary>Puts there a profile of a study, by cleveland and hungarian, that came three days after the start.</summary>
    internal void AppendProfile(RunId run, Study study, int rows) =>
        Append(run, new Seed(study, run, [SiteId.Parse("cleveland"), SiteId.Parse("hungarian")], s_start.AddDays(3), Folder.Key, Coordinator.Service<ResultStore>()) { ProfiledRows = rows }.Play(registry: null));

    /// <summary>Lets sites tell what the first model of <see cref="AddNumberAsync"/> did, as version 1.0.0.</summary>
    internal MonitoringOrder TellOfNumber(Study study, RunId first)
    {
        var model = Registry.List().Single(entry => entry.Run == first);
        var order = new MonitoringOrder(model.Name, new ServedVersion(ModelVersion.First, model.Digest));
        var run = RunId.Parse("90000000000000a3");
        Append(run, new Seed(study, run, [.. s_sites.Select(SiteId.Parse).Order()], s_start.AddDays(2), Folder.Key, Coordinator.Service<ResultStore>()) { Asked = (model, order) }.Play(registry: null));
        return order;
    }

    /// <summary>Lets sites tell what a version did beside the first of its line.</summary>
    internal void TellOfSecond(RunId run, Study study, RunId of)
    {
        var model = Registry.List().Single(entry => entry.Run == of);
        var order = new MonitoringOrder(model.Name, new ServedVersion(Coordinator.Service<ModelLines>().Of(model.Name).Of(model.Digest)!.Version, model.Digest));
        Append(run, new Seed(study, run, [.. s_sites.Select(SiteId.Parse).Order()], s_start.AddDays(2), Folder.Key, Coordinator.Service<ResultStore>()) { Asked = (model, order) }.Play(registry: null));
    }

    /// <summary>Brings a version to a stage, by ada and grace, as if its gates had passed.</summary>
    internal void Promote(string line, string version, params ModelStage[] stages)
    {
        var desk = Coordinator.Service<FederatedClinicalMl.Coordinator.Api.StageDesk>();
        foreach (var stage in stages)
        {
            Coordinator.Service<ModelLines>().Handle(line, s_rosalind, _ => new AskPromotion(ModelVersion.Parse(version), stage, Passed));
            desk.Approve(line, version, stage.Word(), "Discrimination and calibration hold at every site.", s_ada);
            desk.Approve(line, version, stage.Word(), "It agrees with how we would have judged; a clinician reads every alarm.", s_grace);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _streams.ForEach(stream => stream.Dispose());
        foreach (var person in _people.Values)
            person.Dispose();
        await Coordinator.DisposeAsync();
        _workers.ForEach(worker => worker.Dispose());
    }

    internal ModelRegistry Registry => Coordinator.Service<ModelRegistry>();

    private DataFolder Folder => Coordinator.Service<DataFolder>();

    private async Task SubmitAsync()
    {
        foreach (var study in (Study[])[First, Second, Third, HostileStudy])
            await _people[Roles.Researcher].SubmitAsync(study, study == HostileStudy ? $"# {Hostile}\n" : Seed.YamlOf(study.Name, study.Title, s_sites, study.Federation.Rounds));
    }

    private void Decide()
    {
        var lines = Coordinator.Service<ModelLines>();
        var desk = Coordinator.Service<FederatedClinicalMl.Coordinator.Api.StageDesk>();
        var models = Registry.List().ToDictionary(entry => entry.Run);
        desk.Confirm(models[FirstRun].Digest.ToString(), "1.0.0", s_rosalind);
        Promote("heart-disease", "1.0.0", ModelStage.Staging, ModelStage.Production);
        desk.Confirm(models[SecondRun].Digest.ToString(), desk.Propose(models[SecondRun].Digest.ToString()).Proposal.Version.ToString(), s_rosalind);
        lines.Handle("heart-disease", s_rosalind, line => new AskPromotion(line.Greatest!.Value, ModelStage.Staging, Passed));
        desk.Approve("heart-disease", lines.Of("heart-disease").Greatest.ToString()!, "staging", "Better in every site's own figures.", s_ada);
    }

    // Gates of made scores are beside the point here: what waits is what they came to when they passed.
    private static GateReport Passed => new(
    [
        new GateResult("auroc", true, "0.842, lower end of the 95 % interval 0.806, pooled from sums; above 0.700 is needed."),
        new GateResult("calibration-slope", true, "1.041, pooled from sums; from 0.80 to 1.25 is needed."),
        new GateResult("ece", true, "0.021, pooled from sums; at most 0.050 is needed."),
        new GateResult("sites", true, "cleveland 0.846 (from 0.801), hungarian 0.832 (from 0.784), switzerland 0.811 (from 0.755); 1 withheld theirs; the lower end of each 95 % interval above 0.700 is needed."),
    ]);
}
