using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>What became of a <c>mapping.yaml</c>.</summary>
/// <param name="Mapping">The mapping; null where there are faults: a file with a fault maps nothing.</param>
/// <param name="Faults">Every fault, in the order of the text. None quotes a value, since these come from records.</param>
public sealed record SiteMappingReading(SiteMapping? Mapping, ImmutableArray<ConfigurationFault> Faults);

/// <summary>Understands the text of <c>mapping.yaml</c>, described in docs/reference/site-mapping.md.</summary>
public static class SiteMappingReader
{
    private const int MaximumTextLength = 1000;

    private static readonly string s_targets = string.Join(", ", CodeSystems.Names.Select(pair => pair.Name).Where(name => name != "local"));

    /// <summary>Reads a mapping.</summary>
    public static SiteMappingReading Read(string yaml)
    {
        var faults = new List<ConfigurationFault>();
        if (YamlFields.Parse(yaml, faults) is not { } fields)
            return new SiteMappingReading(null, [.. faults]);
        var version = (int)fields.Integer("version", 1, int.MaxValue);
        var reviewedBy = fields.Word("reviewed-by", IsText, "a person's name");
        var reviewedOn = fields.Word("reviewed-on", text => IsDate(text, out _), "a date such as 2026-01-31");
        var codes = Codes(fields.Maps("codes"));
        var units = Units(fields.Maps("units"));
        fields.End("version", "reviewed-by", "reviewed-on", "codes", "units");
        if (faults.Count > 0)
            return new SiteMappingReading(null, [.. faults.OrderBy(fault => (fault.Line, fault.Column))]);
        IsDate(reviewedOn, out var date);
        return new SiteMappingReading(new SiteMapping(version, reviewedBy, date, codes, units), []);
    }

    private static List<CodeMapping> Codes(ImmutableArray<YamlFields> items)
    {
        var (mappings, sources) = (new List<CodeMapping>(), new HashSet<Coding>());
        foreach (var item in items)
        {
            var from = Code(item.Map("from"), IsSourceSystem, $"local, the address of a code system, or one of {s_targets}");
            var to = Code(item.Map("to"), IsTargetSystem, $"one of {s_targets}, or the address of one of these");
            item.End("from", "to");
            if (from is not { } source || to is not { } target)
                continue;
            if (CodeSystems.Comparable(source) == CodeSystems.Comparable(target))
                item.Refuse("to", "must be another code than 'from'");
            if (!sources.Add(CodeSystems.Comparable(source)))
                item.Refuse("from", "stands above already: a code means one thing. Keep one of the two");
            mappings.Add(new CodeMapping(source, target));
        }

        return mappings;
    }

    private static List<UnitMapping> Units(ImmutableArray<YamlFields> items)
    {
        var (mappings, sources) = (new List<UnitMapping>(), new HashSet<(string, Coding?)>());
        foreach (var item in items)
        {
            var from = item.Word("from", IsText, "the text that the site writes as unit, without a space before or behind it");
            var to = item.Word("to", text => IsText(text) && UcumUnit.TryParse(text, out _), "a unit of UCUM, such as mg/dL, 10*3/uL or mm[Hg]");
            var code = item.Has("for") ? Code(item.Map("for"), IsSourceSystem, $"local, the address of a code system, or one of {s_targets}") : null;
            item.End("from", "to", "for");
            if (from.Length == 0 || to.Length == 0 || (item.Has("for") && code is null))
                continue;
            if (code is null && ChangesMeaning(from, to))
                item.Refuse("from", "is itself another unit of UCUM, whose numbers would change their meaning everywhere: say with 'for' for which code");
            if (!sources.Add((from, code is { } known ? CodeSystems.Comparable(known) : null)))
                item.Refuse("from", "stands above already, for the same codes: a unit means one thing. Keep one of the two");
            mappings.Add(new UnitMapping(from, to, code));
        }

        return mappings;
    }

    private static Coding? Code(YamlFields? fields, Func<string, bool> isSystem, string systems)
    {
        if (fields is null)
            return null;
        var system = fields.Word("system", isSystem, systems);
        var address = CodeSystems.Canonical(CodeSystems.AddressOf(system) ?? system);
        var code = fields.Word(
            "code",
            text => IsText(text) && (IsOwn(address) || !text.Contains('*', StringComparison.Ordinal)),
            "one code: no asterisk, and no space before or behind it");
        fields.End("system", "code");
        return code.Length == 0 || !isSystem(system) ? null : new Coding(address, code);
    }

    private static bool IsSourceSystem(string system) => CodeSystems.AddressOf(system) is not null || (IsText(system) && system.Contains(':', StringComparison.Ordinal));

    private static bool IsTargetSystem(string system) => !IsOwn(CodeSystems.AddressOf(system) ?? system);

    // A system that definitions cannot name: the site's, where an asterisk may be a letter like another.
    private static bool IsOwn(string address) => CodeSystems.NameOf(address) is null or "local";

    private static bool ChangesMeaning(string from, string to) =>
        UcumUnit.TryParse(from, out var source) && UcumUnit.TryParse(to, out var target) && !(source.Dimension.Equals(target.Dimension) && source.Scale == target.Scale);

    // Lone surrogates, which have no canonical form, are enumerated as the replacement character.
    private static bool IsText(string text) =>
        text.Length is > 0 and <= MaximumTextLength && text.Trim() == text && text.EnumerateRunes().All(rune => rune != Rune.ReplacementChar && !Rune.IsControl(rune));

    private static bool IsDate(string text, out DateOnly date) => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out date);
}
