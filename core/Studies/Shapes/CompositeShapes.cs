using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Studies;

/// <summary>A map with known keys; any other key is a fault.</summary>
/// <param name="Fields">The keys, in the order of the reference.</param>
internal sealed record MapShape(params ImmutableArray<Field> Fields) : Shape
{
    public override string Expectation => Fields.Length == 1 ? $"A map with the key {Keys}" : $"A map with the keys {Keys}";

    /// <summary>The keys, as a message lists them.</summary>
    public string Keys => string.Join(", ", Fields.Select(one => one.Key));

    public override JsonNode? Check(DeclarationNode node, string path, FaultList faults) => Check(node, path, faults, _ => null);

    /// <param name="node">What was written.</param>
    /// <param name="path">Where.</param>
    /// <param name="faults">Gathers the faults.</param>
    /// <param name="elsewhere">Says where a key that is unknown here would belong; null where it would not.</param>
    public JsonNode? Check(DeclarationNode node, string path, FaultList faults, Func<string, string?> elsewhere)
    {
        if (node is not DeclaredMap map)
            return Refuse(node, path, faults);
        faults.Place(path, map.Mark);
        foreach (var unknown in map.Entries.Where(entry => Fields.All(field => field.Key != entry.Key)))
        {
            var hint = elsewhere(unknown.Key) ?? Nearest.Suggest(unknown.Key, Fields.Select(field => field.Key)) ?? $"Known here: {Keys}.";
            faults.Add(unknown.Mark, Paths.Key(path, unknown.Key), $"There is no key {DeclarationNode.Quote(unknown.Key)} here. {hint}");
        }

        var checkedMap = new JsonObject();
        foreach (var field in Fields)
            CheckField(map, field, path, faults, checkedMap);
        return checkedMap;
    }

    public override JsonObject Schema()
    {
        var properties = new JsonObject();
        foreach (var field in Fields)
        {
            var schema = field.Shape.Schema();
            schema["description"] = schema["description"] is { } words ? $"{field.Meaning} {words.GetValue<string>()}" : field.Meaning;
            if (field.Default is not null)
                schema["default"] = field.Default.DeepClone();
            properties[field.Key] = schema;
        }

        var map = new JsonObject { ["type"] = "object", ["properties"] = properties, ["additionalProperties"] = false };
        if (Fields.Any(field => field.Required))
            map["required"] = new JsonArray([.. Fields.Where(field => field.Required).Select(field => JsonValue.Create(field.Key))]);
        if (Fields.FirstOrDefault(field => field.Rival is not null) is { Rival: { } rival } one)
            map["not"] = new JsonObject { ["required"] = new JsonArray(one.Key, rival) };
        return map;
    }

    private static void CheckField(DeclaredMap map, Field field, string path, FaultList faults, JsonObject into)
    {
        var inner = Paths.Key(path, field.Key);
        var entry = map.Entries.FirstOrDefault(entry => entry.Key == field.Key);
        var rivalled = field.Rival is not null && map[field.Rival] is not null;
        if (entry is not null)
        {
            faults.Place(inner, entry.Mark);
            if (rivalled)
                faults.Add(entry.Mark, inner, $"'{field.Key}' and '{field.Rival}' exclude each other; keep one.");
            into[field.Key] = field.Shape.Check(entry.Value, inner, faults);
        }
        else if (field.Required)
        {
            faults.Add(map.Mark, inner, $"The key '{field.Key}' is missing. {field.Meaning}");
        }
        else if (field.Default is not null && !rivalled)
        {
            // Through the shape, so that defaults within the default are filled in too.
            into[field.Key] = field.Shape.Check(JsonDeclarationReader.Convert(field.Default), inner, faults);
        }
    }
}

/// <summary>A list of like items.</summary>
/// <param name="Item">Shape of an item.</param>
/// <param name="Minimum">Fewest items.</param>
/// <param name="Maximum">Most items.</param>
/// <param name="Unique">Whether scalar items must differ.</param>
/// <param name="Sorted">Whether the order means nothing; then it is made ordinal.</param>
internal sealed record ListShape(Shape Item, int Minimum, int Maximum, bool Unique = false, bool Sorted = false) : Shape
{
    public override string Expectation => $"A list of {Minimum} to {Maximum}{(Unique ? " different" : "")} items";

