using BenchmarkDotNet.Attributes;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Benchmarks;

/// <summary>
/// Encrypted rounds of one million parameters, t = 2^24, one thread. Wanted: at most 100 ms to encrypt, 1.5 ms to add, 80 ms to decrypt. Read the minima on a machine that others use too.
/// </summary>
[MinColumn]
public class HomomorphicBenchmarks
{
    private const int Values = 1_000_000;

    private readonly ulong[] _words = new ulong[Values];
    private readonly KeyStream _stream = KeyStream.Derive(new byte[32], "benchmarks", []);
    private State _symmetric = null!;
    private State _publicKey = null!;

    /// <summary>Makes keys and ciphertexts.</summary>
    [GlobalSetup]
    public void Prepare()
    {
        foreach (ref var word in _words.AsSpan())
            word = _stream.NextUInt64() >> 40;
        _symmetric = new State(BfvParameters.Create(2048, 1 << 24, 34), _words, _stream);
        _publicKey = new State(BfvParameters.Create(4096, 1 << 24, 40), _words, _stream);
    }

    /// <summary>With the secret key, N = 2048, q of 34 bits.</summary>
    [Benchmark]
    public SeededVector EncryptSymmetric() => _symmetric.Secret.Encrypt(_words, _stream);

    /// <summary>With a public key, N = 4096, q of 40 bits.</summary>
    [Benchmark]
    public EncryptedVector EncryptPublicKey() => _publicKey.Public.Encrypt(_words, _stream);

    /// <summary>Packs a seeded vector.</summary>
    [Benchmark]
    public byte[] Pack() => PackedVector.Write(_symmetric.Seeded);

    /// <summary>Reads a seeded vector's bytes and expands its seeds.</summary>
    [Benchmark]
    public EncryptedVector Load() => PackedVector.ReadSeeded(_symmetric.Seeded.Parameters, Values, _symmetric.Packed).Expand();

    /// <summary>Adds one site's vector to the sum.</summary>
    [Benchmark]
    public void Add() => _symmetric.Sum.Add(_symmetric.Encrypted);

    /// <summary>Decrypts a sum.</summary>
    [Benchmark]
    public ulong[] Decrypt() => _symmetric.Secret.Decrypt(_symmetric.Sum);

    /// <summary>Decrypts a sum, N = 4096.</summary>
    [Benchmark]
    public ulong[] DecryptPublicKey() => _publicKey.Secret.Decrypt(_publicKey.Sum);

    private sealed class State
    {
        public State(BfvParameters parameters, ulong[] words, KeyStream stream)
        {
            Secret = BfvSecretKey.Generate(parameters, stream);
            Public = BfvPublicKey.Of(Secret, stream);
            Seeded = Secret.Encrypt(words, stream);
            Packed = PackedVector.Write(Seeded);
            Encrypted = Seeded.Expand();
            Sum = Public.Encrypt(words, stream);
        }

        public BfvSecretKey Secret { get; }

        public BfvPublicKey Public { get; }

        public SeededVector Seeded { get; }

        public byte[] Packed { get; }

        public EncryptedVector Encrypted { get; }

        public EncryptedVector Sum { get; }
    }
}
