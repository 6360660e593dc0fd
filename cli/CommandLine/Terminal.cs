using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace FederatedClinicalMl.Cli;

/// <summary>
/// Where a verb's results go: sentences and tables for people, or with <c>--json</c> one JSON object per line for scripts. What is for
/// people says nothing in JSON mode, and the other way round; faults go to standard error in both.
/// </summary>
internal sealed class Terminal(bool json, TextWriter output, TextWriter error, IAnsiConsole people)
{
    private static readonly JsonSerializerOptions Lines = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    private readonly Lock _line = new();

    public bool Json => json;

    /// <summary>The console for people; only to be written to where <see cref="Json"/> is false.</summary>
    public IAnsiConsole People => people;

    /// <summary>A console that shows nothing.</summary>
    public static Terminal Silent { get; } = new(
        json: false, TextWriter.Null, TextWriter.Null, AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(TextWriter.Null) }));

    /// <summary>One sentence for people, in Spectre's markup, but for its emoji: <c>:person:</c> is a part of every person's URN.</summary>
    public void Say(string markup)
    {
        if (json)
            return;
        var sentence = new Paragraph();
        foreach (var part in AnsiMarkup.Parse(markup))
            sentence.Append(part.Text, part.Style);
        lock (_line)
        {
            people.Write(sentence);
            people.WriteLine();
        }
    }

    /// <summary>A table for people.</summary>
    public void Show(Table table)
    {
        if (!json)
            people.Write(table);
    }

    /// <summary>One object for scripts: <c>{"event": kind, ...fields}</c> on a line of its own.</summary>
    public void Emit(string kind, object fields)
    {
        if (!json)
            return;
        var node = JsonSerializer.SerializeToNode(fields, Lines)!.AsObject();
        node.Insert(0, "event", kind);
        var line = node.ToJsonString(Lines);
        lock (_line)
            output.WriteLine(line);
    }

    /// <summary>One sentence on standard error.</summary>
    public void Fault(ExitCode code, string sentence)
    {
        lock (_line)
        {
            if (json)
                error.WriteLine(JsonSerializer.Serialize(new { @event = "fault", exitCode = (int)code, code, sentence }, Lines));
            else
                error.WriteLine($"fcml: {sentence}");
        }
    }
}
