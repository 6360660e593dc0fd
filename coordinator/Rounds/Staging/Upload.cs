using System.Security.Cryptography;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>One upload: checks its bytes front to back as they come.</summary>
internal sealed class Upload : IDisposable
{
    private readonly IncrementalHash _payloadHash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly List<byte> _headBytes = [];
    private readonly byte[] _split = new byte[8]; // the beginning of a value that the last bytes cut in two
    private int _splitLength;
    private List<byte>? _json;
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
        return _json is not null && !rule.Accepts(Head.Manifest, _json.ToArray()) ? RoundFault.PayloadMalformed : null;
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
            _json = new List<byte>((int)Head.Manifest.PayloadLength); // bounded by the manifest's own check
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
        _payloadHash.AppendData(bytes);
        if (_json is not null)
        {
            _json.AddRange(bytes);
            return null;
        }

        var width = rule.Format!.BytesPerValue;
        if (_splitLength > 0)
        {
            var count = Math.Min(bytes.Length, width - _splitLength);
            bytes[..count].CopyTo(_split.AsSpan(_splitLength));
            _splitLength += count;
            bytes = bytes[count..];
            if (_splitLength < width)
                return null;
            _splitLength = 0;
            if (rule.Format.FirstFault(_split.AsSpan(0, width)) is not null)
                return RoundFault.ValueOutOfRange;
        }

        var whole = bytes.Length - (bytes.Length % width);
        if (rule.Format.FirstFault(bytes[..whole]) is not null)
            return RoundFault.ValueOutOfRange;
        bytes[whole..].CopyTo(_split);
        _splitLength = bytes.Length - whole;
        return null;
    }
}
