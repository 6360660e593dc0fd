namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// Names of elements in the order in which they followed one another in earlier resources: a server writes all resources of a type alike, and to see that the next name is the
/// one that is expected is quicker than to look for its end and then for what it means. A few hundred are remembered.
/// </summary>
internal sealed class FhirNames
{
    /// <summary>The place before the first name of a resource; before that of a part of one it is one more.</summary>
    public const int Start = 0;

    private const int Most = 256;
    private const int Longest = 64; // FHIR has none that is longer

    private readonly Utf8Dictionary _ordinals = new();
    private readonly Name[] _names = new Name[Most];
    private int _count = Start + 2;

    /// <summary>Passes over a name, the colon and the white space around it.</summary>
    /// <param name="json">The JSON of an object.</param>
    /// <param name="at">Where the name stands; then where its value does.</param>
    /// <param name="last">The name before it, by its place here; then this one.</param>
    /// <param name="element">What the name means.</param>
    /// <returns>False: there is no name without escapes.</returns>
    public bool TryPass(ReadOnlySpan<byte> json, ref int at, ref int last, out FhirElement element)
    {
        var expected = _names[last].Next;
        ref readonly var name = ref _names[expected];
        if (expected > 0 && json[at..].StartsWith(name.Bytes))
        {
            (element, last) = (name.Element, expected);
            at = JsonGlance.Space(json, at + name.Bytes.Length);
            return true;
        }

        element = FhirElement.Other;
        var end = JsonGlance.Text(json, at);
        var value = end < 0 ? -1 : JsonGlance.Mark(json, end, (byte)':');
        if (value < 0)
            return false;
        element = FhirElements.Find(json[(at + 1)..(end - 1)]);
        last = Learn(last, json[at..end], element);
        at = value;
        return true;
    }

    private int Learn(int last, ReadOnlySpan<byte> quoted, FhirElement element)
    {
        var ordinal = _ordinals.Find(quoted);
        if (ordinal < 0 && _count < Most && quoted.Length <= Longest)
        {
            ordinal = _ordinals.GetOrAdd(quoted, out _);
            _names[_count++] = new Name([.. quoted, (byte)':'], element);
        }

        var place = ordinal < 0 ? Start : ordinal + Start + 2;
        _names[last].Next = place;
        return place;
    }

    private struct Name(byte[] bytes, FhirElement element)
    {
        public readonly byte[] Bytes = bytes;
        public readonly FhirElement Element = element;
        public int Next;
    }
}
