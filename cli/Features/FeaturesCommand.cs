using System.CommandLine;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Features;

/// <summary><c>fcml features ...</c>: the definitions that studies refer to by name and version; needs no coordinator.</summary>
internal static class FeaturesCommand
{
    public static Command Create() => new Verb("features", "List, show and compare feature definitions: those that come with fcml, and a folder of your own.")
    {
        ListVerb.Create(), ShowVerb.Create(), DiffVerb.Create(),
    };

    public static Option<DirectoryInfo?> LibraryOption() =>
        new("--library") { Description = "Folder with definitions of your own (*.yaml), besides those that come with fcml." };

    public static Argument<string> ReferenceArgument(string name) => new(name) { Description = "A definition, as NAME@VERSION." };

    /// <summary>The definitions that come with fcml and those of a folder, all without faults.</summary>
    public static FeatureLibrary Read(DirectoryInfo? folder, Terminal terminal)
    {
        var (library, faults) = FeatureFolder.Read(folder);
        if (faults.IsEmpty)
            return library;
        FeatureFolder.Show(faults, terminal);
        throw new CliException(ExitCode.InvalidInput, $"The definitions in {folder!.FullName} have {faults.Length} {(faults.Length == 1 ? "fault" : "faults")}, listed above with file, line and column; mend them and try again.");
    }

    /// <summary>The definition of that name and version.</summary>
    public static LibraryFeature Find(FeatureLibrary library, string reference)
    {
        if (library.Find(reference) is { } found)
            return found;
        var name = reference.Split('@')[0];
        var versions = library.Features.Where(feature => feature.Definition.Name == name).Select(feature => feature.Definition.Reference).ToList();
        throw new CliException(ExitCode.Usage, $"There is no feature '{reference}'. {(versions.Count > 0 ? $"There is {string.Join(", ", versions)}." : "'fcml features list' shows what there is; name one as NAME@VERSION.")}");
    }
}
