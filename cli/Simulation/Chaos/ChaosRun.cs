using System.Diagnostics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Simulation;

/// <summary><c>fcml simulate --chaos</c>: one schedule after another, each from its seed.</summary>
internal static class ChaosRun
{
    /// <summary>Runs the schedules; every broken promise is printed with its seed and what happened before.</summary>
    public static ExitCode Run(Study study, SeedRange seeds, Terminal terminal, CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        var plan = ChaosPlan.For(study);
        var broken = new List<long>();
        var disturbances = 0L;
        foreach (var seed in seeds.Each())
        {
            cancel.ThrowIfCancellationRequested();
            var result = ChaosSchedule.Run(plan, seed);
            disturbances += result.Disturbances;
            terminal.Emit("schedule", new { seed, held = result.Broken is null, broken = result.Broken, result.Disturbances, virtualSeconds = result.Took.TotalSeconds });
            if (result.Broken is null)
                continue;
            broken.Add(seed);
            terminal.Say($"seed {seed}: [red]broken[/]: {Spectre.Console.Markup.Escape(result.Broken)}");
            foreach (var line in result.Trace)
                terminal.Say(Spectre.Console.Markup.Escape(line));
        }

        terminal.Say($"{seeds.Count} schedules, {disturbances} disturbances, {broken.Count} broken promises, {clock.Elapsed.TotalSeconds:0.0} s");
        terminal.Emit("end", new { schedules = seeds.Count, disturbances, broken });
        return broken.Count == 0
            ? ExitCode.Success
            : throw new CliException(ExitCode.PromiseBroken, $"A promise was broken under seed {string.Join(", ", broken)}; replay one with --chaos {broken[0]}.");
    }
}
