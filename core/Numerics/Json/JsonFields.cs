using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Numerics;

/// <summary>
/// Reads a JSON object that arrived from elsewhere field by field: every field must be there, with the right type and within its bounds,
/// and no other may be. All failures are <see cref="FormatException"/>s that say which field; none repeats the hostile value.
/// </summary>
public sealed class JsonFields
{
    private const long LargestExactInteger = 1L << 53;

    private readonly JsonObject _object;
    private readonly string _path;
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    /// <summary>Begins to read <paramref name="node"/>.</summary>
    /// <param name="node">An object.</param>
    /// <param name="path">Where it is, for messages.</param>
    /// <exception cref="FormatException">The node is no object.</exception>
    public JsonFields(JsonNode? node, string path)
    {
        _path = path;
        _object = node as JsonObject ?? throw new FormatException($"{path} must be an object.");
    }

    /// <summary>Where a field is, for messages.</summary>
    public string PathOf(string name) => $"{_path}.{name}";

    /// <summary>A field of any kind; null where it holds null.</summary>
    public JsonNode? Node(string name)
    {
        if (!_object.TryGetPropertyValue(name, out var node))
            throw new FormatException($"{PathOf(name)} is missing.");
        _read.Add(name);
        return node;
    }

    /// <summary>Whether a field is there that may be missing.</summary>
    public bool Has(string name) => _object.ContainsKey(name);

    /// <summary>Whether a field holds null.</summary>
    public bool IsNull(string name) => Node(name) is null;

    /// <summary>An object.</summary>
    public JsonFields Object(string name) => new(Node(name), PathOf(name));

    /// <summary>A string of at most <paramref name="maximumLength"/> characters.</summary>
    public string Text(string name, int maximumLength) =>
        Node(name) is JsonValue value && value.GetValueKind() == JsonValueKind.String && value.GetValue<string>() is { } text && text.Length <= maximumLength
            ? text
            : throw new FormatException($"{PathOf(name)} must be a string of at most {maximumLength} characters.");

    /// <summary>A whole number within bounds, not beyond ±2^53.</summary>
    public long Integer(string name, long minimum, long maximum) => Integer(Node(name), PathOf(name), minimum, maximum);

    /// <summary>A field that is true or false.</summary>
    public bool Flag(string name) => Node(name) is JsonValue value && value.TryGetValue(out bool flag) ? flag : throw new FormatException($"{PathOf(name)} must be true or false.");

    /// <summary>A finite number.</summary>
    public double Number(string name) => Number(Node(name), PathOf(name));

    /// <summary>A whole number of any size, written as a decimal string: JSON numbers are exact only up to 2^53.</summary>
    public Int128 BigInteger(string name) => BigInteger(Node(name), PathOf(name));

    /// <summary>A list of at most <paramref name="maximumLength"/> items.</summary>
    public T[] List<T>(string name, int maximumLength, Func<JsonNode?, string, T> read)
    {
        if (Node(name) is not JsonArray array || array.Count > maximumLength)
            throw new FormatException($"{PathOf(name)} must be a list of at most {maximumLength} items.");
        var items = new T[array.Count];
        for (var i = 0; i < items.Length; i++)
            items[i] = read(array[i], $"{PathOf(name)}[{i}]");
        return items;
    }

    /// <summary>Ends the reading: no field may be left.</summary>
    public void End()
    {
        foreach (var (name, _) in _object)
        {
            if (!_read.Contains(name))
                throw new FormatException($"{_path} has a field that is not known here.");
        }
    }

    /// <summary>Fails with a sentence about a field.</summary>
    [DoesNotReturn]
    public void Fail(string name, string must) => throw new FormatException($"{PathOf(name)} must {must}.");

    /// <summary>Reads a whole number within bounds, not beyond ±2^53.</summary>
    public static long Integer(JsonNode? node, string path, long minimum, long maximum)
    {
        var number = Number(node, path);
        if (number != Math.Truncate(number) || Math.Abs(number) > LargestExactInteger || number < minimum || number > maximum)
            throw new FormatException($"{path} must be a whole number in [{minimum}, {maximum}].");
        return (long)number;
    }

    /// <summary>Reads a finite number.</summary>
    public static double Number(JsonNode? node, string path) =>
        node is JsonValue value && value.GetValueKind() == JsonValueKind.Number && TryDouble(value, out var number) && double.IsFinite(number)
            ? number
            : throw new FormatException($"{path} must be a finite number.");

    /// <summary>Reads a whole number written as a decimal string, in its one shortest form.</summary>
    public static Int128 BigInteger(JsonNode? node, string path) =>
        node is JsonValue value && value.GetValueKind() == JsonValueKind.String
            && value.GetValue<string>() is { Length: <= 40 } text
            && Int128.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && Text(number) == text
                ? number
                : throw new FormatException($"{path} must be a whole number, written as a string of decimal digits.");

    /// <summary>The string form of a whole number of any size.</summary>
    public static string Text(Int128 number) => number.ToString(CultureInfo.InvariantCulture);

    // A node made in memory holds the CLR type that it was made from; one that was read holds a JsonElement.
    private static bool TryDouble(JsonValue value, out double number)
    {
        if (value.TryGetValue(out number))
            return true;
        if (value.TryGetValue(out long whole))
        {
            number = whole;
            return true;
        }

        if (value.TryGetValue(out int small))
        {
            number = small;
            return true;
        }

        return false;
    }
}
