using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli.Studies;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Simulation;

/// <summary><c>fcml simulate</c>: the production cores of a whole federation in one process, under virtual time.</summary>
internal static class SimulateCommand
{
    /// <summary>How far a replayed recording's final weights may be from the recorded ones: float32 sums in another order.</summary>
    public const double TraceTolerance = 2e-6;

    /// <summary>What --data names, here and in a replay.</summary>
    public const string DataHelp = "Folder with one file per site: SITE.csv, SITE.parquet, or a folder SITE that holds one. For a study over events: with a folder SITE for each site, as 'fcml synth' writes them; or one FHIR bulk export or OMOP database, divided among site-1 to site-4 as 'fcml demo' does.";

    public static Command Create(TimeProvider time)
    {
        var file = new Argument<FileInfo?>("study.yaml") { Description = "The study protocol.", Arity = ArgumentArity.ZeroOrOne };
        var data = new Option<DirectoryInfo?>("--data") { Description = DataHelp };
        var trace = new Option<FileInfo?>("--trace") { Description = "Replay a recording of the FLamby heart disease benchmark: its initial weights and its order of samples." };
        var seed = new Option<SeedRange?>("--seed") { Description = "With --trace: which recorded seeds, such as 42..46 (default: all).", CustomParser = result => SeedRange.Parse(result) };
        var store = new Option<DirectoryInfo?>("--out") { Description = "Folder to write the model and its records to, as 'fcml models export' does; 'fcml replay --folder' takes it." };
        var chaos = new Option<SeedRange?>("--chaos") { Description = "Instead of a model: hold the system to its promises under random crashes, losses and disk errors, one schedule per seed, such as 42 or 1..500. Needs no data.", CustomParser = result => SeedRange.Parse(result) };
        var verb = new Verb(
            "simulate",
            "Run a study on a laptop: the production coordinator, gateways, workers and trainer in one process.",
            "fcml simulate heart-disease.yaml --data hospitals/",
            "fcml synth --out hospitals && fcml simulate synthetic-hospitals.yaml --data hospitals/",
            "fcml simulate heart-disease-flamby.yaml --data reference/ --trace reference/golden-heart.json.gz --seed 42..46",
            "fcml simulate heart-disease.yaml --chaos 1..500")
        {
            file, data, trace, seed, store, chaos,
        };
        verb.Validators.Add(result =>
        {
            var isChaos = result.GetResult(chaos) is not null;
            if (result.GetValue(file) is null || (result.GetValue(data) is null && !isChaos))
                result.AddError("'fcml simulate' needs a study and --data FOLDER, or a study and --chaos SEEDS.");
            else if (isChaos && (result.GetValue(data) is not null || result.GetValue(trace) is not null || result.GetValue(store) is not null))
                result.AddError("--chaos computes without data and recordings and makes no model: leave --data, --trace and --out out.");
            if (result.GetValue(store) is not null && result.GetValue(trace) is not null)
                result.AddError("--out is not for --trace: a recording's initial weights and order of samples are not the study's, so that its records could not be replayed.");
        });
        return verb.Does((parsed, terminal, cancel) => Task.FromResult(parsed.GetValue(chaos) is { } seeds
            ? ChaosRun.Run(StudyFile.Read(parsed.GetRequiredValue(file)!), seeds, terminal, cancel)
            : Run(
                parsed.GetRequiredValue(file)!, parsed.GetRequiredValue(data)!.FullName, parsed.GetValue(trace), parsed.GetValue(seed), parsed.GetValue(store), time, terminal, cancel)));
    }

