using System.Runtime.InteropServices;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Privacy;

namespace FederatedClinicalMl.Tests.Worker.Masking;

/// <summary>
/// The plainest attack on an update. A row's gradient in a dense layer is δ aᵀ for its weights and δ for its biases, so that a unit's weights over its bias are the row (Phong et al. 2018, "Privacy-preserving deep learning via
/// additively homomorphic encryption"): what a coordinator does with a plain update, and cannot do with a masked one. docs/reference/audit.md shows it to people.
/// </summary>
public sealed class ReconstructionTests
{
    private const int Width = 13;
    private const int Units = 64;

    private static readonly ModelPlan s_plan = ModelPlan.Network(Width, [Units], Activation.Tanh, 0, 1);
    private static readonly UpdateFormat s_format = UpdateFormat.Fixed(24, 8);

    [Fact]
    public void Plain_update_of_one_row_gives_the_row_back_to_within_the_grid()
    {
        var row = Row();
        var codes = MemoryMarshal.Cast<byte, int>(Words(Change(row)));
        var found = 0;
        for (var unit = 0; unit < Units; unit++)
        {
            // Each code is off by half a step at most, and float32 adds less than a tenth of that.
            var bias = Math.Abs(codes[BiasOf(unit)]);
            if (bias < 100)
                continue;
            found++;
            var guess = Guess(codes, unit);
            for (var i = 0; i < Width; i++)
                Assert.Equal(row[i], guess[i], 0.6 * (1 + Math.Abs(row[i])) / (bias - 0.6));
        }

        Assert.True(found > Units / 2, $"{found}");
    }

    [Fact]
    public void Masked_update_of_the_same_row_gives_nothing_back()
    {
        var row = Row();
        var plain = Words(Change(row));
        var consortium = new Consortium(3, dimension: s_plan.Layout.Dimension);
        consortium.Sites[0].Update = _ => plain.ToArray();
        consortium.Run(_ => 5);
        var masked = consortium.Sites[0].Payload;

        var codes = MemoryMarshal.Cast<byte, int>(masked);
        for (var unit = 0; unit < Units; unit++)
            Assert.True(Guess(codes, unit).Zip(row).Any(pair => Math.Abs(pair.First - pair.Second) > 0.1), $"unit {unit}");

        // Uniform bytes: Pearson's statistic has mean 255 and a standard deviation of 22.6; the plain words' is beyond all measure.
        Assert.InRange(Unevenness(masked), 150, 420);
        Assert.True(Unevenness(plain) > 10_000);
    }

    private static float[] Row()
    {
        var random = DeterministicRandom.Of("reconstruction");
        return [.. Enumerable.Range(0, Width).Select(_ => (4 * random.NextSingle()) - 2)];
    }

    private static float[] Change(float[] row)
    {
        var rows = new TrainingSet(row, [1], Width, PatientRows.OnePerRow(1));
        var training = new StudyTraining(Optimizer.Sgd, 0.5, BatchSize: 1, LocalEpochs: null, LocalSteps: 1, Seed: 1);
        var work = new TrainingWork(s_plan, training, rows, SampleOrders.Recorded([0]), 1, 0);
        return new TorchTrainer().Train(work, s_plan.InitialParameters(), TestContext.Current.CancellationToken);
    }

    private static byte[] Words(float[] change)
    {
        var payload = new byte[s_format.PayloadLength(change.Length)];
        Assert.Equal(0, s_format.Encode(change, payload)); // nothing out of range
        var words = new byte[change.Length * MaskWord.Bits32.Bytes()];
        MaskedVector.Encode(s_format, payload, 1, MaskWord.Bits32, words);
        return words;
    }

    private static int BiasOf(int unit) => s_plan.Layers[0].Bias.Offset + unit;

    private static double[] Guess(ReadOnlySpan<int> codes, int unit)
    {
        var guess = new double[Width];
        for (var i = 0; i < Width; i++)
            guess[i] = (double)codes[s_plan.Layers[0].Weight.Offset + (unit * Width) + i] / codes[BiasOf(unit)];
        return guess;
    }

    private static double Unevenness(byte[] bytes)
    {
        var (counts, expected) = (new double[256], bytes.Length / 256.0);
        foreach (var value in bytes)
            counts[value]++;
        return counts.Sum(count => (count - expected) * (count - expected) / expected);
    }
}
