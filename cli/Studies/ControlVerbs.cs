using System.CommandLine;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Protos.Federation;
using Action = FederatedClinicalMl.Protos.Federation.ControlRunRequest.Types.Action;

namespace FederatedClinicalMl.Cli.Studies;

/// <summary><c>fcml study pause|resume|cancel</c></summary>
internal static class ControlVerbs
{
    public static Argument<string> RunArgument() => new("run") { Description = "The run's id, as 'fcml study start' printed it." };

    public static Verb Pause(TimeProvider time) => Control("pause", "Pause a run: no new step opens, and the open step's deadline stops counting.", Action.Pause, "is paused", time);

    public static Verb Resume(TimeProvider time) => Control("resume", "Go on with a paused run.", Action.Resume, "goes on", time);

    public static Verb Cancel(TimeProvider time) => Control("cancel", "End a run without a model.", Action.Cancel, "is cancelled", time);

    private static Verb Control(string name, string description, Action action, string done, TimeProvider time)
    {
        var run = RunArgument();
        return new Verb(name, description, $"fcml study {name} 0123456789abcdef") { run }.Does(async (parsed, terminal, cancel) =>
        {
            using var connection = Connection.Open(parsed, time);
            var id = parsed.GetRequiredValue(run);
            await connection.AskAsync(admin => admin.ControlRunAsync(new ControlRunRequest { Run = id, Action = action }, cancellationToken: cancel), cancel);
            terminal.Say($"Run [bold]{id}[/] {done}.");
            terminal.Emit(name, new { run = id });
            return ExitCode.Success;
        });
    }
}
