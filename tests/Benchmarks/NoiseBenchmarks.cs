using BenchmarkDotNet.Attributes;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Benchmarks;

/// <summary>
/// Exact noise on one million codes: a mean of 200 ms is the 5 million samples a second that this project wants at least. The baseline, one word of the stream
/// per code, is what no design can leave out.
/// </summary>
public class NoiseBenchmarks
{
    private const int Values = 1_000_000;

    private readonly long[] _codes = new long[Values];
    private readonly byte[] _bytes = new byte[sizeof(long) * Values];
    private readonly KeyStream _stream = KeyStream.Derive(new byte[32], "benchmarks", []);
    private DiscreteGaussian _noise = DiscreteGaussian.Of(Rational.One);

    /// <summary>σ in grid units.</summary>
    [Params(4, 1000, 1 << 20)]
    public long Sigma { get; set; }

    /// <summary>Makes the tables.</summary>
    [GlobalSetup]
    public void Prepare() => _noise = Tables();

    /// <summary>Bytes of the stream.</summary>
    [Benchmark(Baseline = true)]
    public void Stream() => _stream.Fill(_bytes);

    /// <summary>Noise added to codes.</summary>
    [Benchmark]
    public void Gaussian() => _noise.AddTo(_codes, _stream);

    /// <summary>Once a round.</summary>
    [Benchmark]
    public DiscreteGaussian Tables() => DiscreteGaussian.Of(Rational.Of(Sigma * Sigma));

    /// <summary>Who takes part, of a million patients.</summary>
    [Benchmark]
    public int[] Sample() => PoissonSampling.AtLeast(Rational.Of(1, 100)).Draw(Values, _stream);
}
