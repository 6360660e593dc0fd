using System.Collections.Immutable;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Concepts as a site's mapping reads them: the source's own codings, followed by what its steward has mapped them to.</summary>
/// <param name="concepts">The source's codings by ordinal. May grow while events are read.</param>
/// <param name="mapping">The site's mapping.</param>
public sealed class SiteConcepts(IReadOnlyList<ImmutableArray<Coding>> concepts, SiteMapping mapping)
{
    /// <summary>The unit of a number that has none.</summary>
    public static Coding NoUnit { get; } = new(CodeSystems.Ucum, "1");

    private readonly List<ImmutableArray<Coding>> _mapped = [];

    /// <summary>The mapping.</summary>
    public SiteMapping Mapping => mapping;

    /// <summary>Codings of a concept.</summary>
    public ImmutableArray<Coding> this[int ordinal]
    {
        get
        {
            while (_mapped.Count <= ordinal)
                _mapped.Add(mapping.Apply(concepts[_mapped.Count]));
            return _mapped[ordinal];
        }
    }

    /// <summary>The unit of a number: one of UCUM, or a text that nobody has mapped.</summary>
    /// <param name="unit">Ordinal of the unit; -1: the source gives none, which is the unit 1.</param>
    /// <param name="concept">Ordinal of what was measured, for which the mapping may say something of its own; -1: nothing.</param>
    public Coding UnitOf(int unit, int concept) => unit < 0 ? NoUnit : mapping.Unit(Given(concepts, unit), concept < 0 ? [] : this[concept]);

    /// <summary>A unit as the source gives it.</summary>
    internal static Coding Given(IReadOnlyList<ImmutableArray<Coding>> concepts, int unit)
    {
        if (unit < 0)
            return NoUnit;
        var codings = concepts[unit];
        return codings.FirstOrDefault(coding => coding.System == CodeSystems.Ucum, codings[0]);
    }
}
