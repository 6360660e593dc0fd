using System.Collections.Immutable;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace FederatedClinicalMl.Tests.Architecture;

/// <summary>Rules on how the house is built.</summary>
public static partial class BuildRules
{
    private static readonly ImmutableArray<string> SharedProperties =
        ["ManagePackageVersionsCentrally", "DisableTransitiveProjectReferences", "Nullable", "EnforceCodeStyleInBuild"];

    /// <summary>Versions stand in Directory.Packages.props, exact, and nowhere else.</summary>
    public static IEnumerable<string> PackageVersions(IEnumerable<ProjectFile> projects, string centralVersions)
    {
        foreach (var project in projects)
        {
            foreach (var reference in project.Document.Descendants("PackageReference").Where(HasOwnVersion))
                yield return $"{project.Path} gives {(string?)reference.Attribute("Include")} a version of its own; versions stand in Directory.Packages.props.";
        }

        var central = XDocument.Parse(centralVersions);
        if (!SaysTrue(central, "ManagePackageVersionsCentrally"))
            yield return "Directory.Packages.props does not turn central package versions on.";
        var entries = central.Descendants("PackageVersion").Select(entry => ((string?)entry.Attribute("Include"), (string?)entry.Attribute("Version"))).ToList();
        foreach (var (package, version) in entries)
        {
            if (version is null || !ExactVersion().IsMatch(version))
                yield return $"Directory.Packages.props gives {package} the version '{version}', which is not exact.";
        }

        foreach (var package in projects.SelectMany(project => project.Packages).Distinct().Except(entries.Select(entry => entry.Item1!)))
            yield return $"{package} is referenced but has no version in Directory.Packages.props.";
    }

    /// <summary>The shared properties hold every project to the same rules: transitive references off, warnings as errors, banned symbols.</summary>
    public static IEnumerable<string> SharedBuild(string sharedBuild, string bannedSymbols)
    {
        var document = XDocument.Parse(sharedBuild);
        if (!SaysTrue(document, "DisableTransitiveProjectReferences"))
            yield return "Directory.Build.props leaves transitive project references on.";
        if (!SaysTrue(document, "TreatWarningsAsErrors"))
            yield return "Directory.Build.props does not treat warnings as errors.";
        if (document.Descendants("Nullable").SingleOrDefault()?.Value != "enable")
            yield return "Directory.Build.props does not enable nullable annotations.";
        if (document.Descendants("PackageReference").All(item => (string?)item.Attribute("Include") != "Microsoft.CodeAnalysis.BannedApiAnalyzers"))
            yield return "Directory.Build.props does not reference the banned-symbols analyzer.";
        if (document.Descendants("AdditionalFiles").All(item => ((string?)item.Attribute("Include"))?.EndsWith("build/BannedSymbols.txt", StringComparison.Ordinal) != true))
            yield return "Directory.Build.props does not hand build/BannedSymbols.txt to the analyzer.";
        foreach (var symbol in new[] { "P:System.DateTime.UtcNow", "P:System.DateTimeOffset.UtcNow", "M:System.Random.#ctor", "M:System.Threading.Thread.Sleep(System.Int32)" })
        {
            if (!bannedSymbols.Split('\n').Any(line => line.StartsWith(symbol + ";", StringComparison.Ordinal)))
                yield return $"build/BannedSymbols.txt does not ban {symbol}.";
        }
    }

    /// <summary>No project opts out of the shared build; generated wire projects alone may leave warnings be.</summary>
    public static IEnumerable<string> OptOuts(IEnumerable<ProjectFile> projects)
    {
        foreach (var project in projects)
        {
            var properties = project.Document.Descendants("PropertyGroup").Elements().ToList();
            foreach (var property in properties.Where(property => SharedProperties.Contains(property.Name.LocalName)))
                yield return $"{project.Path} sets {property.Name.LocalName}, which is the same for the whole house.";
            if (!project.Room.StartsWith("protos/", StringComparison.Ordinal)
                && properties.Any(property => property.Name.LocalName is "TreatWarningsAsErrors" or "AnalysisLevel" or "WarningsNotAsErrors"))
                yield return $"{project.Path} loosens warnings; only the generated wire projects may.";
            if (project.Document.Descendants("AdditionalFiles").Any(item => item.Attribute("Remove") is not null)
                || project.Document.Descendants("PackageReference").Any(item => item.Attribute("Remove") is not null))
                yield return $"{project.Path} removes an item of the shared build.";
        }
    }

    /// <summary>A nested Directory.Build.props goes on to the one above it, or its projects would escape the shared rules.</summary>
    public static IEnumerable<string> NestedBuildFiles(IEnumerable<SourceFile> files) =>
        from file in files
        where file.Path.EndsWith("/Directory.Build.props", StringComparison.Ordinal)
        where !file.Text.Contains("GetPathOfFileAbove('Directory.Build.props'", StringComparison.Ordinal)
        select $"{file.Path} does not import the Directory.Build.props above it.";

    private static bool HasOwnVersion(XElement reference) =>
        reference.Attribute("Version") is not null || reference.Attribute("VersionOverride") is not null
        || reference.Element("Version") is not null || reference.Element("VersionOverride") is not null;

    private static bool SaysTrue(XDocument document, string property) =>
        document.Descendants(property).Any(element => element.Value == "true" && element.Attribute("Condition") is null);

    [GeneratedRegex(@"^\d+(\.\d+){1,3}(-[0-9A-Za-z.]+)?$")]
    private static partial Regex ExactVersion();
}
