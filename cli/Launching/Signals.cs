using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FederatedClinicalMl.Cli.Launching;

/// <summary>The one signal that .NET cannot send by itself.</summary>
internal static partial class Signals
{
    private const int SigTerm = 15;

    /// <summary>Asks a process to end in its own time; on Windows, which has no such request for another's console, kills it.</summary>
    public static void Terminate(Process process)
    {
        if (OperatingSystem.IsWindows())
            process.Kill(entireProcessTree: true);
        else
            _ = Kill(process.Id, SigTerm); // fails only where the process has just ended, which is what was wanted
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