    private static ExitCode Run(FileInfo file, string data, FileInfo? trace, SeedRange? seeds, DirectoryInfo? store, TimeProvider time, Terminal terminal, CancellationToken cancel)
    {
        var study = StudyFile.Read(file);
        var scratch = Directory.CreateTempSubdirectory("fcml-simulate-").FullName;
        try
        {
            if (trace is null)
            {
                Simulate(study, SiteRows.Find(data, study, scratch, time, terminal, cancel), terminal, recording: null, cancel, store?.FullName);
                return ExitCode.Success;
            }

            return ReplayTrace(study, SiteRows.Find(data, study, scratch, time, terminal, cancel), GoldenTrace.Read(trace.FullName), seeds, terminal, cancel);
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    /// <summary>Runs a study over the rows of <paramref name="sites"/>; gives the final parameters and each site's scores on its test rows.</summary>
    public static SimulatedModel Simulate(
        Study study, ImmutableSortedDictionary<SiteId, SiteRows> sites, Terminal terminal, GoldenTrace.Recording? recording, CancellationToken cancel, string? store = null)
    {
        var trainer = new TorchTrainer();
        var memory = new MemoryDisks();
        study = SimulatedKeys.Name(study, sites.Keys);
        var federation = new SimulatedFederation(
            study, SimulatedKeys.Sign(study), RunId.Parse("5100000000000001"), new Timeline(), new Weather(), new SimulatedKeys(),
            [.. sites.Select(site => new SimulatedSite(site.Key, site.Value.Computer(trainer, recording?.OrderOf(site.Key))))],
            memory.Open);
        var view = new RunView();
        federation.Coordinator.Journaled += journaled =>
        {
            var happened = journaled.Event;
            var result = happened is StepCommitted { Step.Kind: StepKind.Evaluation or StepKind.SiteMetrics } committed ? federation.Coordinator.Result(committed.Result) : [];
            view.Apply(happened, result);
            view.Say(happened, terminal);
            if (happened is StepCommitted { Step.Kind: StepKind.Evaluation } evaluated && view.Evaluations.TryGetValue(evaluated.Step.Round.Value, out var evaluation))
                terminal.Emit("round", new { round = evaluated.Step.Round.Value, metrics = RunView.JsonOf(evaluation) });
            if (happened is StepCommitted { Step.Kind: StepKind.SiteMetrics })
                terminal.Emit("siteMetrics", JsonNode.Parse(result)!);
        };
        var state = federation.RunToModel(recording?.Initial, cancel);

        var parameters = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(federation.Coordinator.Result(state.Parameters)).ToArray();
        var encoder = new InputEncoder(study, PreprocessingConstants.Read(study, federation.Coordinator.Result(state.Constants!.Value)));
        var scores = sites.ToDictionary(site => site.Key, site => Scores.Of(study, parameters, TrainingSet.Of(site.Value.Read(study).Cohort.Test, encoder)));
        Report(study, scores, state, terminal);
        if (!study.Evaluation.Subgroups.IsEmpty)
        {
            var evaluation = ModelFacts.Of(federation.Coordinator.Registry, state.Model!.Value).Evaluation;
            SubgroupTables.Show(study, evaluation, terminal);
            terminal.Emit("subgroups", new { partitions = SubgroupTables.Json(study, evaluation) });
        }

        if (store is not null)
            Store(federation.Coordinator.Registry, state.Model!.Value, store, terminal);
        return new SimulatedModel(parameters, scores, state);
    }

    /// <summary>Writes an entry to a folder, as an export would.</summary>
    public static void Store(ModelRegistry registry, Sha256Digest model, string folder, Terminal terminal)
    {
        var disk = new FileDisk(folder);
        foreach (var name in registry.Find(model)!.Files.Select(file => file.Name).Append(ModelFileNames.Manifest))
        {
            using var source = registry.Open(model, name);
            var content = new byte[source.Length];
            source.Read(0, content);
            DurableFile.Write(disk, name, content);
        }

        terminal.Say($"model and records written to {folder.EscapeMarkup()}");
        terminal.Emit("stored", new { folder, model = model.ToString() });
    }

    private static ExitCode ReplayTrace(Study study, ImmutableSortedDictionary<SiteId, SiteRows> sites, GoldenTrace trace, SeedRange? seeds, Terminal terminal, CancellationToken cancel)
    {
        var wrong = new List<long>();
        foreach (var seed in seeds?.Each() ?? trace.Seeds.Select(number => (long)number))
        {
            var recording = trace.For((int)seed);
            var model = Simulate(study, sites, Terminal.Silent, recording, cancel);
            var (difference, accuraciesEqual) = Compare(model, recording);
            var right = difference <= TraceTolerance && accuraciesEqual;
            if (!right)
                wrong.Add(seed);
            terminal.Say($"seed {seed}: {(right ? "[green]reproduced[/]" : "[red]differs[/]")}; greatest difference of a weight {difference:0.0e+0}, accuracies {(accuraciesEqual ? "identical" : "differ")} ({string.Join(" ", model.Scores.Values.Select(score => $"{score.Accuracy!.Value.Value:0.000}"))})");
            terminal.Emit("trace", new { seed, reproduced = right, greatestDifference = difference, accuraciesEqual });
        }

        return wrong.Count == 0
            ? ExitCode.Success
            : throw new CliException(ExitCode.NotVerified, $"The recording was not reproduced for seed {string.Join(", ", wrong)}: more than {TraceTolerance} from a recorded weight, or another accuracy.");
    }

    /// <summary>The greatest difference of a weight, and whether the hospitals' accuracies are the recorded ones.</summary>
    public static (double Difference, bool AccuraciesEqual) Compare(SimulatedModel model, GoldenTrace.Recording recording) => (
        model.Parameters.Zip(recording.Final, (ours, theirs) => Math.Abs((double)ours - theirs)).Max(),
        Demo.HeartTable.Sites.Select(site => model.Scores[SiteId.Parse(site)].Accuracy!.Value.Value).Zip(recording.Accuracies, (ours, theirs) => Math.Abs(ours - theirs) < 1e-12).All(equal => equal));

    private static void Report(Study study, Dictionary<SiteId, Scores> scores, RunState state, Terminal terminal)
    {
        var table = new Table { Title = new TableTitle("test rows scored one by one") }.AddColumns(["site", "rows", .. Scores.Heads(study)]);
        foreach (var (name, score) in scores.OrderBy(site => site.Key).Select(site => (site.Key.Value, site.Value)).Append(("all", Scores.Concat(scores.Values))))
        {
            table.AddRow([name, $"{score.Rows}", .. score.Cells]);
            terminal.Emit("score", score.Told(("site", name), ("rows", score.Rows)));
        }

        terminal.Show(table);
        terminal.Say($"final parameters {state.Parameters}");
        terminal.Emit("end", new { parameters = state.Parameters.ToString(), model = state.Model.ToString() });
    }
}

/// <summary>What a simulation ended with.</summary>
/// <param name="Parameters">The final parameters.</param>
/// <param name="Scores">For each site the scores of its test rows.</param>
/// <param name="State">The run's last state.</param>
internal sealed record SimulatedModel(float[] Parameters, IReadOnlyDictionary<SiteId, Scores> Scores, RunState State);
