using System.Text.Json;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// A JSON object whose elements are known by where they stand in its bytes. Nothing is copied and no string is made; only an element with
/// escapes in it is written out anew when its text is asked for. Good until its <see cref="FhirScratch"/> is used for another resource.
/// </summary>
internal ref struct FhirObject
{
    private readonly ReadOnlySpan<byte> _json;
    private readonly FhirScratch _scratch;
    private readonly int _first;
    private ulong _present;

    private FhirObject(ReadOnlySpan<byte> json, FhirScratch scratch)
    {
        _json = json;
        _scratch = scratch;
        _first = scratch.Used;
    }

    /// <summary>Reads all of an object to its end. What is JSON but no object has no elements.</summary>
    /// <exception cref="JsonException">No JSON, or an element twice, of which nobody can say which one holds.</exception>
    public static FhirObject Read(ReadOnlySpan<byte> json, FhirScratch scratch)
    {
        var result = new FhirObject(json, scratch);
        if (!result.TryGlance())
            result.ReadThoroughly();
        return result;
    }

    // As ReadThoroughly does, where nothing is out of the ordinary.
    private bool TryGlance()
    {
        var at = JsonGlance.Mark(_json, 0, (byte)'{');
        var name = _first == 0 ? FhirNames.Start : FhirNames.Start + 1;
        while (at >= 0)
        {
            if (!_scratch.Names.TryPass(_json, ref at, ref name, out var element))
                return false;
            var value = at;
            if (value >= _json.Length)
                return false;
            at = EndOf(value, FhirElements.Recurs(element));
            if (element >= 0 && _json[value] != 'n')
                Set(element, value, at - value);
            at = JsonGlance.Space(_json, at);
            if (at < _json.Length && _json[at] == '}')
                return JsonGlance.Space(_json, at + 1) == _json.Length;
            at = JsonGlance.Mark(_json, at, (byte)',');
        }

        return false;
    }

    private readonly int EndOf(int value, bool recurs)
    {
        if (!recurs || value >= _json.Length || _json[value] is not ((byte)'{' or (byte)'['))
            return JsonGlance.Value(_json, value);
        if (_scratch.Known.Find(_json[value..]) is var length and > 0)
            return value + length;
        var end = JsonGlance.Value(_json, value);
        _scratch.Known.Add(_json[value..end]);
        return end;
    }

    private void ReadThoroughly()
    {
        (_present, _scratch.Used) = (0, _first);
        var reader = new Utf8JsonReader(_json);
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var element = NameOf(ref reader);
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                if (element >= 0 && reader.TokenType != JsonTokenType.Null)
                    Set(element, start, (int)reader.BytesConsumed - start);
            }
        }
        else
        {
            reader.Skip();
        }

        reader.Read(); // throws where something follows
    }

    /// <summary>Whether text that could not be read is the beginning of JSON, and not the whole of it.</summary>
    public static bool BreaksOff(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, isFinalBlock: false, default);
        try
        {
            while (reader.Read())
            {
            }

            return reader.TokenType is not (JsonTokenType.EndObject or JsonTokenType.EndArray) || reader.CurrentDepth > 0 || reader.BytesConsumed < json.Length;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>Whether an element is there.</summary>
    public readonly bool Has(FhirElement element) => (_present & (1UL << (int)element)) != 0;

    /// <summary>An element's JSON as it stands; empty: it is not there.</summary>
    public readonly ReadOnlySpan<byte> Raw(FhirElement element)
    {
        if (!Has(element))
            return default;
        var place = _scratch.Find(_first, element);
        return _json.Slice(place.Start, place.Length);
    }

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
    public readonly FhirObject Object(FhirElement element) => Has(element) ? Read(Raw(element), _scratch) : default;

    /// <summary>The items of an element that is an array; none: it is not there, or none.</summary>
    public readonly FhirItems Items(FhirElement element) => new(Raw(element));

    private static FhirElement NameOf(ref Utf8JsonReader reader)
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
        _scratch.Add(new FhirPlace(element, start, length));
    }
}

/// <summary>Items of a JSON array that was read before, each as its JSON stands.</summary>
/// <param name="json">The array; what is none has no items.</param>
internal ref struct FhirItems(ReadOnlySpan<byte> json)
{
    private readonly ReadOnlySpan<byte> _json = json;
    private int _at = json.IsEmpty || json[0] != '[' ? json.Length : 1;

    /// <summary>The JSON of the present item.</summary>
    public ReadOnlySpan<byte> Current { get; private set; }

    public readonly FhirItems GetEnumerator() => this;

    public bool MoveNext()
    {
        var rest = _json[_at..].TrimStart(", \t\r\n"u8);
        if (rest.IsEmpty || rest[0] == ']')
            return false;
        var length = JsonGlance.Value(rest, 0);
        Current = rest[..length];
        _at = _json.Length - rest.Length + length;
        return true;
    }
}
