using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace FederatedClinicalMl.Cli;

/// <summary>A command whose help ends in examples.</summary>
internal sealed class Verb : Command
{
    public Verb(string name, string description, params IEnumerable<string> examples)
        : base(name, description) => Examples = [.. examples];

    public IReadOnlyList<string> Examples { get; }

    /// <summary>Sets what the verb does. Faults travel as <see cref="CliException"/>; <see cref="FcmlCommand"/> turns them into sentence and exit code.</summary>
    public Verb Does(Func<ParseResult, Terminal, CancellationToken, Task<ExitCode>> action)
    {
        SetAction(async (parsed, cancel) => (int)await FcmlCommand.GuardAsync(parsed, terminal => action(parsed, terminal, cancel), cancel));
        return this;
    }
}

/// <summary>Prints the usual help, then the verb's examples.</summary>
internal sealed class HelpWithExamples(HelpAction usual) : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        var result = usual.Invoke(parseResult);
        if (parseResult.CommandResult.Command is Verb { Examples.Count: > 0 } verb)
        {
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (var example in verb.Examples)
                output.WriteLine($"  {example}");
        }

        return result;
    }
}
