using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using System.Net;
using FederatedClinicalMl.Durability;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>
/// A stretch of a release file as frames: u32 payload length, u64 XxHash3 of the payload, both little-endian, payload. Read and framed
/// through one pooled buffer while it is sent. A frame may have up to 1 MiB; a quarter stays in the processor's cache at both ends.
/// </summary>
/// <param name="open">Opens the release. Each sending has the file for itself: one that was called off may still be reading when the next begins.</param>
/// <param name="from">The first byte.</param>
/// <param name="end">The byte after the last.</param>
internal sealed class FrameContent(Func<IDiskFile> open, long from, long end) : HttpContent
{
    /// <summary>Greatest payload of a frame that is sent.</summary>
    public const int PayloadLimit = 256 * 1024;

    /// <summary>Bytes before each payload.</summary>
    public const int HeadLength = sizeof(uint) + sizeof(ulong);

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        var payload = end - from;
        length = payload + ((payload + PayloadLimit - 1) / PayloadLimit * HeadLength);
        return true;
    }

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    /// <inheritdoc/>
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        using var file = open();
        var buffer = ArrayPool<byte>.Shared.Rent(HeadLength + PayloadLimit);
        try
        {
            for (var at = from; at < end;)
            {
                var length = (int)Math.Min(PayloadLimit, end - at);
                Fill(file, buffer.AsSpan(HeadLength, length), at);
                BinaryPrimitives.WriteUInt32LittleEndian(buffer, (uint)length);
                BinaryPrimitives.WriteUInt64LittleEndian(buffer.AsSpan(sizeof(uint)), XxHash3.HashToUInt64(buffer.AsSpan(HeadLength, length)));
                await stream.WriteAsync(buffer.AsMemory(0, HeadLength + length), cancellationToken);
                at += length;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Fill(IDiskFile file, Span<byte> payload, long at)
    {
        var read = file.Read(at, payload);
        if (read < payload.Length)
            throw new EndOfStreamException($"The release file ended at {at + read}, before the {end} bytes of its ticket.");
    }
}
