using System.Collections.Immutable;
using System.Text.RegularExpressions;
using FederatedClinicalMl.Coordinator.Monitoring;

namespace FederatedClinicalMl.Coordinator.Dashboard;

/// <summary>What to look at and what to do when a rule has opened an alert.</summary>
/// <param name="Name">The rule's name.</param>
/// <param name="Paragraphs">What it says.</param>
internal sealed record Runbook(string Name, ImmutableArray<ImmutableArray<RunbookWords>> Paragraphs);

/// <summary>A piece of a paragraph.</summary>
/// <param name="Text">The text.</param>
/// <param name="IsBold">Whether it is bold.</param>
/// <param name="IsCode">Whether it is something to type, or a name.</param>
/// <param name="Section">The runbook that it leads to; null: it leads nowhere, or to a document that is not served.</param>
internal sealed record RunbookWords(string Text, bool IsBold = false, bool IsCode = false, string? Section = null);

/// <summary>The runbooks of the built-in rules, as this version of the software has them: docs/how-to/runbooks.md lies in the assembly, because hospitals are offline.</summary>
internal static partial class Runbooks
{
    private const string Resource = "runbooks.md";

    /// <summary>All of them, in the order of the document.</summary>
    public static ImmutableArray<Runbook> All { get; } = Read();

    /// <summary>Where a rule says what to do, for a browser of this dashboard; null: it names a document that is not served.</summary>
    public static string? LinkTo(string runbook)
    {
        ArgumentNullException.ThrowIfNull(runbook);
        return runbook.StartsWith("https://", StringComparison.Ordinal) ? runbook : PagePath.Of(runbook);
    }

    /// <summary>Reads what the document uses of Markdown: headings, paragraphs, <c>**bold**</c>, <c>`code`</c>, <c>[links](to)</c>.</summary>
    /// <exception cref="FormatException">It uses something else: it would be shown wrong.</exception>
    internal static ImmutableArray<Runbook> Parse(string markdown)
    {
        var books = ImmutableArray.CreateBuilder<Runbook>();
        foreach (var section in markdown.ReplaceLineEndings("\n").Split("\n## ")[1..])
        {
            var parts = section.Split("\n\n", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (parts.FirstOrDefault(part => Unread().IsMatch(part)) is { } unread)
                throw new FormatException($"'{unread}' is neither a paragraph nor a heading of a runbook.");
            books.Add(new Runbook(parts[0], [.. parts[1..].Select(paragraph => Words(paragraph.Replace('\n', ' ')))]));
        }

        return books.ToImmutable();
    }

    private static ImmutableArray<RunbookWords> Words(string paragraph)
    {
        var (words, from) = (ImmutableArray.CreateBuilder<RunbookWords>(), 0);
        foreach (Match match in Marked().Matches(paragraph))
        {
            if (match.Index > from)
                words.Add(new RunbookWords(paragraph[from..match.Index]));
            words.Add(match switch
            {
                { Groups: [_, { Success: true } code, ..] } => new RunbookWords(code.Value, IsCode: true),
                { Groups: [_, _, { Success: true } bold, ..] } => new RunbookWords(bold.Value, IsBold: true),
                { Groups: [_, _, _, var text, var to] } => new RunbookWords(text.Value, Section: to.Value.StartsWith('#') ? to.Value[1..] : null),
                _ => throw new FormatException($"'{match.Value}' is no mark of a runbook."),
            });
            from = match.Index + match.Length;
        }

        if (from < paragraph.Length)
            words.Add(new RunbookWords(paragraph[from..]));
        return words.ToImmutable();
    }

    private static ImmutableArray<Runbook> Read()
    {
        using var reader = new StreamReader(typeof(Runbooks).Assembly.GetManifestResourceStream(Resource) ?? throw new InvalidOperationException($"The assembly has no {Resource}."));
        return Parse(reader.ReadToEnd());
    }

    [GeneratedRegex("`([^`]+)`|\\*\\*([^*]+)\\*\\*|\\[([^]]+)\\]\\(([^)]+)\\)", RegexOptions.None, 1000)]
    private static partial Regex Marked();

    [GeneratedRegex(@"^(#|- |\* |\d+\. |\||```|>)|!\[|<[a-z]", RegexOptions.None, 1000)]
    private static partial Regex Unread();
}
