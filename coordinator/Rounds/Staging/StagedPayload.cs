using System.Buffers;
using System.Security.Cryptography;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>The payload of a staged release, open for reading.</summary>
public sealed class StagedPayload : IDisposable
{
    private readonly IDiskFile _file;
    private readonly ReleaseHead _head;

    private StagedPayload(IDiskFile file, ReleaseHead head) => (_file, _head) = (file, head);

    /// <summary>Length in bytes.</summary>
    public long Length => _head.Manifest.PayloadLength;

    /// <summary>Fills <paramref name="buffer"/> with the payload's bytes from <paramref name="offset"/>.</summary>
    /// <exception cref="IOException">The payload ends before.</exception>
    public void Read(long offset, Span<byte> buffer)
    {
        if (_file.Read(_head.Bytes.Length + offset, buffer) != buffer.Length)
            throw new IOException($"The staged release of {_head.Manifest.Site} for {_head.Manifest.Step} became shorter.");
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    internal static StagedPayload? Open(IDisk disk, string path, Sha256Digest release, bool isVerified)
    {
        var file = disk.Open(path, DiskMode.Read);
        StagedPayload? opened = null;
        try
        {
            var payload = HeadOf(file) is { } head && head.Digest == release ? new StagedPayload(file, head) : null;
            if (payload is not null && (isVerified || payload.IsWhole()))
                opened = payload;
            return opened;
        }
        finally
        {
            if (opened is null)
                file.Dispose();
        }
    }

    private static ReleaseHead? HeadOf(IDiskFile file)
    {
        var bytes = new byte[Math.Min(file.Length, ReleaseHead.PrefixLength + ReleaseHead.MaximumJsonLength)];
        file.Read(0, bytes);
        try
        {
            return ReleaseHead.Read(bytes);
        }
        catch (FormatException)
        {
            return null; // the disk changed it: the caller says that the release is lost
        }
    }

    private bool IsWhole()
    {
        if (_file.Length != _head.FileLength)
            return false;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var block = ArrayPool<byte>.Shared.Rent(1 << 20);
        try
        {
            for (long offset = 0; offset < Length;)
            {
                var count = (int)Math.Min(block.Length, Length - offset);
                Read(offset, block.AsSpan(0, count));
                hash.AppendData(block, 0, count);
                offset += count;
            }

            return Sha256Digest.Of(hash) == _head.Manifest.PayloadDigest;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }
}
