using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace FederatedClinicalMl.Studies;

/// <summary>A number, whole or not, between two bounds.</summary>
/// <param name="Minimum">Least value.</param>
/// <param name="Maximum">Greatest value.</param>
/// <param name="Whole">Whether only whole numbers fit.</param>
/// <param name="AboveMinimum">Whether <paramref name="Minimum"/> itself is excluded.</param>
/// <param name="BelowMaximum">Whether <paramref name="Maximum"/> itself is excluded.</param>
internal sealed record NumberShape(double Minimum, double Maximum, bool Whole = false, bool AboveMinimum = false, bool BelowMaximum = false) : Shape
{
    public static NumberShape Any { get; } = new(double.MinValue, double.MaxValue);

    public static NumberShape Integer(double minimum, double maximum) => new(minimum, maximum, Whole: true);

    public override string Expectation
    {
        get
        {
            var kind = Whole ? "A whole number" : "A number";
            var from = Minimum == double.MinValue ? "" : $" {(AboveMinimum ? "above" : "from")} {CanonicalNumber.Format(Minimum)}";
            var to = Maximum == double.MaxValue ? "" : BelowMaximum ? $" and below {CanonicalNumber.Format(Maximum)}" : $" to {CanonicalNumber.Format(Maximum)}";
            return kind + from + to;
        }
    }

    public override JsonNode? Check(DeclarationNode node, string path, FaultList faults) =>
        node is DeclaredNumber { Value: var value }
        && value >= Minimum && value <= Maximum
        && !(AboveMinimum && value == Minimum) && !(BelowMaximum && value == Maximum)
        && !(Whole && value != Math.Truncate(value))
            ? JsonValue.Create(value)
            : Refuse(node, path, faults, node is DeclaredText ? "Write a number without quotes, unit or leading zeros." : null);

    public override JsonObject Schema()
    {
        var schema = new JsonObject { ["type"] = Whole ? "integer" : "number" };
        if (Minimum != double.MinValue)
            schema[AboveMinimum ? "exclusiveMinimum" : "minimum"] = Minimum;
        if (Maximum != double.MaxValue)
            schema[BelowMaximum ? "exclusiveMaximum" : "maximum"] = Maximum;
        return schema;
    }
}

/// <summary>Yes or no.</summary>
internal sealed record BooleanShape : Shape
{
    public override string Expectation => "The word true or false";

    public override JsonNode? Check(DeclarationNode node, string path, FaultList faults) =>
        node is DeclaredBoolean { Value: var value } ? JsonValue.Create(value) : Refuse(node, path, faults, node is DeclaredText ? "Write it without quotes." : null);

    public override JsonObject Schema() => new() { ["type"] = "boolean" };
}

/// <summary>Text that matches a pattern.</summary>
/// <param name="Pattern">Regular expression for the whole text, without anchors, in the common part of .NET's and ECMA-262's syntax.</param>
/// <param name="Maximum">Most characters (UTF-16 code units); it also bounds the time that a match takes.</param>
/// <param name="Rule">The pattern in words, e.g. "a lower-case letter, then ...".</param>
internal sealed record TextShape(string Pattern, int Maximum, string Rule) : Shape
{
    // No control characters, and none of the invisible ones that reorder what a reader sees (CVE-2021-42574).
    private const string Hidden = @"\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff";

    private readonly Regex _regex = new($@"\A(?:{Pattern})\z", RegexOptions.CultureInvariant);

    /// <summary>Names of sites, studies and datasets.</summary>
    public static TextShape Identifier { get; } = new("[a-z][a-z0-9-]*", 63, Name.Rule);

    /// <summary>SHA-256 of a public key.</summary>
    public static TextShape Fingerprint { get; } = new("[0-9a-f]{64}", 64, "the 64 lower-case hexadecimal digits of a fingerprint");

    /// <summary>A column's name in the data.</summary>
    public static TextShape Column { get; } = Line(128);

    /// <summary>
    /// A unit in the syntax of UCUM (ucum.org, version 2.2, section 2: case-sensitive, printable ASCII): symbols, bracketed symbols,
    /// exponents, annotations in braces, joined by '.' and '/', with one level of parentheses. Whether the symbols exist is not checked.
    /// </summary>
    public static TextShape Unit { get; } = new($"/?{UnitFactor}(?:[./]{UnitFactor})*", 64, "a UCUM unit such as mm[Hg], mg/dL, /min, a, or 1 for none");

    private const string UnitSymbol = @"(?:(?:[A-Za-z%'*_0-9]|\[[A-Za-z0-9_'./%*^-]+\])+(?:[+-][0-9]+)?(?:\{[!-z|~]*\})?|\{[!-z|~]*\})";
    private const string UnitFactor = $@"(?:{UnitSymbol}|\({UnitSymbol}(?:[./]{UnitSymbol})*\))";

