using Spectre.Console;

namespace FederatedClinicalMl.Cli.Features;

/// <summary><c>fcml features list</c></summary>
internal static class ListVerb
{
    public static Verb Create()
    {
        var library = FeaturesCommand.LibraryOption();
        return new Verb("list", "List the definitions that a study can refer to.", "fcml features list", "fcml features list --library features --json")
        {
            library,
        }.Does((parsed, terminal, _) => Task.FromResult(Run(parsed.GetValue(library), terminal)));
    }

    private static ExitCode Run(DirectoryInfo? folder, Terminal terminal)
    {
        var table = new Table().AddColumns("feature", "kind", "unit", "title", "owner");
        foreach (var feature in FeaturesCommand.Read(folder, terminal).Features)
        {
            var (definition, fields) = (feature.Definition, FeatureFields.Definition(feature));
            var (kind, unit) = (FeatureFields.Kind(fields), FeatureFields.Unit(fields));
            table.AddRow(definition.Reference, kind, (unit ?? "-").EscapeMarkup(), definition.Title.EscapeMarkup(), definition.Owner.EscapeMarkup());
            terminal.Emit("feature", new { definition.Name, definition.Version, kind, unit, definition.Title, definition.Owner, digest = definition.Digest.ToString() });
        }

        terminal.Show(table);
        return ExitCode.Success;
    }
}
