using System.CommandLine;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Cli.Models;
using FederatedClinicalMl.Cli.Simulation;
using FederatedClinicalMl.Cli.Studies;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Replay;

/// <summary><c>fcml replay</c>: recomputes a registered run from its records and the same data, and compares digests.</summary>
internal static class ReplayCommand
{
    public static Command Create(TimeProvider time)
    {
        var name = ModelsCommand.ModelArgument();
        name.Arity = ArgumentArity.ZeroOrOne;
        var data = new Option<DirectoryInfo>("--data") { Description = SimulateCommand.DataHelp, Required = true };
        var folder = VerifyVerb.FolderOption();
        var key = VerifyVerb.KeyOption();
        var verb = new Verb(
            "replay", "Recompute a registered run from its records and the same data, and compare every digest.",
            "fcml replay 3f2a91 --data hospitals/", "fcml replay --folder heart-model --data hospitals/")
        {
            name, data, folder, key,
        };
        ModelsCommand.NeedsOne(verb, name, folder);
        return verb.Does(async (parsed, terminal, cancel) =>
        {
            var scratch = Directory.CreateTempSubdirectory("fcml-replay-").FullName;
            try
            {
                var (check, entry) = parsed.GetValue(folder) is { } exported
                    ? (ModelFiles.Check(exported, parsed.GetValue(key)), exported.FullName)
                    : await FetchAsync(parsed.GetRequiredValue(name)!, Path.Combine(scratch, "model"), parsed, time, cancel);
                ModelFiles.Insist(check, entry, terminal);
                var replayer = new Replay(RecordedRun.Of(check, entry), check.Model!.Value, terminal);
                return replayer.Run(parsed.GetRequiredValue(data).FullName, scratch, time, cancel);
            }
            finally
            {
                Directory.Delete(scratch, recursive: true);
            }
        });
    }

    private static async Task<(ModelCheck Check, string Folder)> FetchAsync(string name, string folder, ParseResult parsed, TimeProvider time, CancellationToken cancel)
    {
        using var connection = Connection.Open(parsed, time);
        var model = await ModelsCommand.RegisteredAsync(connection, name, cancel);
        await ModelFiles.FetchEntryAsync(connection, model.Summary, folder, cancel);
        return (ModelFiles.Check(folder, model), folder);
    }

    private sealed class Replay(RecordedRun record, Sha256Digest model, Terminal terminal)
    {
        public ExitCode Run(string data, string scratch, TimeProvider time, CancellationToken cancel)
        {
            var trainer = new TorchTrainer();
            foreach (var warning in record.Warnings(ModelRegistry.OurSoftware, WorkerHost.Software, trainer.Capability))
            {
                terminal.Say($"[yellow]{warning.EscapeMarkup()}[/]");
                terminal.Emit("warning", new { warning });
            }

            var sites = SiteRows.Find(data, record.OfThoseWhoTookPart, scratch, time, terminal, cancel);
            var steps = new Replayer(record, trainer).Run(sites, Report, cancel);
            var first = steps.FirstOrDefault(step => !step.Equal);
            terminal.Emit("replay", new
            {
                run = record.Entry.Run.Value, model = model.ToString(), equal = first is null, steps = steps.Count,
                firstDifference = first is null ? null : new { step = first.Step.ToString(), recorded = first.Recorded.ToString(), replayed = first.Replayed?.ToString(), first.Hints },
            });
            if (first is not null)
                throw new CliException(ExitCode.NotVerified, Sentence(first));
            terminal.Say($"[green]digest-equal[/]: run {record.Entry.Run}, {steps.Count} results, parameters {record.Entry.Files.Single(file => file.Name == ModelRegistry.ParametersFile).Digest}");
            return ExitCode.Success;
        }

        private void Report(ReplayedStep step)
        {
            var how = step.Equal ? "[green]equal[/]" : "[red]differs[/]";
            terminal.Say($"{RunView.KindOf(step.Step)} of round {step.Step.Round}: {how} {step.Recorded.Short}");
            terminal.Emit("step", new { step = step.Step.ToString(), step.Equal, recorded = step.Recorded.ToString(), replayed = step.Replayed?.ToString() });
        }

        private string Sentence(ReplayedStep first)
        {
            var what = $"{RunView.KindOf(first.Step)} of round {first.Step.Round}";
            var came = first.Replayed is { } replayed ? $"the recorded result is {first.Recorded}, the replayed one {replayed}." : $"the recorded result is {first.Recorded}; the replay has none.";
            var why = first.Hints.IsEmpty ? "The data, the version or the processor differ from the record's." : string.Join(' ', first.Hints);
            return $"Run {record.Entry.Run} was not reproduced. First difference: {what}: {came} {why}";
        }
    }
}
