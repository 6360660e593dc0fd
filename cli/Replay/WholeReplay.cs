using FederatedClinicalMl.Cli.Simulation;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Replay;

/// <summary>Replay by whoever has the rows of all sites: everything is computed again.</summary>
/// <param name="record">The run.</param>
/// <param name="model">Its model.</param>
/// <param name="terminal">Where to print.</param>
internal sealed class WholeReplay(RecordedRun record, Sha256Digest model, Terminal terminal)
{
    /// <summary>Replays, prints, and ends with the first difference, if there is one.</summary>
    /// <exception cref="CliException">Something differs, or the run cannot be replayed.</exception>
    public ExitCode Run(string data, TimeProvider time, CancellationToken cancel)
    {
        var scratch = Directory.CreateTempSubdirectory("fcml-replay-rows-").FullName;
        try
        {
            return Run(data, scratch, time, cancel);
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    private ExitCode Run(string data, string scratch, TimeProvider time, CancellationToken cancel)
    {
        var trainer = new TorchTrainer();
        foreach (var warning in record.Warnings(ModelRegistry.OurSoftware, WorkerHost.Software, trainer.Capability))
        {
            terminal.Say($"[yellow]{warning.EscapeMarkup()}[/]");
            terminal.Emit("warning", new { warning });
        }

        var sites = SiteRows.Find(data, record.OfThoseWhoTookPart, scratch, time, terminal, cancel);
        var steps = new Replayer(record, trainer).Run(sites, step => ReplayOutput.Step(step, terminal), cancel);
        var first = steps.FirstOrDefault(step => !step.Equal);
        terminal.Emit("replay", new { run = record.Entry.Run.Value, model = model.ToString(), equal = first is null, steps = steps.Count, firstDifference = ReplayOutput.First(first) });
        if (first is not null)
            throw new CliException(ExitCode.NotVerified, ReplayOutput.Sentence(record, first, "The data, the version or the processor differ from the record's."));
        terminal.Say($"[green]digest-equal[/]: run {record.Entry.Run}, {steps.Count} results, parameters {record.Entry.Files.Single(file => file.Name == ModelFileNames.Parameters).Digest}");
        return ExitCode.Success;
    }
}
