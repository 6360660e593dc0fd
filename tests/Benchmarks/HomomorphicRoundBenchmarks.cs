using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Benchmarks;

/// <summary>
/// What encrypted rounds of four sites and one million parameters, t = 2^24, add to encryption: the coordinator's sum, shares of a threshold decryption, and opening by all. One thread; each beside SHA-256 of one
/// site's ciphertexts, which every upload needs. Read minima, and their ratios, on a machine that others use too.
/// </summary>
[MinColumn]
public class HomomorphicRoundBenchmarks
{
    private const int Sites = 4;
    private const int Values = 1_000_000;

    private readonly KeyStream _stream = KeyStream.Derive(new byte[32], "benchmarks", []);
    private readonly EncryptionPlan _consortium = EncryptionPlan.For(EncryptionMode.Consortium, valueBits: 20, weightBits: 0, Sites, Values);
    private readonly EncryptionPlan _threshold = EncryptionPlan.For(EncryptionMode.Threshold, valueBits: 20, weightBits: 0, Sites, Values);
    private byte[] _seeded = [];
    private byte[] _encrypted = [];
    private byte[][] _shares = [];
    private BfvSecretKey _secret = null!;
    private EncryptedVector _sum = null!;

    /// <summary>What every kind of a million parameters has in bytes each.</summary>
    /// <param name="output">Where it is written to.</param>
    public static void PrintBytes(TextWriter output)
    {
        output.WriteLine("sites  up  share  down, bytes per parameter at t = 2^24");
        foreach (var mode in Enum.GetValues<EncryptionMode>())
        {
            foreach (var (sites, valueBits) in new[] { (4, 20), (16, 18), (64, 16) })
            {
                var plan = EncryptionPlan.For(mode, valueBits, weightBits: 0, sites, Values);
                var share = plan.Decryption is { } decryption ? $"{decryption.Share.Length / (double)Values:F2}" : "-";
                output.WriteLine($"{mode}  {sites}  {plan.Upload.Length / (double)Values:F2}  {share}  {plan.Download.Length / (double)Values:F2}");
            }
        }
    }

    /// <summary>Makes keys, ciphertexts and shares; every site's words are the same.</summary>
    [GlobalSetup]
    public void Prepare()
    {
        var words = new ulong[Values];
        foreach (ref var word in words.AsSpan())
            word = _stream.NextUInt64() >> 42;
        using (var secret = BfvSecretKey.Generate(_consortium.Parameters, _stream))
            _seeded = PackedVector.Write(secret.Encrypt(words, _stream));

        var collective = new CollectiveKey(_threshold.Parameters, "benchmarks"u8);
        var secrets = Enumerable.Range(0, Sites).Select(_ => BfvSecretKey.Generate(_threshold.Parameters, _stream)).ToArray();
        var key = collective.Combine(Array.ConvertAll(secrets, secret => collective.MakePart(secret, _stream)));
        _encrypted = PackedVector.Write(key.Encrypt(words, _stream));
        _sum = PackedVector.ReadEncrypted(_threshold.Parameters, Values, _encrypted);
        _shares = Array.ConvertAll(secrets, secret => _threshold.Decryption!.MakeShare(secret, _sum.Uniform, _stream));
        _secret = secrets[0];
        if (!_threshold.Decryption!.Open(_sum.Body, _shares).AsSpan().SequenceEqual(words))
            throw new InvalidOperationException("What is measured does not open what was encrypted.");
    }

    /// <summary>SHA-256 of one site's ciphertexts under a collective key.</summary>
    [Benchmark(Baseline = true)]
    public byte[] Sha256OfUpload() => SHA256.HashData(_encrypted);

    /// <summary>The coordinator's sum of four sites' seeded ciphertexts, from packed bytes to packed bytes.</summary>
    [Benchmark]
    public void FoldConsortium() => Fold(_consortium, _seeded);

    /// <summary>The coordinator's sum of four sites' ciphertexts under a collective key.</summary>
    [Benchmark]
    public void FoldThreshold() => Fold(_threshold, _encrypted);

    /// <summary>One site's share.</summary>
    [Benchmark]
    public byte[] MakeShare() => _threshold.Decryption!.MakeShare(_secret, _sum.Uniform, _stream);

    /// <summary>The sum from c0 and four shares.</summary>
    [Benchmark]
    public ulong[] Open() => _threshold.Decryption!.Open(_sum.Body, _shares);

    private static void Fold(EncryptionPlan plan, byte[] upload)
    {
        var fold = new CiphertextFold(plan);
        var sum = new byte[plan.Download.BlockLength];
        for (var block = 0; block < plan.Upload.Blocks; block++)
        {
            fold.Clear();
            for (var site = 0; site < Sites; site++)
                fold.Add(upload.AsSpan((int)plan.Upload.OffsetOf(block), plan.Upload.BlockLength));
            fold.WriteSent(sum);
            if (plan.Mode == EncryptionMode.Threshold)
                fold.WriteKept(sum);
        }
    }
}
