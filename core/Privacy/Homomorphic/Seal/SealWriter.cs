using System.Buffers.Binary;

namespace FederatedClinicalMl.Privacy;

/// <summary>Writes SEAL's bytes of a known length.</summary>
internal ref struct SealWriter(Span<byte> bytes)
{
    private Span<byte> _rest = bytes;

    public void Header(long length)
    {
        Bytes([0x5E, 0xA1, SealFormat.HeaderLength, SealFormat.Major, SealFormat.Minor, 0, 0, 0]);
        UInt64((ulong)length);
    }

    public void Byte(byte value) => Bytes([value]);

    public void UInt64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_rest, value);
        _rest = _rest[sizeof(ulong)..];
    }

    public void Scale() => UInt64(BitConverter.DoubleToUInt64Bits(1));

    public void UInt64s(ReadOnlySpan<ulong> values)
    {
        foreach (var value in values)
            UInt64(value);
    }

    public void Bytes(scoped ReadOnlySpan<byte> value)
    {
        value.CopyTo(_rest);
        _rest = _rest[value.Length..];
    }
}
