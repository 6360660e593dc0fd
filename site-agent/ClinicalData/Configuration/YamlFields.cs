using System.Collections.Immutable;
using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>One fault of a file that the steward wrote.</summary>
/// <param name="Line">Line, from 1.</param>
/// <param name="Column">Column, from 1.</param>
/// <param name="Message">What is wrong and how to mend it.</param>
public sealed record ConfigurationFault(long Line, long Column, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Line}:{Column}: {Message}";
}

/// <summary>
/// Reads a map of YAML key by key, strictly: an unknown, missing or doubled key, an anchor, alias or tag is a fault, and every fault is
/// gathered. What could not be read yields a fallback, which is never used, because a file with a fault is used for nothing.
/// </summary>
public sealed class YamlFields
{
    private readonly YamlMappingNode _map;
    private readonly List<ConfigurationFault> _faults;
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    private YamlFields(YamlMappingNode map, List<ConfigurationFault> faults) => (_map, _faults) = (map, faults);

    /// <summary>Reads a whole text whose root is a map; null, and a fault, where it is not.</summary>
    public static YamlFields? Parse(string yaml, List<ConfigurationFault> faults)
    {
        var parser = new ShallowYamlParser(new Parser(new StringReader(yaml)));
        try
        {
            var stream = new YamlStream();
            stream.Load(parser);
            if (stream.Documents is [{ RootNode: YamlMappingNode map }])
                return UsesReferences(map, faults) ? null : new YamlFields(map, faults);
            faults.Add(new ConfigurationFault(1, 1, "One map of keys and values is expected."));
        }
        catch (YamlException fault)
        {
            faults.Add(new ConfigurationFault(fault.Start.Line, fault.Start.Column, $"This is not valid YAML: {fault.Message}"));
        }
        catch (Exception fault) when (fault is InvalidOperationException or ArgumentException)
        {
            // YamlDotNet meets some malformed texts with exceptions that are not its own, and say nothing of the text.
            faults.Add(new ConfigurationFault(parser.Reached.Line, parser.Reached.Column, "This is not valid YAML: what follows here cannot be read."));
        }

        return null;
    }

    /// <summary>The keys that are there.</summary>
    public IEnumerable<string> Keys => _map.Children.Keys.OfType<YamlScalarNode>().Select(key => key.Value ?? "");

    /// <summary>Whether a key is there.</summary>
    public bool Has(string key) => Find(key) is not null;

    /// <summary>A map within this one.</summary>
    public YamlFields? Map(string key) => Required(key) switch
    {
        null => null,
        YamlMappingNode map => new YamlFields(map, _faults),
        var node => Fault<YamlFields?>(node, key, "must be a map", null),
    };

    /// <summary>Whether the key is there and holds a map.</summary>
    public bool IsMap(string key) => Find(key) is YamlMappingNode;

    /// <summary>A list of maps, which may be empty.</summary>
    public ImmutableArray<YamlFields> Maps(string key)
    {
        if (Required(key) is not { } node)
            return [];
        if (node is not YamlSequenceNode list)
            return Fault<ImmutableArray<YamlFields>>(node, key, "must be a list of maps", []);
        foreach (var item in list.Children.Where(item => item is not YamlMappingNode))
            Fault(item, key, "must be a list of maps", false);
        return [.. list.Children.OfType<YamlMappingNode>().Select(map => new YamlFields(map, _faults))];
    }

    /// <summary>Whether the key holds just this word.</summary>
    public bool IsWord(string key, string word) => Find(key) is YamlScalarNode { Value: { } text } && text == word;

