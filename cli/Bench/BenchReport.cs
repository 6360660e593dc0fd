using System.Globalization;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Bench;

/// <summary>Says what was measured, beside what was promised.</summary>
internal static class BenchReport
{
    private const double Megabyte = 1e6;
    private const double Mebibyte = 1 << 20;
    private const double FirstRoundBar = 3; // seconds, of 4 x 1 MB
    private const double CoordinatorBar = 640; // MiB, of 4 x 100 MB
    private const double CoordinatorGrowthBar = 1.1; // 16 x 100 MB against 4 x 100 MB

    private static readonly string[] Kinds = ["coordinator", "gateways", "workers"];

    /// <summary>The disk.</summary>
    public static void Show(Spread sync, Terminal terminal)
    {
        terminal.Say(Text($"This disk makes 4 KiB durable in {sync.Median:0.00} ms (median of 200; {sync.Minimum:0.00} to {sync.Maximum:0.00})."));
        terminal.Emit("disk", new { syncMilliseconds = sync.Rounded() });
    }

    /// <summary>One case.</summary>
    public static void Show(RoundFigures figures, Terminal terminal)
    {
        if (figures.Syncs is { } syncs)
        {
            ShowSyncs(figures.Case, syncs, terminal);
            return;
        }

        var (measured, round) = (figures.Case, figures.Round);
        terminal.Say(Text($"[bold]{measured}[/], {measured.Rounds} rounds: {round.Median:0} ms per round ({round.Minimum:0} to {round.Maximum:0}{Bar(measured.Bar * 1000, " ms")})"));
        terminal.Say(Text($"  launch to first finished round {figures.FirstRoundSeconds:0.00} s{(measured is { Sites: 4, Megabytes: 1 } ? Bar(FirstRoundBar, " s") : "")}"));
        var all = new[] { figures.Total.Coordinator, figures.Total.Gateways, figures.Total.Workers };
        var warm = figures.Warm is { } w ? new[] { w.Coordinator, w.Gateways, w.Workers } : null;
        terminal.Say("  CPU-seconds per round after the first: " + (warm is null ? "not to be had from one round" : string.Join(", ", Kinds.Zip(warm, (kind, used) => Text($"{kind} {used.CpuSeconds / (measured.Rounds - 1):0.000}")))));
        terminal.Say("  peak memory, the greatest of each kind: " + string.Join(", ", Kinds.Zip(all, (kind, used) => Text($"{kind} {used.PeakBytes / Mebibyte:0} MiB")))
            + (measured is { Sites: 4, Megabytes: 100 } ? Text($" (bar: coordinator {CoordinatorBar:0} MiB)") : ""));
        terminal.Say(Text($"  bytes of a round: {figures.DownBytes / Megabyte:0.0} MB down to and {figures.UpBytes / Megabyte:0.0} MB up from each site; {figures.EventsPerRound:0.0} journaled events in {figures.CommitsPerRound:0.0} commits"));
        terminal.Emit("rounds", new
        {
            measured.Sites,
            measured.Megabytes,
            measured.Rounds,
            roundMilliseconds = round.Rounded(),
            barMilliseconds = measured.Bar * 1000,
            firstRoundSeconds = Math.Round(figures.FirstRoundSeconds, 3),
            cpuSecondsPerRound = warm is null ? null : Kinds.Zip(warm).ToDictionary(item => item.First, item => Math.Round(item.Second.CpuSeconds / (measured.Rounds - 1), 4)),
            peakBytes = Kinds.Zip(all).ToDictionary(item => item.First, item => item.Second.PeakBytes),
            figures.DownBytes,
            figures.UpBytes,
            figures.EventsPerRound,
            figures.CommitsPerRound,
        });
    }

    private static void ShowSyncs(BenchCase measured, Syncs syncs, Terminal terminal)
    {
        double PerRound(long count) => Math.Round(count / (double)measured.Rounds, 1);
        var (coordinator, gateways, workers) = (PerRound(syncs.Coordinator), PerRound(syncs.Gateways), PerRound(syncs.Workers));
        terminal.Say(Text($"[bold]{measured}[/], {measured.Rounds} rounds: syncs per round: coordinator {coordinator:0.0}, gateways {gateways:0.0}, workers {workers:0.0}"));
        terminal.Emit("syncs", new { measured.Sites, measured.Megabytes, measured.Rounds, syncsPerRound = new { coordinator, gateways, workers } });
    }

    /// <summary>How the coordinator's memory grows with the number of sites, where both cases were run.</summary>
    public static void ShowGrowth(IReadOnlyList<RoundFigures> all, Terminal terminal)
    {
        if (all.FirstOrDefault(one => one.Case is { Sites: 4, Megabytes: 100 }) is not { } few || all.FirstOrDefault(one => one.Case is { Sites: 16, Megabytes: 100 }) is not { } many)
            return;
        var growth = (double)many.Total.Coordinator.PeakBytes / few.Total.Coordinator.PeakBytes;
        terminal.Say(Text($"Coordinator's peak memory with 16 sites: {growth:0.00} times that with 4 (bar {CoordinatorGrowthBar:0.0})"));
        terminal.Emit("growth", new { coordinatorPeak = Math.Round(growth, 3), bar = CoordinatorGrowthBar });
    }

    /// <summary>One whole study.</summary>
    public static void ShowTraining(string model, double seconds, Terminal terminal)
    {
        terminal.Say(Text($"[bold]{model}[/], {TrainingBench.Sites} sites x {TrainingBench.Rows} rows, {TrainingBench.Rounds} rounds, launch to all processes ended: {seconds:0.00} s{Bar(TrainingBench.Bar, " s")}"));
        terminal.Emit("training", new { model, TrainingBench.Sites, TrainingBench.Rows, TrainingBench.Rounds, seconds = Math.Round(seconds, 3), barSeconds = TrainingBench.Bar });
    }

    private static string Bar(double? bar, string unit) => bar is { } value ? Text($"; bar {value:0.###}{unit}") : "";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