    public override string Expectation => $"Text ({Rule})";

    /// <summary>One line of visible text.</summary>
    public static TextShape Line(int maximum) =>
        new($"[^{Hidden}]*[^\\s{Hidden}][^{Hidden}]*", maximum, $"one line of 1 to {maximum.ToString(CultureInfo.InvariantCulture)} visible characters");

    /// <summary>Several lines of visible text.</summary>
    public static TextShape Prose(int maximum) =>
        new($@"(?:[^{Hidden}]|\n)*[^\s{Hidden}](?:[^{Hidden}]|\n)*", maximum, $"1 to {maximum.ToString(CultureInfo.InvariantCulture)} visible characters; line breaks are allowed");

    public override JsonNode? Check(DeclarationNode node, string path, FaultList faults) =>
        node is DeclaredText { Value: var text } && text.Length <= Maximum && IsWellFormed(text) && _regex.IsMatch(text)
            ? JsonValue.Create(text)
            : Refuse(node, path, faults, node is DeclaredNumber or DeclaredBoolean ? "Put it in quotes if it is meant as text." : null);

    public override JsonObject Schema() => new() { ["type"] = "string", ["maxLength"] = Maximum, ["pattern"] = $"^(?:{Pattern})$" };

    private static bool IsWellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]) && !(char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[++i])))
                return false;
        }

        return true;
    }
}

/// <summary>One of a few words.</summary>
/// <param name="Words">The words and what each means.</param>
internal sealed record WordShape(params ImmutableArray<(string Word, string Meaning)> Words) : Shape
{
    public override string Expectation =>
        Words.Length == 1 ? $"The word {Words[0].Word}" : $"One of the words {string.Join(", ", Words.Select(word => $"{word.Word} ({word.Meaning})"))}";

    public override JsonNode? Check(DeclarationNode node, string path, FaultList faults) =>
        node is DeclaredText { Value: var text } && Words.Any(word => word.Word == text)
            ? JsonValue.Create(text)
            : Refuse(node, path, faults, node is DeclaredText { Value: var typed } ? Nearest.Suggest(typed, Words.Select(word => word.Word)) : null);

    public override JsonObject Schema() => new()
    {
        ["type"] = "string",
        ["enum"] = new JsonArray([.. Words.Select(word => JsonValue.Create(word.Word))]),
        ["description"] = string.Join(" ", Words.Select(word => $"{word.Word}: {word.Meaning}.")),
    };
}

/// <summary>One of a few numbers.</summary>
/// <param name="Numbers">The numbers.</param>
internal sealed record NumberChoiceShape(params ImmutableArray<int> Numbers) : Shape
{
    public override string Expectation => Numbers.Length == 1 ? $"The number {Numbers[0]}" : $"One of the numbers {string.Join(", ", Numbers)}";

    public override JsonNode? Check(DeclarationNode node, string path, FaultList faults) =>
        node is DeclaredNumber { Value: var value } && Numbers.Any(number => number == value)
            ? JsonValue.Create(value)
            : Refuse(node, path, faults);

    public override JsonObject Schema() => new() { ["type"] = "integer", ["enum"] = new JsonArray([.. Numbers.Select(number => JsonValue.Create(number))]) };
}

/// <summary>A whole number of seconds, minutes or hours; normalised to the largest unit that divides it.</summary>
/// <param name="Maximum">Longest duration.</param>
internal sealed partial record DurationShape(TimeSpan Maximum) : Shape
{
    public override string Expectation => $"A duration such as 90s, 10m or 2h, at most {Write(Maximum)},";

    /// <summary>Reads a duration that has been checked.</summary>
    public static TimeSpan Read(string text) => TimeSpan.FromSeconds(long.Parse(text.AsSpan(0, text.Length - 1), CultureInfo.InvariantCulture) * SecondsPer(text[^1]));

    public override JsonNode? Check(DeclarationNode node, string path, FaultList faults) =>
        node is DeclaredText { Value: var text } && Pattern().IsMatch(text) && Read(text) <= Maximum
            ? JsonValue.Create(Write(Read(text)))
            : Refuse(node, path, faults, node is DeclaredNumber ? "Add the unit: s, m or h." : null);

    public override JsonObject Schema() => new() { ["type"] = "string", ["pattern"] = "^[1-9][0-9]{0,6}[smh]$" };

    private static long SecondsPer(char unit) => unit switch { 'h' => 3600, 'm' => 60, _ => 1 };

    private static string Write(TimeSpan duration)
    {
        var seconds = (long)duration.TotalSeconds;
        var unit = seconds % 3600 == 0 ? 'h' : seconds % 60 == 0 ? 'm' : 's';
        return (seconds / SecondsPer(unit)).ToString(CultureInfo.InvariantCulture) + unit;
    }

    [GeneratedRegex(@"\A[1-9][0-9]{0,6}[smh]\z", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
