using FederatedClinicalMl.Cli.Studies;

namespace FederatedClinicalMl.Cli.Replay;

/// <summary>What both kinds of replay print alike.</summary>
internal static class ReplayOutput
{
    /// <summary>A step as it is compared.</summary>
    public static void Step(ReplayedStep step, Terminal terminal)
    {
        var how = step.Equal ? "[green]equal[/]" : "[red]differs[/]";
        terminal.Say($"{RunView.KindOf(step.Step)} of round {step.Step.Round}: {how} {step.Recorded.Short}");
        terminal.Emit("step", new { step = step.Step.ToString(), step.Equal, recorded = step.Recorded.ToString(), replayed = step.Replayed?.ToString() });
    }

    /// <summary>The first difference, for scripts; null where there is none.</summary>
    public static object? First(ReplayedStep? first) =>
        first is null ? null : new { step = first.Step.ToString(), recorded = first.Recorded.ToString(), replayed = first.Replayed?.ToString(), first.Hints };

    /// <summary>The first difference, for people.</summary>
    /// <param name="record">The run.</param>
    /// <param name="first">The step.</param>
    /// <param name="otherwise">The likely cause where the step has no hint.</param>
    public static string Sentence(RecordedRun record, ReplayedStep first, string otherwise)
    {
        var what = $"{RunView.KindOf(first.Step)} of round {first.Step.Round}";
        var came = first.Replayed is { } replayed ? $"the recorded result is {first.Recorded}, the replayed one {replayed}." : $"the recorded result is {first.Recorded}; the replay has none.";
        return $"Run {record.Entry.Run} was not reproduced. First difference: {what}: {came} {(first.Hints.IsEmpty ? otherwise : string.Join(' ', first.Hints))}";
    }
}
