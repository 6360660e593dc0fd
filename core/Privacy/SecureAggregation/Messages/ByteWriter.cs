using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Privacy;

/// <summary>Writes fields in the one form that they have: fixed width big-endian, or with their length before them.</summary>
internal sealed class ByteWriter
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    public ByteWriter Byte(byte value) => Raw([value]);

    public ByteWriter Int32(int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(_bytes.GetSpan(sizeof(int)), value);
        _bytes.Advance(sizeof(int));
        return this;
    }

    public ByteWriter UInt128(UInt128 value)
    {
        BinaryPrimitives.WriteUInt128BigEndian(_bytes.GetSpan(16), value);
        _bytes.Advance(16);
        return this;
    }

    public ByteWriter Count(int value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_bytes.GetSpan(sizeof(ushort)), checked((ushort)value));
        _bytes.Advance(sizeof(ushort));
        return this;
    }

    /// <summary>Bytes whose length the reader knows.</summary>
    public ByteWriter Raw(ReadOnlySpan<byte> value)
    {
        _bytes.Write(value);
        return this;
    }

    public ByteWriter Digest(Sha256Digest value) => Raw(value.Span);

    public ByteWriter Set(MemberSet value)
    {
        value.Write(this);
        return this;
    }

    public ByteWriter Text(string ascii) => Byte(checked((byte)ascii.Length)).Raw(Encoding.ASCII.GetBytes(ascii));

    public ByteWriter Site(SiteId value) => Text(value.Value);

    public ByteWriter Step(StepId value) =>
        Raw(Convert.FromHexString(value.Run.Value)).Int32(value.Round.Value).Byte((byte)value.Kind).Int32(value.Attempt);

    /// <summary>A part that is read by itself.</summary>
    public ByteWriter Part(ReadOnlySpan<byte> value) => Int32(value.Length).Raw(value);

    public byte[] ToArray() => _bytes.WrittenSpan.ToArray();
}
