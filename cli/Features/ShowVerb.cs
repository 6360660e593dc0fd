using FederatedClinicalMl.Studies;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Features;

/// <summary><c>fcml features show</c>: every field of a definition, its codes and its digest.</summary>
internal static class ShowVerb
{
    public static Verb Create()
    {
        var (reference, library) = (FeaturesCommand.ReferenceArgument("feature"), FeaturesCommand.LibraryOption());
        return new Verb("show", "Show every field of a definition, its codes and its digest.", "fcml features show hba1c-last@1", "fcml features show my-feature@2 --library features")
        {
            reference, library,
        }.Does((parsed, terminal, _) => Task.FromResult(Run(parsed.GetRequiredValue(reference), parsed.GetValue(library), terminal)));
    }

    private static ExitCode Run(string reference, DirectoryInfo? folder, Terminal terminal)
    {
        var feature = FeaturesCommand.Find(FeaturesCommand.Read(folder, terminal), reference);
        var definition = FeatureFields.Definition(feature);
        var table = new Table().AddColumns("field", "value");
        foreach (var (path, items) in FeatureFields.Of(definition))
            table.AddRow(path.EscapeMarkup(), string.Join(", ", items).EscapeMarkup());
        terminal.Show(table);
        var file = FeatureLibrary.BuiltIn.Find(reference) == feature ? null : feature.File;
        terminal.Say($"{reference.EscapeMarkup()}, digest {feature.Definition.Digest}, {(file is null ? "comes with fcml" : $"from {file.EscapeMarkup()}")}");
        terminal.Emit("feature", new { reference, digest = feature.Definition.Digest.ToString(), file, definition });
        return ExitCode.Success;
    }
}
