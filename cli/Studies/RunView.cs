using System.Text.Json.Nodes;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;
using Spectre.Console;
using Spectre.Console.Rendering;
using RunEvent = FederatedClinicalMl.Protos.Federation.RunEvent;
using SiteReason = FederatedClinicalMl.Protos.Federation.SiteReason;

namespace FederatedClinicalMl.Cli.Studies;

/// <summary>What a watcher knows of a run: the very state that the coordinator has, folded from the same events, and the metrics.</summary>
internal sealed class RunView
{
    private static readonly string[] s_scoreColumns = ["AUROC", "AUPRC", "accuracy", "Brier"], s_errorColumns = ["MAE", "RMSE", "R²", "bias"];

    private readonly SortedDictionary<int, EvaluationReport> _evaluations = [];
    private RunState? _state;

    // A run's plan does not say what its study predicts; its first evaluation does, and before there is nothing to show.
    private bool IsNumber => _evaluations.Values.Any(evaluation => evaluation.Number is not null);

    /// <summary>The run's state.</summary>
    public RunState State => _state ?? throw new CliException(ExitCode.Unreachable, "The coordinator sent no event of this run; try again.");

    /// <summary>Whether the last event was seen.</summary>
    public bool Ended => _state is { Ended: true };

    /// <summary>The evaluation of the parameters after each evaluated round.</summary>
    public IReadOnlyDictionary<int, EvaluationReport> Evaluations => _evaluations;

    /// <summary>The sites' own metrics of the final parameters; null before, and where the study asks for none.</summary>
    public SiteMetrics? SiteMetrics { get; private set; }

    /// <summary>The profile that the run asked for, as it came; empty before, and of other runs.</summary>
    public byte[] Profile { get; private set; } = [];

    /// <summary>The comparison that the run asked for; null before, and of other runs.</summary>
    public SiteComparison? Comparison { get; private set; }

    /// <summary>Takes in an event.</summary>
    public Coordinator.Rounds.RunEvent Apply(RunEvent happened)
    {
        var journaled = RunEventCodec.ReadEvent(System.Text.Encoding.UTF8.GetBytes(happened.Json));
        return Apply(journaled, happened.Result.Span);
    }

    /// <summary>Takes in an event; with the commit of an evaluation or of per-site metrics, its result.</summary>
    public Coordinator.Rounds.RunEvent Apply(Coordinator.Rounds.RunEvent journaled, ReadOnlySpan<byte> result)
    {
        _state = RoundMachine.Apply(_state, journaled);
        if (journaled is StepCommitted { Step: { Kind: StepKind.Evaluation } step } && !result.IsEmpty)
            _evaluations[step.Round.Value] = EvaluationReport.Read(result);
        if (journaled is StepCommitted { Step.Kind: StepKind.SiteMetrics } && !result.IsEmpty)
            SiteMetrics = SiteMetrics.Read(result);
        if (journaled is StepCommitted { Step.Kind: StepKind.Profile })
            Profile = result.ToArray();
        if (journaled is StepCommitted { Step.Kind: StepKind.Comparison } && !result.IsEmpty)
            Comparison = SiteComparison.Read(result);
        return journaled;
    }

    /// <summary>Takes in an event and prints it as a line: for pipes and scripts.</summary>
    public Coordinator.Rounds.RunEvent Report(RunEvent happened, Terminal terminal)
    {
        var journaled = Apply(happened);
        Say(journaled, terminal);
        terminal.Emit("run", new
        {
            happened.Sequence,
            at = DateTimeOffset.FromUnixTimeMilliseconds(happened.AtUnixMilliseconds),
            happened.Kind,
            detail = JsonNode.Parse(happened.Json),
            result = happened.Result.IsEmpty ? null : JsonNode.Parse(happened.Result.Span),
            metrics = journaled is StepCommitted { Step: { Kind: StepKind.Evaluation } step } && _evaluations.TryGetValue(step.Round.Value, out var evaluation) ? JsonOf(evaluation) : null,
        });
        return journaled;
    }

