using System.CommandLine.Parsing;
using System.Globalization;

namespace FederatedClinicalMl.Cli.Simulation;

/// <summary>Seeds on the command line: <c>7</c> or <c>42..46</c>, both ends included.</summary>
/// <param name="First">The first seed.</param>
/// <param name="Last">The last seed.</param>
internal readonly record struct SeedRange(long First, long Last)
{
    /// <summary>How many seeds.</summary>
    public long Count => Last - First + 1;

    /// <summary>Each seed.</summary>
    public IEnumerable<long> Each()
    {
        for (var seed = First; seed <= Last; seed++)
            yield return seed;
    }

    /// <summary>Reads an option's word.</summary>
    public static SeedRange Parse(ArgumentResult result)
    {
        var word = result.Tokens.Single().Value;
        var ends = word.Split("..");
        if (ends.Length is 1 or 2
            && long.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            && long.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var last) && first <= last)
            return new SeedRange(first, last);
        result.AddError($"'{word}' names no seeds: write one number, such as 7, or a range, such as 42..46.");
        return default;
    }

    /// <inheritdoc/>
    public override string ToString() => First == Last ? $"{First}" : $"{First}..{Last}";
}
