using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using RunEvent = FederatedClinicalMl.Coordinator.Rounds.RunEvent;

namespace FederatedClinicalMl.Tests.Dashboard;

/// <summary>
/// Runs as a coordinator's journal has them, decided by the production's rules from sites that answer by a script; their evaluations are real histograms of made scores. So pages can be looked at that
/// would take hours to come about.
/// </summary>
internal sealed class Seed(Study study, RunId run, ImmutableArray<SiteId> sites, DateTimeOffset start, SigningKey key, ResultStore results)
{
    private static readonly string[] s_capabilities = ["avx2;threads=1", "avx512;threads=1"];

    private readonly List<RunEvent> _journal = [];
    private DateTimeOffset _now = start;
    private RunState? _state; // of the journal so far: a fold for each command would be quadratic in five hundred rounds

    /// <summary>What a site answers to a step: null, that it took part; a reason, that it declined.</summary>
    public Func<StepId, SiteId, SiteReason?> Answers { get; init; } = (_, _) => null;

    /// <summary>How long a site takes.</summary>
    public Func<SiteId, double> Seconds { get; init; } = site => 1 + (Math.Abs(StringComparer.Ordinal.Compare(site.Value, "m")) % 7 * 0.4);

    /// <summary>How far the model has come after a round: scores of the classes are this many logits apart.</summary>
    public Func<int, double> Skill { get; init; } = round => 2.2 * (1 - Math.Exp(-round / 4.0));

    /// <summary>How many events of the last step to leave out, so that the run is under way; 0: it is over.</summary>
    public int StopAfterRound { get; init; } = int.MaxValue;

    /// <summary>Of which version the sites are asked what it did, where the run is of that kind.</summary>
    public (ModelEntry Model, MonitoringOrder Of)? Asked { get; init; }

    /// <summary>How many rows of each site are profiled, where the run is of that kind.</summary>
    public int? ProfiledRows { get; init; }

    /// <summary>Plays the run and puts what it came to where the coordinator has it.</summary>
    /// <param name="registry">Where the model goes; null: nowhere, the run stays at that.</param>
    public IReadOnlyList<RunEvent> Play(ModelRegistry? registry)
    {
        var plan = Plan();
        Add(new RunCreated(_now, plan));
        while (_state is { Ended: false } state)
        {
            if (state.Status == RunStatus.Created)
            {
                Decide(state, new StartRun(_now));
            }
            else if (state.Status == RunStatus.Completed)
            {
                var records = Enumerable.Range(1, plan.Rounds).Select(round => RoundRecord.Sign(state, new RoundNumber(round), _now, key)).ToList();
                records.ForEach(Add);
                if (registry is null)
                    return _journal;
                var model = registry.Register(new ModelSource(study, _state!, records, ModelRegistry.OurSoftware), results, key);
                Decide(state, new ModelRegistered(_now, model));
            }
            else if (state.Step is { Participants: not null } closed)
            {
                var (result, length) = Result(closed);
                Decide(state, new StepMerged(_now, closed.Id, result, length));
            }
            else if (state.Step is { } open)
            {
                if (!Answer(state, open))
                    return _journal;
            }
        }

        return _journal;
    }

    private RunPlan Plan()
    {
        if (Asked is { } asked)
            return RunPlan.ForMonitoring(run, study, sites, asked.Model, asked.Of);
        if (ProfiledRows is not null)
            return RunPlan.ForProfile(run, study, sites, Digest("initial"), 8);
        var initial = ModelPlan.For(study).InitialParameters();
        var bytes = MemoryMarshal.AsBytes(initial.AsSpan());
        return RunPlan.For(run, study, sites, results.Write(bytes), bytes.Length, results.Write(PreprocessingConstants.Freeze(study, null).Canonical.Span), _ => null, _ => KeyRenewals.None);
    }

    // Sites answer in the order of how long they take; in the round after which the run is to be under way the slowest has not.
    private bool Answer(RunState state, StepState open)
    {
        var opened = open.Opened;
        var waiting = open.Invited.Where(site => !open.Answers.ContainsKey(site)).OrderBy(Seconds).ToList();
        if (open.Id.Round.Value > StopAfterRound && waiting.Count <= 1)
            return false;
        var site = waiting[0];
        _now = opened + TimeSpan.FromMilliseconds(Math.Round(Seconds(site) * 1000));
        if (Answers(open.Id, site) is { } reason)
            Decide(state, new DeclineStep(_now, open.Id, site, reason));
        else
            Decide(state, new ReleaseStaged(_now, open.Id, site, Digest($"{open.Id} {site}"), open.Id.Kind == StepKind.Training ? 200 + (site.Value.Length * 13) : 0, Origin(open.Id, site)));
        return true;
    }

