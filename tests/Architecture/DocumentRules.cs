using System.Text.RegularExpressions;

namespace FederatedClinicalMl.Tests.Architecture;

/// <summary>Rules on the documents.</summary>
public static partial class DocumentRules
{
    /// <summary>Links of Markdown files that lead into the repository but to nothing, or to a heading that is not there.</summary>
    public static IEnumerable<string> DeadLinks(IReadOnlyCollection<SourceFile> files)
    {
        var texts = files.ToDictionary(file => file.Path, file => file.Text);
        foreach (var file in files.Where(file => file.Extension == ".md"))
        {
            foreach (var target in Link().Matches(file.Text).Select(match => match.Groups[1].Value).Where(target => !target.Contains("://", StringComparison.Ordinal)))
            {
                var (path, heading) = target.Split('#') is [var first, var second] ? (first, second) : (target, null);
                var resolved = path.Length == 0 ? file.Path : Resolve(file.Path, path);
                if (resolved.EndsWith('/') ? !texts.Keys.Any(other => other.StartsWith(resolved, StringComparison.Ordinal)) : !texts.ContainsKey(resolved))
                    yield return $"{file.Path} links to {target}, which is not there.";
                else if (heading is not null && !Heading().Matches(texts[resolved]).Any(match => Anchor(match.Groups[1].Value) == heading))
                    yield return $"{file.Path} links to {target}, but {resolved} has no such heading.";
            }
        }
    }

    /// <summary>Names that a source file defines, by a pattern whose first group is the name, and that a page has no row for.</summary>
    public static IEnumerable<string> WithoutRow(string source, string pattern, string page)
    {
        var names = Regex.Matches(source, pattern).Select(match => match.Groups[1].Value).ToList();
        if (names.Count == 0)
            yield return $"The pattern {pattern} finds nothing: has the source changed its form?";
        foreach (var name in names.Where(name => !page.Contains($"\n| `{name}` |", StringComparison.Ordinal)))
            yield return $"{name} has no row.";
    }

    /// <summary>Tests that a page names in backquotes (by the underscore in a method's name) and that no test file has.</summary>
    public static IEnumerable<string> MissingTests(string page, IReadOnlyCollection<SourceFile> files)
    {
        var tests = files.Where(file => file.Path.StartsWith("tests/", StringComparison.Ordinal) && file.Extension == ".cs").ToList();
        return TestName().Matches(page).Select(match => match.Groups[1].Value)
            .Where(name => !tests.Any(file => Regex.IsMatch(file.Text, $@"^\s*public [\w<>]+(?: [\w<>]+)* {name}\(", RegexOptions.Multiline)))
            .Select(name => $"The test {name} is named but not there.");
    }

    private static string Resolve(string from, string relative)
    {
        var parts = new Stack<string>(from.Split('/').SkipLast(1));
        foreach (var part in relative.Split('/'))
        {
            if (part == "..")
                parts.TryPop(out _);
            else if (part != ".")
                parts.Push(part);
        }

        return string.Join('/', parts.Reverse());
    }

    private static string Anchor(string heading) => NotInAnchor().Replace(heading.ToLowerInvariant(), "").Replace(' ', '-');

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`([A-Z]\w*_\w+)`")]
    private static partial Regex TestName();

    [GeneratedRegex(@"^#+ (.+?)\s*$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchor();
}
