using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Studies;

/// <summary>
/// Reads token by token rather than through <see cref="JsonDocument"/>, which checks strings only when they are asked for.
/// </summary>
internal static class CanonicalJsonReader
{
    public static JsonNode? Read(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = CanonicalJson.MaximumDepth, CommentHandling = JsonCommentHandling.Disallow });
        try
        {
            reader.Read();
            var node = ReadValue(ref reader);
            return reader.Read() ? throw new FormatException("something follows the JSON value") : node;
        }
        catch (JsonException fault)
        {
            // The reader's message ends in a position of its own, counted from 0.
            var message = fault.Message.Split(" LineNumber:", 2)[0].TrimEnd('.');
            throw new JsonSyntaxException((int)(fault.LineNumber ?? 0) + 1, (int)(fault.BytePositionInLine ?? 0) + 1, message, fault);
        }
        catch (Exception fault) when (fault is FormatException or InvalidOperationException)
        {
            // InvalidOperationException is how Utf8JsonReader says that a string is not valid Unicode.
            var (line, column) = PositionOf(utf8, (int)reader.TokenStartIndex);
            throw new JsonSyntaxException(line, column, fault.Message.TrimEnd('.'), fault);
        }
    }

    private static JsonNode? ReadValue(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return ReadObject(ref reader);
            case JsonTokenType.StartArray:
                var list = new JsonArray();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    list.Add(ReadValue(ref reader));
                return list;
            case JsonTokenType.String:
                return JsonValue.Create(reader.GetString());
            case JsonTokenType.Number:
                CanonicalNumber.Parse(Encoding.ASCII.GetString(reader.ValueSpan));
                // Held as an element, so that the caller may ask for whichever number type fits.
                return JsonValue.Create(JsonElement.ParseValue(ref reader));
            case JsonTokenType.True:
                return JsonValue.Create(true);
            case JsonTokenType.False:
                return JsonValue.Create(false);
            default:
                return null;
        }
    }

    private static JsonObject ReadObject(ref Utf8JsonReader reader)
    {
        var map = new JsonObject();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            if (map.ContainsKey(name))
                throw new FormatException($"the name {JsonSerializer.Serialize(name)} is there twice in one object");
            reader.Read();
            map.Add(name, ReadValue(ref reader));
        }

        return map;
    }

    private static (int Line, int Column) PositionOf(ReadOnlySpan<byte> utf8, int offset)
    {
        var before = utf8[..offset];
        return (before.Count((byte)'\n') + 1, offset - before.LastIndexOf((byte)'\n'));
    }
}

/// <summary>JSON that is not well-formed, with its position (both from 1; the column counts bytes).</summary>
internal sealed class JsonSyntaxException(int line, int column, string problem, Exception cause)
    : FormatException($"Line {line}, column {column}: {problem}.", cause)
{
    public int Line => line;

    public int Column => column;

    public string Problem => problem;
}
