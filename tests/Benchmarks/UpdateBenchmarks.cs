using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Benchmarks;

/// <summary>
/// What is done to every value of an update on its way from a site's change to new parameters, each over one million values. The
/// baseline, one SHA-256 of the payload, is what no design can leave out: a ratio above 1 is worth a look.
/// </summary>
public class UpdateBenchmarks
{
    private const int Values = 1_000_000;
    private const int Block = 8192; // of a merge

    private readonly float[] _parameters = new float[Values];
    private readonly float[] _change = new float[Values];
    private readonly double[] _mean = new double[Values];
    private UpdateFormat _format = UpdateFormat.Float32;
    private ExactVectorSum _sum = new(UpdateFormat.Float32, 1, 1);
    private byte[] _payload = [];

    /// <summary>How updates travel.</summary>
    [Params("fixed16", "fixed32", "float32")]
    public string Format { get; set; } = "";

    /// <summary>Makes a payload.</summary>
    [GlobalSetup]
    public void Prepare()
    {
        _format = Format == "float32" ? UpdateFormat.Float32 : UpdateFormat.Fixed(int.Parse(Format[5..], System.Globalization.CultureInfo.InvariantCulture), 8);
        var random = DeterministicRandom.Of("benchmarks");
        for (var i = 0; i < Values; i++)
            (_parameters[i], _change[i]) = (random.NextSingle(), random.NextSingle() / 1024);
        _payload = new byte[_format.PayloadLength(Values)];
        _format.Encode(_change, _payload);
        _sum = new ExactVectorSum(_format, Values, 1);
        _sum.Contribute(1).Fold(_payload);
    }

    /// <summary>SHA-256 of the payload.</summary>
    [Benchmark(Baseline = true)]
    public byte[] Hash() => SHA256.HashData(_payload);

    /// <summary>At the worker: the change in fixed point.</summary>
    [Benchmark]
    public long Encode() => _format.Encode(_change, _payload);

    /// <summary>At the coordinator, as bytes come: that every value is in range.</summary>
    [Benchmark]
    public PayloadFault? Check() => _format.FirstFault(_payload);

    /// <summary>At the coordinator: added to the sum, block by block, checked once more.</summary>
    [Benchmark]
    public void Fold()
    {
        for (var start = 0; start < Values; start += Block)
        {
            var count = Math.Min(Block, Values - start);
            new ExactVectorSum(_format, count, 1).Contribute(1).Fold(_payload.AsSpan(start * _format.BytesPerValue, count * _format.BytesPerValue));
        }
    }

    /// <summary>At the coordinator, once for all sites: the sum's mean.</summary>
    [Benchmark]
    public void Mean() => _sum.Mean(0, _mean);

    /// <summary>At the coordinator, once for all sites: the new parameters.</summary>
    [Benchmark]
    public void Apply() => new FedAvg().Apply(_parameters, _mean, [], _parameters);
}
