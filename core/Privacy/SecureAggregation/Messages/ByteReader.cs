using System.Buffers.Binary;
using System.Text;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// Reads what <see cref="ByteWriter"/> writes, and nothing else. It never throws on what it reads: after the first field that is not as it must be it is no
/// longer <see cref="Ok"/> and gives empty values, which the caller throws away.
/// </summary>
internal ref struct ByteReader
{
    private ReadOnlySpan<byte> _rest;

    public ByteReader(ReadOnlySpan<byte> bytes)
    {
        _rest = bytes;
        Ok = true;
    }

    /// <summary>Whether every field was as it must be.</summary>
    public bool Ok { get; private set; }

    /// <summary>Whether, besides, nothing is left.</summary>
    public readonly bool IsAtEnd => Ok && _rest.IsEmpty;

    public byte Byte() => Take(1) is { IsEmpty: false } taken ? taken[0] : (byte)0;

    /// <summary>A byte that must be this one.</summary>
    public void Expect(byte value) => Ok &= Byte() == value;

    /// <summary>Fails the reading unless this holds.</summary>
    public void Require(bool condition) => Ok &= condition;

    public int Int32() => Take(sizeof(int)) is { IsEmpty: false } taken ? BinaryPrimitives.ReadInt32BigEndian(taken) : 0;

    public UInt128 UInt128() => Take(16) is { IsEmpty: false } taken ? BinaryPrimitives.ReadUInt128BigEndian(taken) : 0;

    public int Count(int least, int most)
    {
        var count = Take(sizeof(ushort)) is { IsEmpty: false } taken ? BinaryPrimitives.ReadUInt16BigEndian(taken) : 0;
        Ok &= count >= least && count <= most;
        return Ok ? count : 0;
    }

    public ReadOnlyMemory<byte> Raw(int length) => Take(length).ToArray();

    public Sha256Digest Digest() => Take(Sha256Digest.Length) is { IsEmpty: false } taken ? new Sha256Digest(taken) : default;

    public MemberSet Set() => MemberSet.Read(ref this);

    public SiteId Site()
    {
        var text = Take(Byte());
        Ok &= SiteId.TryParse(Encoding.Latin1.GetString(text), out var site);
        return site;
    }

    public StepId Step()
    {
        var run = Take(8);
        var (round, kind, attempt) = (Int32(), Byte(), Int32());
        Ok &= round >= 0 && attempt >= 1 && Enum.IsDefined((StepKind)kind);
        return Ok ? new StepId(RunId.From(run), new RoundNumber(round), (StepKind)kind, attempt) : default;
    }

    public ReadOnlySpan<byte> Part()
    {
        var length = Int32();
        return Take(length);
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        Ok &= length >= 0 && length <= _rest.Length;
        if (!Ok)
            return default;
        var taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }
}
