using BenchmarkDotNet.Attributes;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Benchmarks;

/// <summary>A site's evaluation over 20,000 scored rows. The baseline is the exact AUROC, which needs the rows in one place and a sort.</summary>
public class MetricBenchmarks
{
    private const int Rows = 20_000;

    private readonly double[] _logits = new double[Rows];
    private readonly bool[] _labels = new bool[Rows];
    private ScoreHistogram _histogram = ScoreHistogram.Of([], []);

    /// <summary>Makes rows that the score tells apart somewhat.</summary>
    [GlobalSetup]
    public void Prepare()
    {
        var random = DeterministicRandom.Of("benchmarks");
        for (var i = 0; i < Rows; i++)
        {
            _labels[i] = random.NextDouble() < 0.3;
            _logits[i] = ((random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5) * 3) + (_labels[i] ? 1 : 0);
        }

        _histogram = ScoreHistogram.Of(_logits, _labels);
    }

    /// <summary>AUROC of the rows.</summary>
    [Benchmark(Baseline = true)]
    public Estimate? Exact() => ExactMetrics.Auroc(_logits, _labels);

    /// <summary>The histogram of the rows.</summary>
    [Benchmark]
    public ScoreHistogram Count() => ScoreHistogram.Of(_logits, _labels);

    /// <summary>Bins merged until no small count is left.</summary>
    [Benchmark]
    public ScoreHistogram? Suppress() => _histogram.Suppress(5);

    /// <summary>All metrics from the histogram.</summary>
    [Benchmark]
    public ClassifierMetrics Metrics() => ClassifierMetrics.Of(_histogram);
}
