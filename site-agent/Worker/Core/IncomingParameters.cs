using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>Receives a block of parameters.</summary>
/// <param name="offset">Index of the block's first value.</param>
/// <param name="values">Some of the values.</param>
public delegate void ParameterBlock(int offset, ReadOnlySpan<float> values);

/// <summary>
/// A parameter vector in the incoming directory, which another account writes: its SHA-256 is checked in the same pass that reads it,
/// and nothing made from it may be used unless the pass returned.
/// </summary>
public sealed class IncomingParameters
{
    /// <summary>Most values of a block.</summary>
    public const int BlockValues = BlockBytes / sizeof(float);

    private const int BlockBytes = 1 << 20; // stays in the second-level cache between hashing and use

    private readonly IDisk? _exchange;
    private readonly float[] _values = [];

    /// <summary>Names the vector with the given digest.</summary>
    public IncomingParameters(IDisk exchange, Sha256Digest digest) => (_exchange, Digest) = (exchange, digest);

    /// <summary>A vector that is in memory, for previews.</summary>
    public IncomingParameters(float[] values) => (_values, Digest) = (values, Sha256Digest.Of(MemoryMarshal.AsBytes<float>(values)));

    /// <summary>SHA-256 of the little-endian float32 values.</summary>
    public Sha256Digest Digest { get; }

    /// <summary>Reads the values in order.</summary>
    /// <param name="dimension">How many there must be.</param>
    /// <param name="use">Called once for each block.</param>
    /// <exception cref="StepDeclinedException">The file is missing, of another length, or has another digest.</exception>
    public void Read(int dimension, ParameterBlock use)
    {
        ArgumentNullException.ThrowIfNull(use);
        if (_exchange is null)
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(_values.Length, dimension);
            for (var at = 0; at < dimension; at += BlockValues)
                use(at, _values.AsSpan(at, Math.Min(BlockValues, dimension - at)));
            return;
        }

        var path = $"{ExchangePaths.Incoming}/{Digest}";
        if (!_exchange.Exists(path))
            throw Wrong("is not in the incoming directory");
        using var file = _exchange.Open(path, DiskMode.Read);
        if (file.Length != (long)dimension * sizeof(float))
            throw Wrong($"has {file.Length} bytes; this model has {dimension} values, which are {(long)dimension * sizeof(float)} bytes");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(BlockBytes);
        try
        {
            for (long at = 0; at < file.Length;)
            {
                var wanted = (int)Math.Min(BlockBytes, file.Length - at);
                var block = buffer.AsSpan(0, wanted);
                if (file.Read(at, block) != wanted)
                    throw Wrong("became shorter while it was read");
                hash.AppendData(block);
                use((int)(at / sizeof(float)), MemoryMarshal.Cast<byte, float>(block));
                at += wanted;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (Sha256Digest.Of(hash) != Digest)
            throw Wrong("has another digest than its name says");
    }

    /// <summary>Reads all values into memory.</summary>
    /// <inheritdoc cref="Read"/>
    public float[] ReadAll(int dimension)
    {
        var all = new float[dimension];
        Read(dimension, (offset, values) => values.CopyTo(all.AsSpan(offset)));
        return all;
    }

    private StepDeclinedException Wrong(string how) => new(Reason.ParametersWrong, $"The parameters {Digest.Short} cannot be used: the file {how}.");
}

/// <summary>Names inside the exchange directory.</summary>
public static class ExchangePaths
{
    /// <summary>Parameters: gateway writes, worker reads.</summary>
    public const string Incoming = "incoming";

    /// <summary>A registry's model: gateway writes, worker reads.</summary>
    public static string IncomingModel(Sha256Digest model) => $"{Incoming}/models/{model}";

    /// <summary>Releases: worker writes, gateway reads.</summary>
    public const string Outgoing = "outgoing";

    /// <summary>The worker's socket for the gateway.</summary>
    public const string Socket = "worker.sock";
}
