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

    [GeneratedRegex(@"^#+ (.+?)\s*$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchor();
}