    /// <summary>A whole number between two bounds, both included.</summary>
    public long Integer(string key, long minimum, long maximum) =>
        Scalar(key) is not { } scalar ? minimum
        : long.TryParse(scalar.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= minimum && value <= maximum ? value
        : Fault(scalar, key, $"must be a whole number from {minimum} to {maximum}", minimum);

    /// <summary>A number between two bounds, both included.</summary>
    public double Number(string key, double minimum, double maximum) =>
        Scalar(key) is not { } scalar ? minimum
        : double.TryParse(scalar.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= minimum && value <= maximum ? value
        : Fault(scalar, key, $"must be a number from {minimum.ToString(CultureInfo.InvariantCulture)} to {maximum.ToString(CultureInfo.InvariantCulture)}", minimum);

    /// <summary>Plain <c>true</c> or <c>false</c>.</summary>
    public bool Boolean(string key) =>
        Scalar(key) is not { } scalar ? false
        : scalar is { Value: "true" or "false", Style: ScalarStyle.Plain } ? scalar.Value == "true"
        : Fault(scalar, key, "must be true or false", false);

    /// <summary>A single value's text.</summary>
    public string Text(string key) => Scalar(key)?.Value ?? "";

    /// <summary>A word for which <paramref name="isKnown"/> holds.</summary>
    public string Word(string key, Func<string, bool> isKnown, string expected) =>
        Scalar(key) is not { } scalar ? ""
        : scalar.Value is { } text && isKnown(text) ? text
        : Fault(scalar, key, $"must be {expected}", "");

    /// <summary>A list of words for which <paramref name="isKnown"/> holds.</summary>
    public ImmutableArray<string> Words(string key, Func<string, bool> isKnown, string expected)
    {
        if (Required(key) is not { } node)
            return [];
        if (node is not YamlSequenceNode list)
            return Fault<ImmutableArray<string>>(node, key, $"must be a list of {expected}", []);
        var words = ImmutableArray.CreateBuilder<string>();
        foreach (var item in list.Children)
        {
            if (item is YamlScalarNode { Value: { } text } && isKnown(text))
                words.Add(text);
            else
                Fault(item, key, $"must be a list of {expected}", false);
        }

        return words.ToImmutable();
    }

    /// <summary>Reports a fault of a key that was read.</summary>
    public void Refuse(string key, string must) => Fault(Find(key) ?? _map, key, must, false);

    /// <summary>Ends the reading: no key may be left.</summary>
    public void End(params ReadOnlySpan<string> known)
    {
        foreach (var key in _map.Children.Keys)
        {
            if (key is not YamlScalarNode { Value: { } name } || !_read.Contains(name))
                Add(key, $"There is no key '{(key as YamlScalarNode)?.Value}' here. Known: {string.Join(", ", known)}.");
        }
    }

    private static bool UsesReferences(YamlNode root, List<ConfigurationFault> faults)
    {
        var found = false;
        foreach (var node in root.AllNodes.Where(node => !node.Anchor.IsEmpty || !node.Tag.IsEmpty && node is not YamlScalarNode { Tag.Value: "!" }))
        {
            faults.Add(new ConfigurationFault(node.Start.Line, node.Start.Column, "Anchors, aliases and tags are not allowed: write the value out."));
            found = true;
        }

        return found;
    }

    private YamlScalarNode? Scalar(string key) => Required(key) switch
    {
        null => null,
        YamlScalarNode { Value: not null } scalar => scalar,
        var node => Fault<YamlScalarNode?>(node, key, "must be a single value", null),
    };

    private YamlNode? Required(string key)
    {
        if (Find(key) is { } node)
            return node;
        Add(_map, $"The key '{key}' is missing.");
        return null;
    }

    private YamlNode? Find(string key)
    {
        _read.Add(key);
        return _map.Children.FirstOrDefault(pair => pair.Key is YamlScalarNode { Value: { } name } && name == key).Value;
    }

    private T Fault<T>(YamlNode node, string key, string must, T fallback)
    {
        Add(node, $"'{key}' {must}.");
        return fallback;
    }

    private void Add(YamlNode node, string message) => _faults.Add(new ConfigurationFault(node.Start.Line, node.Start.Column, message));
}
