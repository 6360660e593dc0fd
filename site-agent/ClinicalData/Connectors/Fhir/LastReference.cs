namespace FederatedClinicalMl.ClinicalData;

/// <summary>What was found for the reference that was looked up last: the next record often has the same.</summary>
internal sealed class LastReference
{
    private byte[] _json = new byte[256];
    private int _length;

    /// <summary>What was found.</summary>
    public long Known { get; private set; }

    /// <summary>Whether a reference is that one.</summary>
    public bool Is(ReadOnlySpan<byte> json) => json.SequenceEqual(_json.AsSpan(0, _length));

    /// <summary>Keeps what was found for a reference.</summary>
    public long Keep(ReadOnlySpan<byte> json, long found)
    {
        if (_json.Length < json.Length)
            _json = new byte[json.Length * 2];
        json.CopyTo(_json);
        (_length, Known) = (json.Length, found);
        return found;
    }
}
