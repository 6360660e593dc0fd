using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Globalization;
using FederatedClinicalMl.Cli.CoordinatorHost;
using FederatedClinicalMl.SiteAgent.Gateway;
using Grpc.Core;
using Spectre.Console;

namespace FederatedClinicalMl.Cli;

/// <summary>The root command: every verb, the options that all verbs share, and the one place where faults become exit codes.</summary>
internal static class FcmlCommand
{
    public static readonly Option<bool> Json = new("--json")
    {
        Description = "Print one JSON object per line, for scripts.",
        Recursive = true,
    };

    public static readonly Option<DirectoryInfo?> Identity = new("--identity")
    {
        Description = "Folder of your certificate, as 'fcml enrol' made it (default: $FCML_IDENTITY, else ~/.fcml/identity).",
        Recursive = true,
    };

    public static async Task<int> RunAsync(string[] args, TimeProvider time)
    {
        try
        {
            if (CoordinatorCommand.Forwarded(args) is { } words)
                return await CoordinatorCommand.RunAsync(words);
        }
        catch (CliException fault)
        {
            await Console.Error.WriteLineAsync($"fcml: {fault.Message}");
            return (int)fault.Code;
        }

        var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(20) };
        return await InvokeAsync(args, time, configuration);
    }

    /// <summary>Does what a command line says. One that is not understood ends as the list of exit codes has it, which is not what the parser's own action returns.</summary>
    public static async Task<int> InvokeAsync(string[] args, TimeProvider time, InvocationConfiguration configuration, CancellationToken cancel = default)
    {
        var parsed = Create(time).Parse(args);
        var code = await parsed.InvokeAsync(configuration, cancel);
        return parsed.Action is ParseErrorAction ? (int)ExitCode.Usage : code;
    }

    public static RootCommand Create(TimeProvider time)
    {
        var root = new RootCommand("fcml: federated learning between hospitals, for admins and researchers. Start with 'fcml demo'.") { Json, Identity };
        foreach (var verb in Verbs.All(time))
            root.Subcommands.Add(verb);
        foreach (var option in root.Options)
        {
            if (option is HelpOption { Action: HelpAction usual } help)
                help.Action = new HelpWithExamples(usual);
        }

        return root;
    }

    /// <summary>Runs one verb's action and turns whatever ends it into a sentence and an exit code.</summary>
    public static async Task<ExitCode> GuardAsync(ParseResult parsed, Func<Terminal, Task<ExitCode>> action, CancellationToken cancel)
    {
        var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        var people = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
        if (Console.IsOutputRedirected)
            people.Profile.Width = 160; // a pipe has no width; 80 columns would break tables
        var terminal = new Terminal(parsed.GetValue(Json), output, error, people);
        try
        {
            return await action(terminal);
        }
        catch (CliException fault)
        {
            return Ended(fault.Code, fault.Message);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return Ended(ExitCode.Interrupted, "Interrupted; everything that fcml had started was ended.");
        }
        catch (RpcException) when (cancel.IsCancellationRequested)
        {
            return Ended(ExitCode.Interrupted, "Interrupted; everything that fcml had started was ended.");
        }
        catch (AgentException fault)
        {
            var code = fault.Code is "IDENTITY_MISSING" or "IDENTITY_UNREADABLE" or "INVITATION_MALFORMED" ? ExitCode.Usage
                : fault.Code.StartsWith("INVITATION", StringComparison.Ordinal) ? ExitCode.Refused
                : ExitCode.Unreachable;
            return Ended(code, $"{fault.Message} ({fault.Code})");
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            return Ended(ExitCode.Usage, $"{fault.Message} Check the path and the account's rights on it.");
        }
        catch (Exception fault)
        {
            var log = FaultLog.Write(fault, parsed);
            return Ended(ExitCode.InternalFault, $"fcml met a fault of its own: {FirstSentence(fault)} The details are in {log}; please report them.");
        }

        ExitCode Ended(ExitCode code, string sentence)
        {
            terminal.Fault(code, sentence);
            return code;
        }
    }

    private static string FirstSentence(Exception fault)
    {
        var line = fault.Message.Split('\n', 2)[0].Trim();
        return string.Create(CultureInfo.InvariantCulture, $"{fault.GetType().Name}: {line.TrimEnd('.')}.");
    }
}
