using System.Runtime.CompilerServices;
using System.Text.Json;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// A JSON object whose elements are known by where they stand in its bytes. Nothing is copied and no string is made; only an element with
/// escapes in it is written out anew when its text is asked for.
/// </summary>
internal ref struct FhirObject
{
    private readonly ReadOnlySpan<byte> _json;
    private Places _places;
    private ulong _present;

    private FhirObject(ReadOnlySpan<byte> json) => _json = json;

    /// <summary>Reads all of an object to its end. What is JSON but no object has no elements.</summary>
    /// <exception cref="JsonException">No JSON, or an element twice, of which nobody can say which one holds.</exception>
    public static FhirObject Read(ReadOnlySpan<byte> json)
    {
        var result = new FhirObject(json);
        var reader = new Utf8JsonReader(json);
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var element = NameOf(ref reader);
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                if (element is { } known && reader.TokenType != JsonTokenType.Null)
                    result.Set(known, start, (int)reader.BytesConsumed - start);
            }
        }
        else
        {
            reader.Skip();
        }

        reader.Read(); // throws where something follows
        return result;
    }

    /// <summary>Whether text that is no JSON is the beginning of some.</summary>
    public static bool BreaksOff(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, isFinalBlock: false, default);
        try
        {
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>Whether an element is there.</summary>
    public readonly bool Has(FhirElement element) => (_present & (1UL << (int)element)) != 0;

    /// <summary>An element's JSON as it stands; empty: it is not there.</summary>
    public readonly ReadOnlySpan<byte> Raw(FhirElement element) =>
        Has(element) ? _json.Slice(_places[(int)element].Start, _places[(int)element].Length) : default;

    /// <summary>The text of an element; empty: it is not there, or no string.</summary>
    /// <exception cref="JsonException">An escape in it stands for no character.</exception>
    public readonly ReadOnlySpan<byte> Text(FhirElement element)
    {
        var raw = Raw(element);
        if (raw.IsEmpty || raw[0] != '"')
            return default;
        var text = raw[1..^1];
        return text.Contains((byte)'\\') ? Unescape(raw) : text;
    }

    /// <summary>An element that is an object; one without elements: it is not there, or none.</summary>
    public readonly FhirObject Object(FhirElement element) => Has(element) ? Read(Raw(element)) : default;

    /// <summary>The items of an element that is an array; none: it is not there, or none.</summary>
    public readonly FhirItems Items(FhirElement element) => new(Raw(element));

    private static FhirElement? NameOf(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
            return FhirElements.Find(reader.ValueSpan);
        var name = new byte[reader.ValueSpan.Length];
        return FhirElements.Find(name.AsSpan(0, Unescape(ref reader, name)));
    }

    private static ReadOnlySpan<byte> Unescape(ReadOnlySpan<byte> raw)
    {
        var reader = new Utf8JsonReader(raw);
        reader.Read();
        var text = new byte[raw.Length];
        return text.AsSpan(0, Unescape(ref reader, text));
    }

    private static int Unescape(ref Utf8JsonReader reader, byte[] text)
    {
        try
        {
            return reader.CopyString(text);
        }
        catch (InvalidOperationException)
        {
            throw new JsonException("An escape stands for half a character.");
        }
    }

    private void Set(FhirElement element, int start, int length)
    {
        if (Has(element))
            throw new JsonException("An element stands there twice.");
        _present |= 1UL << (int)element;
        _places[(int)element] = (start, length);
    }

    [InlineArray(64)]
    private struct Places
    {
        private (int Start, int Length) _first;
    }
}

/// <summary>Items of a JSON array, each as its JSON stands.</summary>
internal ref struct FhirItems
{
    private readonly ReadOnlySpan<byte> _json;
    private Utf8JsonReader _reader;
    private readonly bool _isArray;

    public FhirItems(ReadOnlySpan<byte> json)
    {
        _json = json;
        _isArray = !json.IsEmpty && json[0] == '[';
        if (!_isArray)
            return;
        _reader = new Utf8JsonReader(json);
        _reader.Read();
    }

    /// <summary>The JSON of the present item.</summary>
    public ReadOnlySpan<byte> Current { get; private set; }

    public readonly FhirItems GetEnumerator() => this;

    public bool MoveNext()
    {
        if (!_isArray || !_reader.Read() || _reader.TokenType == JsonTokenType.EndArray)
            return false;
        var start = (int)_reader.TokenStartIndex;
        _reader.Skip();
        Current = _json[start..(int)_reader.BytesConsumed];
        return true;
    }
}
