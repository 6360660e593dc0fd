using System.Collections.Immutable;
using System.Text;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Numbers concepts (the codings that a source gives for one thing) in the order of their first appearance.</summary>
public sealed class ConceptDictionary
{
    private readonly Utf8Dictionary _keys = new();
    private readonly List<ImmutableArray<Coding>> _concepts = [];
    private byte[] _key = new byte[512];

    /// <summary>The codings of each concept, by ordinal.</summary>
    public IReadOnlyList<ImmutableArray<Coding>> Concepts => _concepts;

    /// <summary>The ordinal of a concept, which is added where it is new.</summary>
    /// <exception cref="ArgumentException">No coding.</exception>
    public int GetOrAdd(params ReadOnlySpan<Coding> codings)
    {
        if (codings.IsEmpty)
            throw new ArgumentException("A concept has at least one coding.", nameof(codings));
        var length = 0;
        foreach (var coding in codings)
        {
            Append(coding.System, ref length);
            Append(coding.Code, ref length);
        }

        var ordinal = _keys.GetOrAdd(_key.AsSpan(0, length), out var added);
        if (added)
            _concepts.Add([.. codings]);
        return ordinal;
    }

    private void Append(string text, ref int length)
    {
        var needed = length + Encoding.UTF8.GetMaxByteCount(text.Length) + 1;
        if (needed > _key.Length)
            Array.Resize(ref _key, needed * 2);
        length += Encoding.UTF8.GetBytes(text, _key.AsSpan(length));
        _key[length++] = 0xff; // in no UTF-8 text
    }
}
