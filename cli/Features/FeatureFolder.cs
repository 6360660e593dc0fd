using System.Collections.Immutable;
using FederatedClinicalMl.Studies;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Features;

/// <summary>A folder of a researcher's own definitions: one in each file, *.yaml.</summary>
internal static class FeatureFolder
{
    /// <summary>Where a study's own definitions stand: beside it.</summary>
    public const string Name = "features";

    /// <summary>The definitions that come with fcml and those of <paramref name="folder"/>; null: only the first.</summary>
    public static (FeatureLibrary Library, ImmutableArray<LibraryFault> Faults) Read(DirectoryInfo? folder) => folder is null
        ? (FeatureLibrary.BuiltIn, [])
        : FeatureLibrary.BuiltIn.With(folder.GetFiles("*.yaml").OrderBy(file => file.Name, StringComparer.Ordinal).Select(file => (file.FullName, File.ReadAllText(file.FullName))));

    /// <summary>The folder beside a study; null where there is none.</summary>
    public static DirectoryInfo? Beside(FileInfo study)
    {
        var folder = new DirectoryInfo(Path.Combine(study.DirectoryName!, Name));
        return folder.Exists ? folder : null;
    }

    public static void Show(IEnumerable<LibraryFault> faults, Terminal terminal)
    {
        foreach (var (file, fault) in faults)
        {
            terminal.Say($"{file.EscapeMarkup()}:{fault.Line}:{fault.Column} [yellow]{fault.Path.EscapeMarkup()}[/]: {fault.Message.EscapeMarkup()}");
            terminal.Emit("fault", new { file, fault.Line, fault.Column, fault.Path, fault.Message });
        }
    }
}
