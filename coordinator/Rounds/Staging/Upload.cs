using System.Security.Cryptography;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>One upload: checks its bytes front to back as they come.</summary>
internal sealed class Upload : IDisposable
{
    private readonly IncrementalHash _payloadHash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly List<byte> _headBytes = [];
    private readonly byte[] _split = new byte[8]; // the beginning of a value that the last bytes cut in two
    private int _splitLength;
    private Sha256Digest _vector; // of a masked or encrypted update, or a share: what comes before the message
    private PackedCheck? _packed; // of ciphertexts
    private List<byte>? _rest; // JSON, or a message: what is looked at when it is whole
    private long _taken; // of the payload
    private int _headLength;

    /// <summary>The part's file while bytes come; null once whole.</summary>
    public IDiskFile? File { get; set; }

    /// <summary>Whether its first bytes lay on the disk when this process took it up.</summary>
    public bool Resumed { get; set; }

    /// <summary>Bytes taken so far.</summary>
    public long Length { get; private set; }

    /// <summary>The head, once whole.</summary>
    public ReleaseHead? Head { get; private set; }

    /// <summary>Whether no byte is missing.</summary>
    public bool IsComplete => Head is { } head && head.FileLength == Length;

    /// <summary>Of a release that was refused: what is wrong in particular, for the coordinator's log; null where the fault says it all.</summary>
    public string? Detail { get; private set; }

    /// <summary>Set once the release is durable.</summary>
    public StagedRelease? Whole { get; set; }

    /// <summary>Takes the next bytes.</summary>
    /// <returns>Why the release is refused; null while nothing is wrong.</returns>
    public RoundFault? Take(UploadRule rule, ReadOnlySpan<byte> bytes)
    {
        Length += bytes.Length;
        if (Head is null && TakeHead(rule, ref bytes) is { } fault)
            return fault;
        return bytes.IsEmpty ? null : TakePayload(rule, bytes);
    }

    /// <summary>Checks what shows at the end only.</summary>
    public RoundFault? Finish(UploadRule rule)
    {
        if (Head is null || Head.FileLength != Length)
            return RoundFault.LengthWrong;
        if (Sha256Digest.Of(_payloadHash) != Head.Manifest.PayloadDigest)
            return RoundFault.PayloadDigestWrong;
        if (_rest is null)
            return null;
        if (rule.Attempt is null)
            return rule.Accepts(Head.Manifest, _rest.ToArray()) ? null : RoundFault.PayloadMalformed;
        Detail = rule.RefusalOf(rule.Attempt, _rest.ToArray(), _vector);
        return Detail is null ? null : RoundFault.MessageRefused;
    }

    public void CloseFile()
    {
        File?.Dispose();
        File = null;
    }

    public void Dispose()
    {
        CloseFile();
        _payloadHash.Dispose();
    }

    private RoundFault? TakeHead(UploadRule rule, ref ReadOnlySpan<byte> bytes)
    {
        try
        {
            if (_headLength == 0)
            {
                Move(ref bytes, ReleaseHead.PrefixLength);
                if (_headBytes.Count < ReleaseHead.PrefixLength)
                    return null;
                _headLength = ReleaseHead.LengthOf([.. _headBytes]);
            }

            Move(ref bytes, _headLength);
            if (_headBytes.Count < _headLength)
                return null;
            Head = ReleaseHead.Read([.. _headBytes]);
        }
        catch (FormatException)
        {
            return RoundFault.HeadMalformed;
        }

        if (rule.FaultOf(Head) is { } fault)
            return fault;
        if (rule.Format is null)
            _rest = new List<byte>((int)Math.Max(0, Head.Manifest.PayloadLength - rule.VectorLength)); // bounded by the rule
        if (rule.Attempt?.Layout is { } layout)
            _packed = new PackedCheck(layout);
        return null;
    }

    private void Move(ref ReadOnlySpan<byte> bytes, int until)
    {
        var count = Math.Min(bytes.Length, until - _headBytes.Count);
        _headBytes.AddRange(bytes[..count]);
        bytes = bytes[count..];
    }

    private RoundFault? TakePayload(UploadRule rule, ReadOnlySpan<byte> bytes)
    {
        if (Length > Head!.FileLength)
            return RoundFault.LengthWrong;
        var vector = bytes[..(int)Math.Clamp(rule.VectorLength - _taken, 0, bytes.Length)];
        _payloadHash.AppendData(vector);
        if (rule.Attempt is not null && _taken + vector.Length == rule.VectorLength)
            _vector = Sha256Digest.SoFar(_payloadHash); // the payload begins with it: one pass for both
        _payloadHash.AppendData(bytes[vector.Length..]);
        _taken += bytes.Length;
        _rest?.AddRange(bytes[vector.Length..]);
        if (rule.Format is not null)
            return TakeValues(rule.Format, vector);
        return _packed?.Take(vector) == false ? RoundFault.CiphertextMalformed : null;
    }

    private RoundFault? TakeValues(UpdateFormat format, ReadOnlySpan<byte> bytes)
    {
        var width = format.BytesPerValue;
        if (_splitLength > 0)
        {
            var count = Math.Min(bytes.Length, width - _splitLength);
            bytes[..count].CopyTo(_split.AsSpan(_splitLength));
            _splitLength += count;
            bytes = bytes[count..];
            if (_splitLength < width)
                return null;
            _splitLength = 0;
            if (format.FirstFault(_split.AsSpan(0, width)) is not null)
                return RoundFault.ValueOutOfRange;
        }

        var whole = bytes.Length - (bytes.Length % width);
        if (format.FirstFault(bytes[..whole]) is not null)
            return RoundFault.ValueOutOfRange;
        bytes[whole..].CopyTo(_split);
        _splitLength = bytes.Length - whole;
        return null;
    }
}
