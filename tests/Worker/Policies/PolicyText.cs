using System.Text.RegularExpressions;
using FederatedClinicalMl.SiteAgent.Worker;

namespace FederatedClinicalMl.Tests.Worker.Policies;

/// <summary>Texts of <c>policy.yaml</c>, made from the one that <c>site-worker init</c> writes.</summary>
internal static partial class PolicyText
{
    /// <summary>Every key.</summary>
    public static IReadOnlyList<string> Keys { get; } = [.. Key().Matches(PolicyReader.Default).Select(match => match.Groups[1].Value)];

    /// <summary>The policy with another value of a key.</summary>
    public static string With(string key, string value) => Replace(key, $"{key}: {value}");

    /// <summary>The policy without a key.</summary>
    public static string Without(string key) => Replace(key, "");

    /// <summary>The line of a key, from 1.</summary>
    public static int LineOf(string key) => PolicyReader.Default[..PolicyReader.Default.IndexOf($"\n{key}:", StringComparison.Ordinal)].Count(c => c == '\n') + 2;

    private static string Replace(string key, string line)
    {
        Assert.Contains(key, Keys);
        return Regex.Replace(PolicyReader.Default, $"^{key}:.*$", line, RegexOptions.Multiline);
    }

    [GeneratedRegex("^([a-z-]+):", RegexOptions.Multiline)]
    private static partial Regex Key();
}
