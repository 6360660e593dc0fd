using System.IO.Compression;
using System.Text.Json;
using FederatedClinicalMl.Cli.Demo;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Simulation;

/// <summary>
/// A recording of FLamby's own runs on its heart disease benchmark (du Terrail et al. 2022): initial weights, the order in which each
/// hospital's rows were drawn, and what came out. Replaying it shows that this software computes what the benchmark's code computes.
/// </summary>
internal sealed class GoldenTrace
{
    private static readonly JsonSerializerOptions Format = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly Trace _trace;

    private GoldenTrace(Trace trace) => _trace = trace;

    /// <summary>The recorded seeds.</summary>
    public IEnumerable<int> Seeds => _trace.Seeds.Keys.Select(int.Parse).Order();

    /// <summary>Reads a recording, gzipped JSON.</summary>
    public static GoldenTrace Read(string path)
    {
        try
        {
            using var stream = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
            return new GoldenTrace(JsonSerializer.Deserialize<Trace>(stream, Format) ?? throw new InvalidDataException("the JSON is null"));
        }
        catch (Exception fault) when (fault is JsonException or InvalidDataException)
        {
            throw new CliException(ExitCode.InvalidInput, $"'{path}' is not a recording of the heart disease benchmark: {fault.Message}.", fault);
        }
    }

    /// <summary>The recording of one seed.</summary>
    public Recording For(int seed) => _trace.Seeds.TryGetValue(seed.ToString(System.Globalization.CultureInfo.InvariantCulture), out var recorded)
        ? new Recording(recorded)
        : throw new CliException(ExitCode.Usage, $"The recording has no seed {seed}; it has {string.Join(", ", Seeds)}.");

    /// <summary>One seed's run of federated averaging.</summary>
    public sealed class Recording
    {
        private readonly Seed _seed;

        internal Recording(Seed seed) => _seed = seed;

        /// <summary>The initial parameters: 13 weights and the bias.</summary>
        public float[] Initial => Flat(_seed.Init);

        /// <summary>The final parameters.</summary>
        public float[] Final => Flat(_seed.Final["FedAvg"]);

        /// <summary>The final accuracy on each hospital's test rows, in the order of <see cref="HeartTable.Sites"/>.</summary>
        public IReadOnlyList<double> Accuracies => _seed.Metric["FedAvg"].Clients;

        /// <summary>
        /// In which order a hospital's rows were drawn. The recording ends with the last step, in the middle of an epoch; what would have
        /// followed was never drawn and is filled with the rows that are left.
        /// </summary>
        public SampleOrder OrderOf(SiteId site)
        {
            var order = _seed.Order[Array.IndexOf(HeartTable.Sites, site.Value)];
            return (epoch, rows) =>
            {
                var drawn = order.Skip(epoch * rows).Take(rows).ToList();
                return [.. drawn, .. Enumerable.Range(0, rows).Except(drawn)];
            };
        }

        private static float[] Flat(Linear linear) => [.. linear.Weight.Append(linear.Bias).Select(value => (float)value)];
    }

    private sealed record Trace(Dictionary<string, Seed> Seeds);

    internal sealed record Seed(Linear Init, Dictionary<string, Linear> Final, Dictionary<string, Outcome> Metric, int[][] Order);

    internal sealed record Linear(double[] Weight, double Bias);

    internal sealed record Outcome(double[] Clients);
}