    public override JsonNode? Check(DeclarationNode node, string path, FaultList faults)
    {
        if (node is not DeclaredList list || list.Items.Length < Minimum || list.Items.Length > Maximum)
            return Refuse(node, path, faults, node is DeclaredList { Items.Length: var count } ? $"It has {count}." : null);
        var items = new List<JsonNode?>();
        for (var i = 0; i < list.Items.Length; i++)
        {
            var inner = Paths.Item(path, i);
            faults.Place(inner, list.Items[i].Mark);
            var item = Item.Check(list.Items[i], inner, faults);
            if (Unique && item is not null && items.FindIndex(other => JsonNode.DeepEquals(other, item)) is >= 0 and var first)
                faults.Add(list.Items[i].Mark, inner, $"{list.Items[i].Description} is there twice (first as item {first + 1}); keep one.");
            items.Add(item);
        }

        return new JsonArray([.. Sorted ? items.OrderBy(item => item?.GetValue<string>(), StringComparer.Ordinal) : items.AsEnumerable()]);
    }

    public override JsonObject Schema()
    {
        var schema = new JsonObject { ["type"] = "array", ["items"] = Item.Schema(), ["minItems"] = Minimum, ["maxItems"] = Maximum };
        if (Unique)
            schema["uniqueItems"] = true;
        return schema;
    }
}

/// <summary>A map whose keys are the writer's own, all to like values.</summary>
/// <param name="Key">Shape of a key.</param>
/// <param name="Value">Shape of a value.</param>
/// <param name="Maximum">Most entries; there is at least one.</param>
internal sealed record DictionaryShape(TextShape Key, Shape Value, int Maximum) : Shape
{
    public override string Expectation => $"A map of 1 to {Maximum} entries";

    public override JsonNode? Check(DeclarationNode node, string path, FaultList faults)
    {
        if (node is not DeclaredMap map || map.Entries.Length is 0 || map.Entries.Length > Maximum)
            return Refuse(node, path, faults);
        var entries = new JsonObject();
        foreach (var entry in map.Entries)
        {
            var inner = Paths.Key(path, entry.Key);
            faults.Place(inner, entry.Mark);
            if (Key.Check(new DeclaredText(entry.Mark, entry.Key), inner, faults) is not null)
                entries[entry.Key] = Value.Check(entry.Value, inner, faults);
        }

        return entries;
    }

    // What a key looks like, and how many there are at most, takes words that not every draft of JSON Schema has.
    public override JsonObject Schema() => new() { ["type"] = "object", ["additionalProperties"] = Value.Schema(), ["minProperties"] = 1 };
}

/// <summary>Two numbers, the second greater than the first.</summary>
internal sealed record IntervalShape : Shape
{
    public override string Expectation => "A list of two numbers, [least, greatest],";

    public override JsonNode? Check(DeclarationNode node, string path, FaultList faults) => node switch
    {
        DeclaredList { Items: [DeclaredNumber { Value: var least }, DeclaredNumber { Value: var greatest }] } when least < greatest => new JsonArray(least, greatest),
        DeclaredList { Items: [DeclaredNumber, DeclaredNumber] } => Refuse(node, path, faults, "The first number must be less than the second; swap them."),
        DeclaredList { Items: [DeclaredAmiss, _] or [_, DeclaredAmiss] } => null,
        _ => Refuse(node, path, faults),
    };

    public override JsonObject Schema() => new() { ["type"] = "array", ["items"] = NumberShape.Any.Schema(), ["minItems"] = 2, ["maxItems"] = 2 };
}

/// <summary>A map whose keys depend on the word under one of them.</summary>
/// <param name="Key">The key that decides.</param>
/// <param name="Meaning">What it means.</param>
/// <param name="Default">Its value where it is missing; null: it must be there.</param>
/// <param name="Variants">The words, what each means, and the other keys that go with it.</param>
internal sealed record VariantShape(string Key, string Meaning, string? Default, params ImmutableArray<(string Word, string Meaning, MapShape Shape)> Variants) : Shape
{
    private WordShape Words => new([.. Variants.Select(variant => (variant.Word, variant.Meaning))]);