    private static ReleaseOrigin Origin(StepId step, SiteId site) => new(Digest($"data of {site}"), "0.1.0", s_capabilities[site.Value.Length % 2], step.Kind == StepKind.Training ? 0 : 10);

    private (Sha256Digest Result, long Length) Result(StepState step)
    {
        byte[] content = step.Id.Kind switch
        {
            StepKind.Monitoring => SiteMonitoring.Merge(step.Participants!.Value.Select(site => (site, ServedSeed.Tells(study, Asked!.Value.Of, site.Value)))).Write(study),
            StepKind.Profile => StudyProfile.Merge(step.Participants!.Value.Select(site => (site, Profile(site, ProfiledRows!.Value)))).Write(study),
            StepKind.Evaluation when study.Data.Label.Number is { } number => Errors(number, 1 + (3 / Skill(step.Id.Round.Value)), step.Participants!.Value.Length).Write(),
            StepKind.SiteMetrics when study.Data.Label.Number is { } number => SiteMetrics.Merge(step.Participants!.Value.Select((site, at) => (site, at == 3
                ? SiteMetricsReport.WithheldByPolicy
                : SiteMetricsReport.OfNumber(Errors(number, 2 + (0.5 * at), 1).Number!.Errors)))).Write(),
            StepKind.Evaluation => Evaluation(Skill(step.Id.Round.Value), 1200, step.Participants!.Value.Length).Write(),
            StepKind.SiteMetrics => SiteMetrics.Merge(step.Participants!.Value.Select((site, at) => (site, at == 3
                ? SiteMetricsReport.WithheldByPolicy
                : SiteMetricsReport.Of(Scores(Skill(study.Federation.Rounds) - (0.15 * (at % 5)), Math.Max(120, 300 - (40 * at))), 10)))).Write(),
            _ => [.. MemoryMarshal.AsBytes(ModelPlan.For(study).InitialParameters().Select((value, at) => value + (0.01f * (step.Id.Round.Value + at))).ToArray().AsSpan())],
        };
        return (results.Write(content), content.Length);
    }

    // By sites that withhold what fewer than five have: at cleveland three have the fourth kind of chest pain and no oldpeak, at others twenty and a quarter.
    private ProfileReport Profile(SiteId site, int rows)
    {
        var isFew = site.Value == "cleveland";
        return ProfileReport.Of(
            study, [.. Enumerable.Range(0, rows).SelectMany(row => new[] { 40.0 + (row % 30), row < (isFew ? 3 : 20) ? 4 : 1, 150 + (row % 20), (isFew ? row < 3 : row % 4 == 0) ? double.NaN : 1 })],
            [.. Enumerable.Range(0, rows).Select(row => row % 2 == 0 ? 1f : 0f)], [], minimum: 5);
    }

    // Of rows aged 40 to 69 with each kind of chest pain; every second subgroup is told by all sites but one.
    private EvaluationReport Evaluation(double skill, int rows, int told)
    {
        var (logits, labels) = Rows(skill, rows);
        var report = EvaluationReport.Of(study, logits, [.. labels.Select(label => label ? 1f : 0)], [.. Enumerable.Range(0, rows).SelectMany(at => new[] { 40.0 + (at % 30), 1 + (at / 3 % 4), 150, 1 })], 10);
        return report.Subgroups is not { } groups ? report : report with
        {
            Subgroups = new SubgroupSums<ScoreHistogram>(told, [.. groups.Partitions.Select(partition => ImmutableArray.CreateRange(partition, group => group with { Sites = group.Sites == 0 ? 0 : told - (partition.IndexOf(group) % 2) }))]),
        };
    }

    // Of rows aged 40 to 69 at each site: stays of 2 to 21 days, and predictions that are off by as much as is said, those of the old by half as much again.
    private EvaluationReport Errors(NumericOutcome number, double off, int sites)
    {
        var rows = Enumerable.Range(0, 300).Select(at => (Age: 40.0 + (at % 30), Days: 2 + (at % 20), Off: (at / 20 % 2 == 0 ? off : -off) * (at % 30 < 20 ? 1 : 1.5))).ToList();
        var report = EvaluationReport.Of(
            study, [.. rows.Select(row => (row.Days + row.Off - number.Mean) / number.StandardDeviation)], [.. rows.Select(row => (float)row.Days)], [.. rows.SelectMany(row => new[] { row.Age, 1, 150, 1 })], 10);
        return EvaluationReport.Merge(Enumerable.Repeat(report, sites));
    }

