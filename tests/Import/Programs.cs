using System.Diagnostics;

namespace FederatedClinicalMl.Tests.Import;

/// <summary>How a program ended and what it said.</summary>
internal sealed record Ended(int Code, string Output, string Error);

/// <summary>The programs beside these tests, and Debian's.</summary>
internal static class Programs
{
    public static string Import => Path.Join(AppContext.BaseDirectory, "site-import");

    public static string Worker => Path.Join(AppContext.BaseDirectory, "site-worker");

    public static bool IsRoot => Environment.UserName == "root";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Runs a program to its end.</summary>
    public static async Task<Ended> RunAsync(params string[] line)
    {
        using var process = Start(line);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(Cancel), process.StandardError.ReadToEndAsync(Cancel));
        await process.WaitForExitAsync(Cancel);
        return new Ended(process.ExitCode, await output, await error);
    }

    /// <summary>Runs a program that must do what it is asked.</summary>
    public static async Task<string> SucceedAsync(params string[] line)
    {
        var ended = await RunAsync(line);
        Assert.True(ended.Code == 0, $"{string.Join(' ', line)} ended with {ended.Code}: {ended.Output}{ended.Error}");
        return ended.Output;
    }

    public static Process Start(params string[] line)
    {
        var start = new ProcessStartInfo(line[0], line[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
        start.Environment.Remove("PGPASSFILE");
        return Process.Start(start)!;
    }
}
