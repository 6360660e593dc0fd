using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace FederatedClinicalMl.Tests.Architecture;

/// <summary>One row: a room, what it may reference, and whether its project is still to come.</summary>
public sealed record ReferenceRow(string Room, ImmutableArray<string> Allowed, bool Later)
{
    /// <summary>Whether the row names <paramref name="room"/>, itself or by <c>folder/*</c>.</summary>
    public bool Allows(string room) =>
        Allowed.Any(allowed => allowed == room || (allowed.EndsWith("/*", StringComparison.Ordinal) && room.StartsWith(allowed[..^1], StringComparison.Ordinal)));
}

/// <summary>Who may reference whom, as docs/architecture/rooms.md says it: the page is the rule, not a copy of it.</summary>
public static partial class ReferenceTable
{
    /// <summary>Reads the table's rows: those that begin with a room in backquotes.</summary>
    public static ImmutableDictionary<string, ReferenceRow> Parse(string markdown) =>
        markdown.Split('\n')
            .Select(line => line.Split('|'))
            .Where(cells => cells.Length >= 4 && Quoted().IsMatch(cells[1]))
            .Select(cells => new ReferenceRow(
                Quoted().Match(cells[1]).Groups[1].Value,
                [.. Quoted().Matches(cells[2]).Select(match => match.Groups[1].Value)],
                cells[1].Contains("(later)", StringComparison.Ordinal)))
            .ToImmutableDictionary(row => row.Room);

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();
}
