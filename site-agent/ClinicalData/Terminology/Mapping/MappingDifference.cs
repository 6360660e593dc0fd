using System.Collections.Immutable;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>What one mapping says and another does not, line by line, for the steward who reviews it.</summary>
/// <param name="Added">What the newer one says and the older one did not.</param>
/// <param name="Removed">What the older one said and the newer one does not.</param>
public sealed record MappingDifference(ImmutableArray<string> Added, ImmutableArray<string> Removed)
{
    /// <summary>Compares two mappings; who reviewed them, and when, is no part of it.</summary>
    public static MappingDifference Between(SiteMapping older, SiteMapping newer)
    {
        ArgumentNullException.ThrowIfNull(older);
        ArgumentNullException.ThrowIfNull(newer);
        var (before, after) = (Lines(older), Lines(newer));
        return new MappingDifference([.. after.Except(before)], [.. before.Except(after)]);
    }

    private static ImmutableArray<string> Lines(SiteMapping mapping) =>
    [
        .. mapping.Codes.Select(code => $"code {Text(code.From)} is {Text(code.To)}"),
        .. mapping.Units.Select(unit => $"unit '{unit.From}' is {unit.To}{(unit.For is { } code ? $" for {Text(code)}" : "")}"),
    ];

    private static string Text(Coding coding) => coding.System.Length == 0 ? $"'{coding.Code}'" : coding.ToString();
}
