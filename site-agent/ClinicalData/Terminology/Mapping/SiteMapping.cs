using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>What a code of the site means to everybody.</summary>
/// <param name="From">The site's code.</param>
/// <param name="To">The same in a code system that definitions name.</param>
public sealed record CodeMapping(Coding From, Coding To);

/// <summary>What a text means that the site writes as unit.</summary>
/// <param name="From">The text.</param>
/// <param name="To">The unit of UCUM.</param>
/// <param name="For">The code whose numbers it concerns; null: all for which no other mapping of the text says otherwise.</param>
public sealed record UnitMapping(string From, string To, Coding? For);

/// <summary>Which mapping: what a steward approves, and what is in use.</summary>
/// <param name="Version">Its version; 0: none.</param>
/// <param name="Digest">Digest of what it says.</param>
public readonly record struct MappingMark(int Version, Sha256Digest Digest);

/// <summary>
/// What the site's own codes and units mean: <c>mapping.yaml</c>, described in docs/reference/site-mapping.md, which the steward has reviewed.
/// Checked and immutable; <see cref="SiteMappingReader"/> makes it. It adds standard codes and never takes one away.
/// </summary>
public sealed class SiteMapping
{
    private readonly FrozenDictionary<Coding, Coding> _codes; // by comparable source
    private readonly ILookup<string, UnitMapping> _units;

    internal SiteMapping(int version, string reviewedBy, DateOnly reviewedOn, IEnumerable<CodeMapping> codes, IEnumerable<UnitMapping> units)
    {
        (Version, ReviewedBy, ReviewedOn) = (version, reviewedBy, reviewedOn);
        Codes = [.. codes.OrderBy(code => code.From.System, StringComparer.Ordinal).ThenBy(code => code.From.Code, StringComparer.Ordinal)];
        Units =
        [
            .. units.OrderBy(unit => unit.From, StringComparer.Ordinal)
                .ThenBy(unit => unit.For?.System, StringComparer.Ordinal).ThenBy(unit => unit.For?.Code, StringComparer.Ordinal),
        ];
        _codes = Codes.ToFrozenDictionary(code => CodeSystems.Comparable(code.From), code => code.To);
        _units = Units.ToLookup(unit => unit.From, StringComparer.Ordinal);
        Digest = Sha256Digest.Of(CanonicalJson.Write(ToJson()));
    }

    /// <summary>The mapping of a site that has none: version 0.</summary>
    public static SiteMapping Empty { get; } = new(0, "", DateOnly.MinValue, [], []);

    /// <summary>Its version, from 1; each change has a greater one.</summary>
    public int Version { get; }

    /// <summary>Who reviewed it.</summary>
    public string ReviewedBy { get; }

    /// <summary>When.</summary>
    public DateOnly ReviewedOn { get; }

    /// <summary>What codes mean, ordered by source.</summary>
    public ImmutableArray<CodeMapping> Codes { get; }

    /// <summary>What units mean, ordered by source.</summary>
    public ImmutableArray<UnitMapping> Units { get; }

    /// <summary>Digest of its canonical JSON: of what it says, whatever the order and layout of the file.</summary>
    public Sha256Digest Digest { get; }

    /// <summary>Which one it is.</summary>
    public MappingMark Mark => new(Version, Digest);

    /// <summary>Why it cannot follow the mapping that was approved before; null: it can. That nothing is mapped any more can follow every one.</summary>
    public string? FaultAfter(MappingMark previous) => Version > previous.Version || Digest == previous.Digest || Version == 0
        ? null
        : $"Version {Version} of the mapping says something else than version {previous.Version}, which was approved. Give it a greater version, and the day of its review.";

    /// <summary>A concept with the standard codes that its own stand for: behind them, in their order, each once.</summary>
    public ImmutableArray<Coding> Apply(ImmutableArray<Coding> concept)
    {
        var all = concept;
        foreach (var coding in concept)
        {
            if (_codes.TryGetValue(CodeSystems.Comparable(coding), out var standard) && !all.Contains(standard))
                all = all.Add(standard);
        }

        return all;
    }

    /// <summary>
    /// The unit of a number: what the mapping says, or as it is. Looked up by its text without the spaces around it, whether or not the source claims
    /// that it is one of UCUM, because some claim it of <c>units</c>. What is said for one of the concept's codes goes before what is said for all;
    /// where two of them disagree, nothing is said.
    /// </summary>
    /// <param name="unit">The unit as the source gives it.</param>
    /// <param name="concept">The codings of what was measured; <see cref="Apply"/> may have added to them.</param>
    public Coding Unit(Coding unit, ImmutableArray<Coding> concept)
    {
        if (unit.Code is null || CodeSystems.Canonical(unit.System) is not (CodeSystems.Local or CodeSystems.Ucum))
            return unit;
        var mappings = _units[unit.Code.Trim()];
        var codings = concept.Select(CodeSystems.Comparable).ToArray();
        var meant = mappings.Where(mapping => mapping.For is { } code && codings.Contains(CodeSystems.Comparable(code))).Select(mapping => mapping.To).Distinct().ToArray();
        var found = meant switch
        {
            [] => mappings.FirstOrDefault(mapping => mapping.For is null)?.To,
            [var one] => one,
            _ => null,
        };
        return found is null ? unit : new Coding(CodeSystems.Ucum, found);
    }

    private JsonObject ToJson() => new()
    {
        ["version"] = Version,
        ["reviewed-by"] = ReviewedBy,
        ["reviewed-on"] = ReviewedOn.ToString("O", CultureInfo.InvariantCulture),
        ["codes"] = new JsonArray([.. Codes.Select(code => new JsonObject { ["from"] = ToJson(code.From), ["to"] = ToJson(code.To) })]),
        ["units"] = new JsonArray([.. Units.Select(ToJson)]),
    };

    private static JsonObject ToJson(UnitMapping unit)
    {
        var json = new JsonObject { ["from"] = unit.From, ["to"] = unit.To };
        if (unit.For is { } code)
            json["for"] = ToJson(code);
        return json;
    }

    private static JsonObject ToJson(Coding coding) => new() { ["system"] = coding.System, ["code"] = coding.Code };
}
