using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using System.IO.Pipelines;

namespace FederatedClinicalMl.Coordinator.Api.Bulk;

/// <summary>
/// Reads an upload's body: frames of u32 length (1 to 1 MiB), u64 XxHash3 of the payload, payload; little-endian. One pooled buffer of the
/// longest frame that came, whatever the sender does.
/// </summary>
internal sealed class FrameReader(PipeReader body) : IDisposable
{
    /// <summary>Longest payload of a frame in bytes.</summary>
    public const int LongestPayload = 1 << 20;

    /// <summary>Bytes before each payload.</summary>
    public const int HeaderLength = sizeof(uint) + sizeof(ulong);

    private byte[] _buffer = [];

    /// <summary>The next frame's payload, checked; valid until the next call. Empty at the end of the body.</summary>
    /// <exception cref="FaultException">FRAME_WRONG: a length out of bounds, a payload that is not the one hashed, or a body that ends inside a frame.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken stop)
    {
        if (await ReadHeaderAsync(stop) is not var (length, hash))
            return default;
        if (length > _buffer.Length)
        {
            Dispose();
            _buffer = ArrayPool<byte>.Shared.Rent(length);
        }

        for (var filled = 0; filled < length;)
        {
            var read = await body.ReadAsync(stop);
            var taken = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, length - filled));
            taken.CopyTo(_buffer.AsSpan(filled));
            filled += (int)taken.Length;
            body.AdvanceTo(taken.End);
            if (read.IsCompleted && taken.IsEmpty)
                throw new FaultException(Fault.FrameWrong, "The body ended inside a frame.");
        }

        if (XxHash3.HashToUInt64(_buffer.AsSpan(0, length)) != hash)
            throw new FaultException(Fault.FrameWrong, "A frame's payload is not the one that was hashed.");
        return _buffer.AsMemory(0, length);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _buffer, []) is { Length: > 0 } rented)
            ArrayPool<byte>.Shared.Return(rented);
    }

    private async ValueTask<(int Length, ulong Hash)?> ReadHeaderAsync(CancellationToken stop)
    {
        var read = await body.ReadAtLeastAsync(HeaderLength, stop);
        if (read.Buffer.IsEmpty)
            return null;
        if (read.Buffer.Length < HeaderLength)
            throw new FaultException(Fault.FrameWrong, "The body ended inside a frame's header.");
        var header = Parse(read.Buffer);
        body.AdvanceTo(read.Buffer.GetPosition(HeaderLength));
        return header.Length is >= 1 and <= LongestPayload
            ? ((int)header.Length, header.Hash)
            : throw new FaultException(Fault.FrameWrong, $"A frame of {header.Length} bytes was announced; 1 to {LongestPayload} are allowed.");
    }

    private static (uint Length, ulong Hash) Parse(ReadOnlySequence<byte> buffer)
    {
        Span<byte> header = stackalloc byte[HeaderLength];
        buffer.Slice(0, HeaderLength).CopyTo(header);
        return (BinaryPrimitives.ReadUInt32LittleEndian(header), BinaryPrimitives.ReadUInt64LittleEndian(header[sizeof(uint)..]));
    }
}