    public override string Expectation => $"A map with the key {Key} ({string.Join(", ", Variants.Select(variant => variant.Word))})";

    public override JsonNode? Check(DeclarationNode node, string path, FaultList faults)
    {
        if (node is not DeclaredMap map)
            return Refuse(node, path, faults);
        faults.Place(path, map.Mark);
        if (map[Key] is null && Default is null)
        {
            faults.Add(map.Mark, Paths.Key(path, Key), $"The key '{Key}' is missing. {Words.Expectation} is expected.");
            return null;
        }

        var word = map[Key] is { } written ? Words.Check(written, Paths.Key(path, Key), faults)?.GetValue<string>() : Default;
        return word is null ? null : Whole(Variants.First(variant => variant.Word == word)).Check(map, path, faults, Elsewhere);
    }

    public override JsonObject Schema() => new()
    {
        ["type"] = "object",
        ["oneOf"] = new JsonArray([.. Variants.Select(variant =>
        {
            var schema = Whole(variant).Schema();
            schema["title"] = $"{Key}: {variant.Word}";
            return schema;
        })]),
    };

    /// <summary>The variant's map with the deciding key as its first.</summary>
    public MapShape Whole((string Word, string Meaning, MapShape Shape) variant) =>
        new([new Field(Key, new WordShape((variant.Word, variant.Meaning)), Meaning, Default == variant.Word ? Default : null, Default != variant.Word), .. variant.Shape.Fields]);

    private string? Elsewhere(string key) =>
        Variants.FirstOrDefault(variant => variant.Shape.Fields.Any(field => field.Key == key)) is { Word: { } word } ? $"It belongs to '{Key}: {word}'; leave it out or change '{Key}'." : null;
}

/// <summary>One of several maps, told apart by a key that only one of them has.</summary>
/// <param name="Keyed">The keys, and the map that has each.</param>
/// <param name="Without">The map that has none of them.</param>
internal sealed record KeyedShape(MapShape Without, params ImmutableArray<(string Key, MapShape Map)> Keyed) : Shape
{
    public override string Expectation => $"{Without.Expectation}, or with {string.Join(" or ", Keyed.Select(one => $"'{one.Key}'"))},";

    public override JsonNode? Check(DeclarationNode node, string path, FaultList faults)
    {
        if (node is not DeclaredMap map)
            return Refuse(node, path, faults);
        var chosen = Keyed.FirstOrDefault(one => map[one.Key] is not null);
        return (chosen.Map ?? Without).Check(map, path, faults, key => Elsewhere(chosen.Key, key));
    }

    public override JsonObject Schema() => new() { ["type"] = "object", ["oneOf"] = new JsonArray([.. Keyed.Select(one => one.Map.Schema()), Without.Schema()]) };

    private string? Elsewhere(string? chosen, string key) =>
        chosen is not null && Without.Fields.Any(field => field.Key == key) ? $"It does not go with '{chosen}'."
        : Keyed.FirstOrDefault(one => one.Map.Fields.Any(field => field.Key == key)).Key is { } owner ? $"It goes only with '{owner}'."
        : null;
}

/// <summary>A word, or a map for what a word cannot say.</summary>
/// <param name="Words">The words.</param>
/// <param name="Map">The map.</param>
internal sealed record WordOrMapShape(WordShape Words, MapShape Map) : Shape
{
    public override string Expectation => $"{Words.Expectation}, or a map with the key {Map.Keys},";

    public override JsonNode? Check(DeclarationNode node, string path, FaultList faults) => node switch
    {
        DeclaredMap map => Map.Check(map, path, faults),
        DeclaredText { Value: var text } when Words.Words.Any(word => word.Word == text) => JsonValue.Create(text),
        DeclaredText { Value: var text } => Refuse(node, path, faults, Nearest.Suggest(text, Words.Words.Select(word => word.Word))),
        _ => Refuse(node, path, faults),
    };

    public override JsonObject Schema() => new() { ["oneOf"] = new JsonArray(Words.Schema(), Map.Schema()) };
}
