using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Worker.Training;

/// <summary>Federated averaging of the trainer's updates against what the FLamby benchmark recorded (see its replay_check.py).</summary>
public class GoldenHeartTests
{
    private const int Sites = 4;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Trainer_with_the_recorded_weights_and_order_reproduces_the_final_weights(int index)
    {
        using var file = new GZipStream(File.OpenRead(Repository.Data("uci-heart/reference/golden-heart.json.gz")), CompressionMode.Decompress);
        using var golden = JsonDocument.Parse(file);
        var root = golden.RootElement;
        var seed = root.GetProperty("seeds").EnumerateObject().ElementAt(index).Value;
        var sets = Enumerable.Range(0, Sites).Select(site => Load($"uci-heart/reference/center{site}_train.csv")).ToArray();
        var orders = seed.GetProperty("order").EnumerateArray()
            .Select(order => SampleOrders.Recorded([.. order.EnumerateArray().Select(item => item.GetInt32())])).ToArray();
        var plan = ModelPlan.Network(13, [], Activation.Relu, 0, 1);
        var training = new StudyTraining(
            Optimizer.Sgd, root.GetProperty("strategies").GetProperty("FedAvg").GetProperty("learning_rate").GetDouble(),
            root.GetProperty("batch_size").GetInt32(), null, root.GetProperty("num_updates").GetInt32(), 1);
        var weights = Vector(seed.GetProperty("init"));
        var total = sets.Sum(set => set.Rows);
        var trainer = new TorchTrainer();

        for (var round = 1; round <= root.GetProperty("rounds").GetInt32(); round++)
        {
            var single = Array.ConvertAll(weights, weight => (float)weight);
            var next = Array.ConvertAll(single, value => (double)value);
            for (var site = 0; site < Sites; site++)
            {
                var change = trainer.Train(new TrainingWork(plan, training, sets[site], orders[site], round, 0), single, TestContext.Current.CancellationToken);
                for (var i = 0; i < next.Length; i++)
                    next[i] += (double)change[i] * sets[site].Rows / total;
            }

            weights = next;
        }

        var final = Vector(seed.GetProperty("final").GetProperty("FedAvg"));
        Assert.All(weights.Zip(final), pair => Assert.True(Math.Abs(pair.First - pair.Second) <= 2e-6, $"{pair.First} is not {pair.Second}"));
    }

    private static double[] Vector(JsonElement model) =>
        [.. model.GetProperty("weight").EnumerateArray().Select(value => value.GetDouble()), model.GetProperty("bias").GetDouble()];

    private static TrainingSet Load(string relative)
    {
        var rows = File.ReadLines(Repository.Data(relative)).Skip(1)
            .Select(line => Array.ConvertAll(line.Split(','), value => float.Parse(value, CultureInfo.InvariantCulture))).ToArray();
        return new TrainingSet([.. rows.SelectMany(row => row[..^1])], [.. rows.Select(row => row[^1])], 13, PatientRows.OnePerRow(rows.Length));
    }
}
