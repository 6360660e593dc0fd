using System.Diagnostics;

namespace FederatedClinicalMl.Tests.Coordinator;

/// <summary>The executable <c>coordinator</c>, as it was built.</summary>
internal static class CoordinatorProgram
{
    private static readonly string Here = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);

    // The tests' own output folder has no copy that can be started.
    private static readonly string File = Path.GetFullPath(
        Path.Combine(Here, "..", "..", "Coordinator", Path.GetFileName(Here), OperatingSystem.IsWindows() ? "coordinator.exe" : "coordinator"));

    /// <summary>Runs one command line to its end.</summary>
    public static Task<(int Code, string Output, string Error)> RunAsync(params string[] args) => RunToAsync(faultPoint: null, args);

    /// <summary>Runs one command line to its end, or to the point at which it kills itself.</summary>
    public static async Task<(int Code, string Output, string Error)> RunToAsync(string? faultPoint, params string[] args)
    {
        var start = new ProcessStartInfo(File, args) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["FCML_FAULT_POINT"] = faultPoint;
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{File} could not be started.");
        var stop = TestContext.Current.CancellationToken;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(stop), process.StandardError.ReadToEndAsync(stop));
        await process.WaitForExitAsync(stop);
        return (process.ExitCode, await output, await error);
    }
}
