using System.Collections.Immutable;
using System.CommandLine.Parsing;
using System.Globalization;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Replay;

/// <summary>
/// The least count that sites released, as their policies had it: <c>11</c> for all sites, or <c>va=5</c> for one. It decides what of metrics and of
/// moments left a site, and is the one thing that a result depends on and that no record holds: policies are the sites' own.
/// </summary>
/// <param name="Default">For sites that are not named; null where none was given.</param>
/// <param name="Sites">For sites that are.</param>
internal sealed record CellMinimum(int? Default, ImmutableSortedDictionary<SiteId, int> Sites)
{
    public static readonly CellMinimum Unknown = new(null, ImmutableSortedDictionary<SiteId, int>.Empty);

    /// <summary>Whether it is known for every one of these sites.</summary>
    public bool Covers(IEnumerable<SiteId> sites) => Default is not null || sites.All(Sites.ContainsKey);

    /// <summary>A site's; 1 (everything was released) where it is not known.</summary>
    public int Of(SiteId site) => Sites.TryGetValue(site, out var named) ? named : Default ?? 1;

    /// <summary>Reads an option's words.</summary>
    public static CellMinimum Parse(ArgumentResult result)
    {
        var minimum = Unknown;
        foreach (var word in result.Tokens.Select(token => token.Value))
        {
            var parts = word.Split('=');
            if (parts.Length > 2 || !int.TryParse(parts[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count < 1)
                result.AddError($"'{word}' is no least count: write a number from 1, such as 11, or SITE=NUMBER.");
            else if (parts.Length == 1)
                minimum = minimum with { Default = count };
            else if (SiteId.TryParse(parts[0], out var site))
                minimum = minimum with { Sites = minimum.Sites.SetItem(site, count) };
            else
                result.AddError($"'{parts[0]}' is not a site's name: {Name.Rule}.");
        }

        return minimum;
    }
}
