using System.Buffers.Binary;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// A cursor over SEAL's bytes that trusts nothing: what it reads is held against what the parameters make it to be, and the length of the whole is known before anything is
/// allocated.
/// </summary>
internal ref struct SealReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>A header of an object that is not compressed and has so many bytes with it. A newer minor version is refused, as SEAL does.</summary>
    public void Header(long length)
    {
        var header = Bytes(SealFormat.HeaderLength);
        if (header[0] != 0x5E || header[1] != 0xA1 || header[2] != SealFormat.HeaderLength)
            throw new FormatException("These are not bytes of SEAL: a header is missing.");
        if (header[3] != SealFormat.Major || header[4] > SealFormat.Minor)
            throw new FormatException($"SEAL's format {header[3]}.{header[4]} is not read, only 4.0 and 4.1.");
        if (header[5] != 0)
            throw new FormatException("Compressed bytes of SEAL are not read: save them with compression mode none.");
        if (header[6] != 0 || header[7] != 0)
            throw new FormatException("A header of SEAL's bytes has reserved bytes that are not zero.");
        if (BinaryPrimitives.ReadUInt64LittleEndian(header[8..]) != (ulong)length)
            throw new FormatException($"A header of SEAL's bytes states another length than the {length} bytes that these parameters make.");
    }

    public void Id(BfvParameters parameters)
    {
        var id = Bytes(parameters.Id.Length);
        if (!id.SequenceEqual(parameters.Id))
            throw new FormatException($"These bytes of SEAL belong to other parameters than {parameters}.");
    }

    public byte Byte() => Bytes(1)[0];

    public void Flag(bool value, string name)
    {
        if (Byte() != (value ? 1 : 0))
            throw new FormatException($"{name} of these bytes of SEAL is not {value}.");
    }

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(sizeof(ulong)));

    public void UInt64(ulong value, string name)
    {
        if (UInt64() != value)
            throw new FormatException($"{name} of these bytes of SEAL is not {value}.");
    }

    /// <summary>A scale of 1, which BFV has no use for.</summary>
    public void Scale() => UInt64(BitConverter.DoubleToUInt64Bits(1), "The scale");

    /// <summary>Words below q.</summary>
    public void Residues(Span<ulong> words, ulong q)
    {
        foreach (ref var word in words)
        {
            word = UInt64();
            if (word >= q)
                throw new FormatException("A residue in these bytes of SEAL is not below the modulus.");
        }
    }

    public ReadOnlySpan<byte> Bytes(int count)
    {
        if (_rest.Length < count)
            throw new FormatException("These bytes of SEAL break off.");
        var bytes = _rest[..count];
        _rest = _rest[count..];
        return bytes;
    }

    public readonly void End()
    {
        if (_rest.Length > 0)
            throw new FormatException("These bytes of SEAL go on after their end.");
    }
}
