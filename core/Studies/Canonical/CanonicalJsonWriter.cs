using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Studies;

internal static class CanonicalJsonWriter
{
    // Quote, backslash, control characters and surrogates: what lies between two of them is copied as it is.
    private static readonly SearchValues<char> s_special = SearchValues.Create(
        ['"', '\\', .. Enumerable.Range(0, ' ').Select(c => (char)c), .. Enumerable.Range(0xD800, 0x800).Select(c => (char)c)]);

    public static byte[] Write(JsonNode? node)
    {
        var text = new StringBuilder();
        Append(text, node, depth: 0);
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static void Append(StringBuilder text, JsonNode? node, int depth)
    {
        if (depth > CanonicalJson.MaximumDepth)
            throw new FormatException($"The JSON nests deeper than {CanonicalJson.MaximumDepth}.");
        switch (node)
        {
            case null:
                text.Append("null");
                break;
            case JsonObject map:
                AppendObject(text, map, depth + 1);
                break;
            case JsonArray list:
                AppendArray(text, list, depth + 1);
                break;
            default:
                AppendValue(text, node.AsValue());
                break;
        }
    }

    private static void AppendObject(StringBuilder text, JsonObject map, int depth)
    {
        text.Append('{');
        var separator = "";
        // RFC 8785, 3.2.3: names in order of their UTF-16 code units, which is .NET's ordinal order.
        foreach (var (name, value) in map.OrderBy(member => member.Key, StringComparer.Ordinal))
        {
            text.Append(separator);
            AppendString(text, name);
            text.Append(':');
            Append(text, value, depth);
            separator = ",";
        }

        text.Append('}');
    }

    private static void AppendArray(StringBuilder text, JsonArray list, int depth)
    {
        text.Append('[');
        var separator = "";
        foreach (var value in list)
        {
            text.Append(separator);
            Append(text, value, depth);
            separator = ",";
        }

        text.Append(']');
    }

    private static void AppendValue(StringBuilder text, JsonValue value)
    {
        switch (value.GetValueKind())
        {
            case JsonValueKind.True:
                text.Append("true");
                break;
            case JsonValueKind.False:
                text.Append("false");
                break;
            case JsonValueKind.String:
                AppendString(text, value.GetValue<string>());
                break;
            case JsonValueKind.Number:
                text.Append(CanonicalNumber.Format(CanonicalNumber.Of(value)));
                break;
            default:
                throw new FormatException($"A value of kind {value.GetValueKind()} has no JSON form.");
        }
    }

    // RFC 8785, 3.2.2.2: the shortest escape of what must be escaped, everything else as it is.
    private static void AppendString(StringBuilder text, string value)
    {
        text.Append('"');
        for (var i = 0; i < value.Length; i++)
        {
            var plain = value.AsSpan(i).IndexOfAny(s_special);
            text.Append(value, i, plain < 0 ? value.Length - i : plain);
            if (plain < 0)
                break;
            i += plain;
            var c = value[i];
            switch (c)
            {
                case '"': text.Append("\\\""); break;
                case '\\': text.Append("\\\\"); break;
                case '\b': text.Append("\\b"); break;
                case '\t': text.Append("\\t"); break;
                case '\n': text.Append("\\n"); break;
                case '\f': text.Append("\\f"); break;
                case '\r': text.Append("\\r"); break;
                case < ' ': text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"); break;
                case var _ when char.IsHighSurrogate(c) && i + 1 < value.Length && char.IsLowSurrogate(value[i + 1]):
                    text.Append(c).Append(value[++i]);
                    break;
                default:
                    throw new FormatException($"A string holds the lone surrogate U+{(int)c:X4} at index {i}; it is not valid Unicode.");
            }
        }

        text.Append('"');
    }
}
