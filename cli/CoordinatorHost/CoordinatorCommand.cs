using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using FederatedClinicalMl.Cli.Launching;

namespace FederatedClinicalMl.Cli.CoordinatorHost;

/// <summary>
/// <c>fcml coordinator ...</c>: hands the words over, as they are, to the coordinator's own executable, with this terminal. The verbs here
/// exist for <c>fcml --help</c>; <see cref="Forwarded"/> catches them before fcml parses, so that every option is the program's own.
/// </summary>
internal static class CoordinatorCommand
{
    private static readonly (string Name, string Description)[] Words =
    [
        ("init", "Make a coordinator's data folder, its authority and the first admin's invitation."),
        ("run", "Run the coordinator until Ctrl+C."),
        ("backup", "Copy a coordinator's data into one consistent backup."),
        ("restore", "Make a data folder from a backup."),
    ];

    public static Command Create()
    {
        var coordinator = new Verb("coordinator", "Set up, run, back up and restore a coordinator.", [.. Words.Select(word => $"fcml coordinator {word.Name} --help")]);
        foreach (var (name, description) in Words)
            coordinator.Subcommands.Add(new Command(name, description));
        return coordinator;
    }

    /// <summary>The words for the coordinator's program, where the command line is for it.</summary>
    public static string[]? Forwarded(string[] args) =>
        args is ["coordinator", var name, ..] && Words.Any(word => word.Name == name) ? args[1..] : null;

    /// <summary>Runs the coordinator's program to its end.</summary>
    public static async Task<int> RunAsync(string[] words)
    {
        using var process = Process.Start(new ProcessStartInfo(Executables.Find().Coordinator, words) { UseShellExecute = false })!;
        // Ctrl+C reaches the child through the terminal; here it must only not end fcml before the child. SIGTERM is passed on.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            Signals.Terminate(process);
        });
        await process.WaitForExitAsync();
        return process.ExitCode;
    }
}
