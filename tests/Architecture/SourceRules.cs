using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace FederatedClinicalMl.Tests.Architecture;

/// <summary>Rules on the text of the sources.</summary>
public static partial class SourceRules
{
    /// <summary>What marks code as unfinished. Put together here, so that this file does not name them itself.</summary>
    private static readonly ImmutableArray<string> Unfinished = ["TO" + "DO", "FIX" + "ME", "HA" + "CK", "NotImplemented" + "Exception"];

    private static readonly ImmutableHashSet<string> CodeExtensions = [".cs", ".csproj", ".css", ".js", ".proto", ".props", ".ps1", ".razor", ".sh", ".targets"];

    /// <summary>C# outside of <paramref name="folders"/> and tests that names <paramref name="library"/> in code (comments may).</summary>
    /// <param name="files">The repository's files.</param>
    /// <param name="library">A namespace, e.g. <c>TorchSharp</c>.</param>
    /// <param name="folders">A folder from the root with its slash ("a/b/"), or the name of a folder at any depth ("Storage").</param>
    public static IEnumerable<string> NamedOutside(IEnumerable<SourceFile> files, string library, params string[] folders) =>
        from file in files
        where file.Extension == ".cs" && !file.Path.StartsWith("tests/", StringComparison.Ordinal)
        where !folders.Any(folder => folder.EndsWith('/')
            ? file.Path.StartsWith(folder, StringComparison.Ordinal)
            : file.Path.Split('/').SkipLast(1).Contains(folder))
        where Regex.IsMatch(Comments().Replace(file.Text, ""), $@"\b{Regex.Escape(library)}\b")
        select $"{file.Path} names {library}, which belongs to {string.Join(" and ", folders)}.";

    /// <summary>Paths of the machine that somebody works on have no place in the repository.</summary>
    public static IEnumerable<string> MachinePaths(IEnumerable<SourceFile> files) =>
        from file in files
        from match in MachinePath().Matches(file.Text).Cast<Match>()
        select $"{file.Path}:{Line(file.Text, match.Index)} names {match.Value}, a path of one machine.";

    /// <summary>Addresses of package feeds have no place in the repository: which feed is used is the builder's choice.</summary>
    public static IEnumerable<string> PackageFeeds(IEnumerable<SourceFile> files) =>
        from file in files
        where PackageFeed().IsMatch(file.Text) || Path.GetFileName(file.Path).Equals("nuget.config", StringComparison.OrdinalIgnoreCase)
        select $"{file.Path} names a package feed.";

    /// <summary>Code is finished or is not there.</summary>
    public static IEnumerable<string> UnfinishedCode(IEnumerable<SourceFile> files) =>
        from file in files
        where CodeExtensions.Contains(file.Extension)
        from word in Unfinished
        let match = Regex.Match(file.Text, $@"\b{word}\b")
        where match.Success
        select $"{file.Path}:{Line(file.Text, match.Index)} says {word}.";

    /// <summary>A warning that is turned off in the code says why on the same line.</summary>
    public static IEnumerable<string> UnexplainedSuppressions(IEnumerable<SourceFile> files) =>
        from file in files
        where file.Extension == ".cs"
        from match in Suppression().Matches(file.Text).Cast<Match>()
        where !match.Value.Contains("//", StringComparison.Ordinal)
        select $"{file.Path}:{Line(file.Text, match.Index)} turns a warning off without saying why.";

    private static int Line(string text, int index) => text.AsSpan(0, index).Count('\n') + 1;

    [GeneratedRegex(@"//.*|/\*[\s\S]*?\*/")]
    private static partial Regex Comments();

    [GeneratedRegex(@"(?<![\w.\-/$}])/(?:work|tmp|farm|Users)/")]
    private static partial Regex MachinePath();

    [GeneratedRegex(@"https?://\S+/v3/index\.json|https?://\S*(?:nuget|pypi|npmjs|artifactory|nexus)\S*", RegexOptions.IgnoreCase)]
    private static partial Regex PackageFeed();

    [GeneratedRegex(@"^[ \t]*#pragma warning disable.*$", RegexOptions.Multiline)]
    private static partial Regex Suppression();
}