    private static ScoreHistogram Scores(double skill, int rows)
    {
        var (logits, labels) = Rows(skill, rows);
        return ScoreHistogram.Of(logits, labels).Suppress(10)!;
    }

    // Scores at fixed quantiles of two logistic distributions: no randomness, and curves as those of real models.
    private static (double[] Logits, bool[] Labels) Rows(double skill, int rows)
    {
        var logits = new double[rows];
        var labels = new bool[rows];
        for (var at = 0; at < rows; at++)
        {
            labels[at] = at % 3 == 0;
            var quantile = (at + 0.5) / rows;
            logits[at] = (Math.Log(quantile / (1 - quantile)) * 0.75) + (labels[at] ? skill - 0.6 : -0.6) - (skill * 0.25);
        }

        return (logits, labels);
    }

    private void Decide(RunState state, RunCommand command)
    {
        foreach (var happened in ((Accepted)RoundMachine.Decide(state, command)).Events)
            Add(happened);
    }

    private void Add(RunEvent happened)
    {
        _journal.Add(happened);
        _state = RoundMachine.Apply(_state, happened);
    }

    public static Sha256Digest Digest(string text) => Sha256Digest.Of(Encoding.UTF8.GetBytes(text));

    /// <summary>A study whose constants are all in its protocol, so that nothing has to be prepared.</summary>
    public static Study StudyOf(string name, string title, IEnumerable<string> sites, int rounds, double rate = 0.1)
    {
        var check = StudyChecker.CheckYaml(YamlOf(name, title, sites, rounds, rate));
        return check.Study ?? throw new InvalidOperationException(string.Join('\n', check.Faults));
    }

    /// <summary>The YAML of a study that predicts a number: how many days a patient stays.</summary>
    public static string NumberYamlOf(string name, string title, IEnumerable<string> sites, int rounds)
    {
        var yaml = YamlOf(name, title, sites, rounds);
        return yaml[..yaml.IndexOf("evaluation:", StringComparison.Ordinal)]
            .Replace("label: {name: num, above: 0}", "label: {name: days, range: [0, 60], unit: d, constants: {mean: 10, sd: 5}}", StringComparison.Ordinal)
            .Replace("model: {kind: mlp, hidden: [8]}", "model: {kind: linear-regression}", StringComparison.Ordinal)
            + "evaluation: {every: 1, per-site: true, subgroups: [{feature: age, bands: [60]}], error-gates: {greatest-error: 3, subgroup-gap: 2}}\n";
    }

    /// <summary>The YAML of <see cref="StudyOf"/>.</summary>
    public static string YamlOf(string name, string title, IEnumerable<string> sites, int rounds, double rate = 0.1) => string.Create(CultureInfo.InvariantCulture, $$$"""
        protocol: 1
        name: {{{name}}}
        title: "{{{title}}}"
        purpose: Estimate, before angiography, whether a patient has a narrowing of more than half the diameter of a coronary artery
        ethics: "Made records, nobody's; no approval needed"
        intended-use: {users: Cardiologists who decide about an angiography, contra-indications: [Patients younger than 40, After a coronary intervention]}
        data:
          dataset: heart-disease
          features:
            - {name: age, unit: a, range: [18, 110], missing: mean, constants: {mean: 54.2, sd: 9.1}}
            - {name: cp, type: category, levels: [1, 2, 3, 4], missing: no-level}
            - {name: thalach, unit: "{beats}/min", range: [40, 230], missing: mean, constants: {mean: 149.6, sd: 22.9}}
            - {name: oldpeak, unit: mm, range: [-5, 10], missing: mean, constants: {mean: 1.04, sd: 1.16}}
          label: {name: num, above: 0}
          split: {test: 0.3, seed: 1}
        model: {kind: mlp, hidden: [8]}
        training: {optimizer: sgd, learning-rate: {{{rate}}}, batch-size: 16, local-epochs: 2, seed: 1}
        federation: {strategy: fedavg, rounds: {{{rounds}}}, sites: [{{{string.Join(", ", sites)}}}], quorum: 2, deadline: 10m, attempts: 3, aggregation: plain}
        evaluation:
          every: 1
          per-site: true
          subgroups: [{feature: age, bands: [50, 60]}, {feature: cp}]
          gates: {margin: 0.1, subgroup-gap: {auroc: 0.15, in-the-large: 0.05}}
          operating-points: [{name: review, threshold: 0.5, indicator: warning, meaning: A cardiologist reads the record}]
        """);
}