    /// <summary>Says an event to people.</summary>
    public void Say(Coordinator.Rounds.RunEvent journaled, Terminal terminal)
    {
        var sentence = journaled switch
        {
            RunStarted when State.Plan.Profile => $"run {State.Plan.Run} asks {string.Join(", ", State.Plan.Sites)} for their profiles",
            RunStarted when State.Plan.Against is not null => $"run {State.Plan.Run} has {string.Join(", ", State.Plan.Sites)} compare two models on their own test rows",
            RunStarted when State.Plan.Monitoring is { } asked => $"run {State.Plan.Run} asks {string.Join(", ", State.Plan.Sites)} what {asked.Line} {asked.Served.Version} did",
            RunStarted => $"run {State.Plan.Run} started: {State.Plan.Rounds} rounds, sites {string.Join(", ", State.Plan.Sites)}",
            StepCommitted { Step: { Kind: StepKind.Preparation } } => "preprocessing constants frozen",
            StepCommitted { Step: { Kind: StepKind.Training } step } when State.Plan.Encrypted => $"round {step.Round}/{State.Plan.Rounds}: the masked and encrypted updates of {State.History[^1].Participants.Length} sites added",
            StepCommitted { Step: { Kind: StepKind.Decryption } step } => $"round {step.Round}/{State.Plan.Rounds}: the sum decrypted by all {State.History[^1].Participants.Length} sites",
            StepCommitted { Step: { Kind: StepKind.Training } step } when State.Plan.Keys is not null => $"round {step.Round}/{State.Plan.Rounds}: {State.History[^1].Participants.Length} of {State.Plan.Sites.Length} sites summed under masks",
            StepCommitted { Step: { Kind: StepKind.Unmasking } step } => $"round {step.Round}/{State.Plan.Rounds}: the sum unmasked by {State.History[^1].Participants.Length} sites",
            StepCommitted { Step: { Kind: StepKind.Training } step } => $"round {step.Round}/{State.Plan.Rounds}: {State.History[^1].Participants.Length} of {State.History[^1].Sites.Count} sites merged",
            StepCommitted { Step: { Kind: StepKind.Evaluation } step } when _evaluations.TryGetValue(step.Round.Value, out var evaluation) => $"round {step.Round}/{State.Plan.Rounds}: {Sentence(evaluation)}",
            SiteDeclined e => Declined(e.Step, e.Site, e.Reason),
            ReleaseRefused e => $"[yellow]{e.Site}'s release for {KindOf(e.Step)} of round {e.Step.Round} was refused: {e.Fault}[/]",
            SiteLeft e => $"[yellow]{e.Site} left the run: {e.Reason}[/]",
            StepAbandoned e => $"[yellow]{KindOf(e.Step)} of round {e.Step.Round}, attempt {e.Step.Attempt}, came to nothing: {e.Sentence.EscapeMarkup()}[/]",
            RoundHeldBack e => $"[yellow]round {e.Round} is held back: the {(IsNumber ? "R²" : "AUROC")} fell further than the study allows, or is undefined. The run goes on from {(e.Kept.Value == 0 ? "its beginning" : $"round {e.Kept}")}[/]",
            RunPaused => "paused",
            RunResumed => "resumed",
            RunFailed e => $"[red]failed: {e.Sentence.EscapeMarkup()}[/]",
            RunCancelled => "[red]cancelled[/]",
            RunRegistered e => $"[green]registered model {e.Model}[/]",
            _ => null,
        };
        if (sentence is not null)
            terminal.Say(sentence);
        if (journaled is StepCommitted { Step.Kind: StepKind.SiteMetrics } && SiteMetrics is { } sites)
            terminal.Show(SiteMetricsTable.Of(sites));
    }

    /// <summary>The whole run as a table, for a live display.</summary>
    public IRenderable Draw()
    {
        if (_state is null)
            return new Markup("waiting for the first event");
        var table = new Table { Title = new TableTitle($"run {_state.Plan.Run}: {_state.Status.ToString().ToLowerInvariant()}") }
            .AddColumns(["round", "sites", .. IsNumber ? s_errorColumns : s_scoreColumns]);
        foreach (var step in _state.History.Where(step => step is { Id.Kind: StepKind.Training, Result: not null }).TakeLast(20))
        {
            _evaluations.TryGetValue(step.Id.Round.Value, out var evaluation);
            table.AddRow([$"{step.Id.Round}/{_state.Plan.Rounds}", string.Join(' ', step.Sites.Keys.Select(site => Mark(site, step.Participants.Contains(site), over: true))), .. Cells(evaluation)]);
        }

        if (_state.Step is { } open)
            table.AddRow($"{open.Id.Round}/{_state.Plan.Rounds}", string.Join(' ', open.Invited.Select(site => Mark(site, open.Answers.GetValueOrDefault(site) is AcceptedAnswer, over: false))), KindOf(open.Id), "", "", "");
        List<IRenderable> rows = [table, .. _state.History.SelectMany(Declined).TakeLast(8)];
        if (SiteMetrics is { } sites)
            rows.Add(SiteMetricsTable.Of(sites));
        return new Rows(rows);
    }

    /// <summary>The metrics of an evaluation, for scripts.</summary>
    public static JsonObject JsonOf(EvaluationReport evaluation) => evaluation.Number?.Metrics.ToJson() ?? evaluation.Metrics.ToJson();

    /// <summary>The metrics that matter, in a line.</summary>
    public static string Sentence(EvaluationReport evaluation) => evaluation.Number is { } errors ? ErrorFigures.Sentence(errors.Metrics) : Sentence(evaluation.Metrics);

    private static string Sentence(ClassifierMetrics metrics) =>
        $"AUROC {ClassifierMetrics.Text(metrics.Auroc)} (ties ± {ClassifierMetrics.Text(metrics.AurocBound)}), AUPRC {ClassifierMetrics.Text(metrics.Auprc)}, accuracy {ClassifierMetrics.Text(metrics.Accuracy)}, Brier {ClassifierMetrics.Text(metrics.Brier)}";

    private static string[] Cells(EvaluationReport? evaluation) => evaluation switch
    {
        null => ["", "", "", ""],
        { Number.Metrics: var errors } => [RegressionMetrics.Text(errors.MeanAbsoluteError?.Value), RegressionMetrics.Text(errors.RootMeanSquaredError?.Value), ClassifierMetrics.Text(errors.RSquared?.Value), RegressionMetrics.Text(errors.Bias?.Value)],
        { Metrics: var scores } => [ClassifierMetrics.Text(scores.Auroc), ClassifierMetrics.Text(scores.Auprc), ClassifierMetrics.Text(scores.Accuracy), ClassifierMetrics.Text(scores.Brier)],
    };

    private static IEnumerable<IRenderable> Declined(EndedStep step) =>
        step.Sites.Where(site => site.Value is DeclinedAnswer).Select(site => new Markup(Declined(step.Id, site.Key, ((DeclinedAnswer)site.Value).Reason)));

    private static string Declined(StepId step, SiteId site, SiteReason reason) => $"[yellow]{site} declined {KindOf(step)} of round {step.Round}: {reason}[/]";

    private static string Mark(SiteId site, bool took, bool over) => took ? $"[green]{site}[/]" : over ? $"[red]{site}[/]" : $"[grey]{site}[/]";

    /// <summary>What a step collects, in words.</summary>
    public static string KindOf(StepId step) => StepWords.Of(step.Kind);
}
