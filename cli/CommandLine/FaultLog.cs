using System.CommandLine;
using System.Globalization;

namespace FederatedClinicalMl.Cli;

/// <summary>Keeps stack traces off the screen and in a file.</summary>
internal static class FaultLog
{
    /// <summary>Writes the fault down and says where.</summary>
    public static string Write(Exception fault, ParseResult parsed)
    {
        var folder = Path.Combine(FcmlHome.Path, "logs");
        Directory.CreateDirectory(folder);
        var stamp = TimeProvider.System.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var file = Path.Combine(folder, $"fcml-{stamp}-{Environment.ProcessId}.log");
        File.WriteAllText(file, $"fcml {parsed.CommandResult.Command.Name}\n{fault}\n");
        return file;
    }
}

/// <summary>The user's own folder for identities and logs: <c>$FCML_HOME</c>, else <c>~/.fcml</c>.</summary>
internal static class FcmlHome
{
    public static string Path { get; } = Environment.GetEnvironmentVariable("FCML_HOME") is { Length: > 0 } named
        ? named
        : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".fcml");
}
