using System.Collections.Immutable;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>A code that no definition can name, because it is of the site's own or of an unknown system, and nobody mapped it.</summary>
/// <param name="Kind">What kind of events have it.</param>
/// <param name="Code">The code; a long text is shown by its beginning.</param>
/// <param name="Count">How many of them.</param>
public sealed record UnmappedCode(EventKind Kind, Coding Code, long Count);

/// <summary>A unit that was not understood for a concept.</summary>
/// <param name="Concept">The first coding that the source gives to what was measured.</param>
/// <param name="Unit">The unit; a long text is shown by its beginning.</param>
/// <param name="Fault">Why.</param>
/// <param name="Wanted">The unit into which it does not convert; empty: it was asked only whether it is one.</param>
/// <param name="Count">How many numbers have it.</param>
public sealed record UnmappedUnit(Coding Concept, Coding Unit, UnitFault Fault, string Wanted, long Count);

/// <summary>
/// Which codes and units a site uses that nobody mapped, the most frequent first. It is for the eyes of the site's own steward, who maps them: a
/// text of the site's own may hold anything, and a count may be that of one patient. It goes into no log and no exception, and does not leave.
/// </summary>
/// <param name="Codes">Codes, by count, then by kind, system and code.</param>
/// <param name="Units">Units, by count, then by concept and unit.</param>
public sealed record TerminologyReport(ImmutableArray<UnmappedCode> Codes, ImmutableArray<UnmappedUnit> Units)
{
    /// <summary>Longest text without system that is shown whole, in characters.</summary>
    public const int MaximumTextLength = 64;

    private const int ShownOfLonger = 16;
    private const string CutEnd = " characters)";

    /// <summary>Different codes that nobody mapped.</summary>
    public int DifferentCodes => Codes.Select(code => code.Code).Distinct().Count();

    /// <summary>Different units that were not understood.</summary>
    public int DifferentUnits => Units.Select(unit => unit.Unit).Distinct().Count();

    /// <summary>
    /// How a coding is shown: a text without system that is longer than <see cref="MaximumTextLength"/> is no code but prose, and is cut, with its length behind it.
    /// Texts that look the same then count as one.
    /// </summary>
    public static Coding Shown(Coding coding) => coding is { System: CodeSystems.Local, Code.Length: > MaximumTextLength }
        ? new Coding("", $"{coding.Code[..(char.IsHighSurrogate(coding.Code[ShownOfLonger - 1]) ? ShownOfLonger - 1 : ShownOfLonger)]}... ({coding.Code.Length}{CutEnd}")
        : coding;

    /// <summary>Whether a coding is shown by its beginning, so that it cannot be mapped by what is shown.</summary>
    public static bool IsCut(Coding shown) => shown is { System: CodeSystems.Local } && shown.Code.EndsWith(CutEnd, StringComparison.Ordinal);
}

/// <summary>Counts what a site uses into a <see cref="TerminologyReport"/>. Not for use by several threads at once.</summary>
/// <param name="mapping">What the site has mapped.</param>
public sealed class TerminologyReportBuilder(SiteMapping mapping)
{
    private readonly Dictionary<(EventKind Kind, Coding Code), long> _codes = [];
    private readonly Dictionary<(Coding Concept, Coding Unit, UnitFault Fault, string Wanted), long> _units = [];

    /// <summary>Counts a concept: each of its codings is reported where none of them, as mapped, is of a system that definitions name.</summary>
    /// <param name="kind">What kind of events have it.</param>
    /// <param name="concept">Its codings as the source gives them, at least one.</param>
    /// <param name="count">How many events.</param>
    public void AddConcept(EventKind kind, ImmutableArray<Coding> concept, long count)
    {
        if (mapping.Apply(concept).Any(coding => CodeSystems.NameOf(coding.System) is not (null or "local")))
            return;
        foreach (var code in concept.Select(TerminologyReport.Shown).Distinct())
            _codes[(kind, code)] = _codes.GetValueOrDefault((kind, code)) + count;
    }

    /// <summary>Counts a unit: it is reported where, as mapped, it is no unit of UCUM, or does not convert to a definition's.</summary>
    /// <param name="concept">The codings of what was measured as the source gives them, at least one.</param>
    /// <param name="unit">The unit as the source gives it.</param>
    /// <param name="count">How many numbers.</param>
    /// <param name="converter">A definition's converter; null: only whether it is a unit.</param>
    /// <param name="wanted">The converter's unit, as the definition writes it.</param>
    public void AddUnit(ImmutableArray<Coding> concept, Coding unit, long count, UnitConverter? converter = null, string wanted = "")
    {
        var mapped = mapping.Unit(unit, mapping.Apply(concept));
        if (converter is null ? UcumUnit.TryParse(mapped, out _, out var fault) : converter.TryFrom(mapped, out _, out fault))
            return;
        var key = (TerminologyReport.Shown(concept[0]), TerminologyReport.Shown(unit), fault, wanted);
        _units[key] = _units.GetValueOrDefault(key) + count;
    }

    /// <summary>The report of what was counted so far.</summary>
    public TerminologyReport Build() => new(
        [
            .. _codes.Select(item => new UnmappedCode(item.Key.Kind, item.Key.Code, item.Value))
                .OrderByDescending(item => item.Count).ThenBy(item => item.Kind).ThenBy(item => item.Code.ToString(), StringComparer.Ordinal),
        ],
        [
            .. _units.Select(item => new UnmappedUnit(item.Key.Concept, item.Key.Unit, item.Key.Fault, item.Key.Wanted, item.Value))
                .OrderByDescending(item => item.Count).ThenBy(item => $"{item.Concept} {item.Unit} {item.Wanted}", StringComparer.Ordinal).ThenBy(item => item.Fault),
        ]);
}
