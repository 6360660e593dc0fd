using Spectre.Console;

namespace FederatedClinicalMl.Cli.Features;

/// <summary><c>fcml features diff</c>: what changed from one definition to another, field by field; of lists, such as codes, what was added and removed.</summary>
internal static class DiffVerb
{
    public static Verb Create()
    {
        var (before, after, library) = (FeaturesCommand.ReferenceArgument("before"), FeaturesCommand.ReferenceArgument("after"), FeaturesCommand.LibraryOption());
        return new Verb("diff", "Show what changed from one definition to another, field by field.", "fcml features diff my-feature@1 my-feature@2 --library features")
        {
            before, after, library,
        }.Does((parsed, terminal, _) => Task.FromResult(Run(parsed.GetRequiredValue(before), parsed.GetRequiredValue(after), parsed.GetValue(library), terminal)));
    }

    private static ExitCode Run(string before, string after, DirectoryInfo? folder, Terminal terminal)
    {
        var library = FeaturesCommand.Read(folder, terminal);
        var (old, changed) = (Fields(before), Fields(after));
        var table = new Table().AddColumns("field", before.EscapeMarkup(), after.EscapeMarkup());
        foreach (var path in old.Keys.Union(changed.Keys))
        {
            var (was, becomes) = (old.GetValueOrDefault(path, []), changed.GetValueOrDefault(path, []));
            if (was.SequenceEqual(becomes, StringComparer.Ordinal))
                continue;
            table.AddRow(path.EscapeMarkup(), Text(was, becomes, '-'), Text(becomes, was, '+'));
            terminal.Emit("change", new { field = path, before = was, after = becomes });
        }

        if (table.Rows.Count == 0)
            terminal.Say($"{before.EscapeMarkup()} and {after.EscapeMarkup()} say the same.");
        else
            terminal.Show(table);
        return ExitCode.Success;

        Dictionary<string, IReadOnlyList<string>> Fields(string reference) =>
            FeatureFields.Of(FeatureFields.Definition(FeaturesCommand.Find(library, reference))).ToDictionary(field => field.Path, field => field.Items, StringComparer.Ordinal);
    }

    // A single value as it is; of a longer list what the other has not: forty codes of which one is new would hide it.
    private static string Text(IReadOnlyList<string> items, IReadOnlyList<string> others, char sign) => items.Count <= 2 && others.Count <= 2
        ? string.Join(", ", items).EscapeMarkup()
        : string.Join(", ", items.Except(others, StringComparer.Ordinal).Select(item => $"{sign}{item}")).EscapeMarkup();
}
