using System.CommandLine;
using FederatedClinicalMl.Cli;

namespace FederatedClinicalMl.Tests.Cli;

/// <summary>Runs a command line in this process, with what it prints kept apart from other tests'.</summary>
internal static class CommandRun
{
    /// <summary>The exit code, and what went to standard error.</summary>
    public static async Task<(int Code, string Error)> FcmlAsync(params string[] args)
    {
        var (code, _, error) = await FcmlWithOutputAsync(args);
        return (code, error);
    }

    /// <summary>The exit code, standard output and standard error.</summary>
    public static async Task<(int Code, string Output, string Error)> FcmlWithOutputAsync(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, Output = output, Error = error };
        var code = await FcmlCommand.InvokeAsync(args, TimeProvider.System, configuration, TestContext.Current.CancellationToken);
        return (code, output.ToString(), error.ToString());
    }
}
