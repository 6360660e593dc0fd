using System.Text;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Values of a row as bytes to be hashed. Two rows have the same bytes only where they have the same values.</summary>
internal sealed class RowBytes
{
    private const byte Separator = 0xFF; // in no UTF-8

    private byte[] _bytes = new byte[1024];
    private int _length;

    /// <summary>What was added.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    /// <summary>Begins anew.</summary>
    public RowBytes Clear()
    {
        _length = 0;
        return this;
    }

    /// <summary>Adds a value.</summary>
    public RowBytes Add(string value)
    {
        var most = _length + Encoding.UTF8.GetMaxByteCount(value.Length) + 1;
        if (most > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(most, _bytes.Length * 2));
        _length += Encoding.UTF8.GetBytes(value, _bytes.AsSpan(_length));
        _bytes[_length++] = Separator;
        return this;
    }
}
