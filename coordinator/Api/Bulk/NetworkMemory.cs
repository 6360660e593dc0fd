using System.Buffers;
using Microsoft.AspNetCore.Connections;

namespace FederatedClinicalMl.Coordinator.Api.Bulk;

/// <summary>
/// Kestrel's memory in blocks of 64 KiB instead of its own 4 KiB: it reads from a socket one block at a time, and a release of a megabyte
/// would come in five hundred system calls. An idle connection holds no block. Blocks are kept for use again up to a bound: left to the
/// collector, they would be most of the process's memory.
/// </summary>
internal sealed class NetworkMemory : IMemoryPoolFactory<byte>
{
    /// <summary>Bytes that may be read from a connection before anybody has taken them.</summary>
    public const int MostPerConnection = 4 * BlockLength;

    private const int BlockLength = 64 << 10;
    private const int MostKept = 256;

    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new Pool();

    private sealed class Pool : MemoryPool<byte>
    {
        private readonly ArrayPool<byte> _blocks = ArrayPool<byte>.Create(BlockLength, MostKept);

        public override int MaxBufferSize => BlockLength;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1) => minBufferSize <= BlockLength
            ? new Block(_blocks)
            : throw new ArgumentOutOfRangeException(nameof(minBufferSize), minBufferSize, $"A block has {BlockLength} bytes.");

        protected override void Dispose(bool disposing)
        {
        }
    }

    private sealed class Block(ArrayPool<byte> pool) : IMemoryOwner<byte>
    {
        private byte[]? _array = pool.Rent(BlockLength);

        public Memory<byte> Memory => _array ?? throw new ObjectDisposedException(nameof(Block));

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _array, null) is { } array)
                pool.Return(array);
        }
    }
}
