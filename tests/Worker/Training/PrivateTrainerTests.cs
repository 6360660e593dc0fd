using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Worker.Training;

/// <summary>Rounds of private training through the trainer's surface.</summary>
public sealed class PrivateTrainerTests
{
    private static readonly PrivateTrainingDeclaration s_declared = new()
    {
        Optimizer = Optimizer.Sgd,
        LearningRate = 0.5,
        LocalSteps = 10,
        SamplingRate = Rational.Of(1, 8),
        Participants = Rational.Of(50),
        RowsPerPatient = 3,
        ClippingNorm = 1,
        CodesPerUnit = 1 << 20,
        NoiseMultiplier = Rational.One,
    };

    private static readonly ModelPlan s_plan = ModelPlan.Network(5, [8], Activation.Tanh, 0, 3);

    [Theory]
    [InlineData(Optimizer.Sgd)]
    [InlineData(Optimizer.Adam)]
    public void Same_streams_give_the_same_bits_and_others_do_not(Optimizer optimizer)
    {
        var declared = s_declared with { Optimizer = optimizer };
        var first = Train(declared, Patients(400, "bits"), round: 2, attempt: 1);
        var again = Train(declared, Patients(400, "bits"), round: 2, attempt: 1);
        Assert.Equal(first.Change, again.Change);
        Assert.Equal(first.Codes, again.Codes);
        Assert.Equal(first.Counts, again.Counts);
        Assert.NotEqual(first.Codes, Train(declared, Patients(400, "bits"), round: 2, attempt: 2).Codes);
        Assert.NotEqual(first.Codes, Train(declared, Patients(400, "bits"), round: 3, attempt: 1).Codes);
    }

    [Fact]
    public void Patients_are_drawn_at_the_rate()
    {
        var counts = Train(s_declared with { LocalSteps = 50 }, Patients(400, "rate")).Counts;
        var drawn = counts.Clipped + counts.Unclipped + counts.WithoutRows + counts.NotFinite;
        Assert.InRange(drawn, 2500 - 235, 2500 + 235); // 20,000 draws at 1/8, five standard deviations of 47
        Assert.InRange(counts.WithoutRows, 625 - 125, 625 + 125); // every fourth patient has no rows
    }

    [Fact]
    public void Noise_has_the_variance_that_is_calibrated_for_the_share()
    {
        // Without rows a round is noise alone. 4,737 coordinates: the sample variance is off by 2 % or so.
        var plan = ModelPlan.Network(13, [64, 56], Activation.Relu, 0, 1);
        var declared = s_declared with { LocalSteps = 1, NoiseShare = Rational.Of(1, 3), NoiseMultiplier = Rational.Of(3, 2) };
        var set = new TrainingSet([], [], 13, PatientRows.Grouped([], 100));
        var result = PrivateTrainer.Train(
            new(PrivateTraining.Of(plan, declared), set, 1), plan.InitialParameters(), Stream("sampling", 1, 1), Stream("noise", 1, 1), TestContext.Current.CancellationToken);
        var sensitivity = ClippedSum.OfPatients(plan.Layout.Dimension, 3).Sensitivity(1, 1 << 20).ToDouble();
        Assert.InRange(result.Codes.Average(code => (double)code * code) / (sensitivity * sensitivity * 2.25 / 3), 0.9, 1.1);
        Assert.Null(result.Change); // a part of the noise protects nobody
    }

    [Fact]
    public void Change_is_the_noisy_sum_over_the_public_constant()
    {
        var result = Train(s_declared with { LocalSteps = 1 }, Patients(400, "constant"));
        Assert.All(result.Change!.Zip(result.Codes), pair => Assert.Equal(-0.5 * pair.Second / (50.0 * (1 << 20)), pair.First, 1e-6));
    }

    [Theory]
    [InlineData(Optimizer.Sgd, 1.0)]
    [InlineData(Optimizer.Adam, 0.02)]
    public void Learns_a_planted_signal_nearly_as_well_as_without_noise(Optimizer optimizer, double learningRate)
    {
        var declared = s_declared with { Optimizer = optimizer, LearningRate = learningRate, LocalSteps = 200, Participants = Rational.Of(250) };
        var (training, test) = (Patients(2000, "learn"), Patients(2000, "test"));
        var quiet = Auroc(Train(declared with { NoiseMultiplier = Rational.Of(1, 1000) }, training), test);
        var noisy = Auroc(Train(declared, training), test);
        var drowned = Auroc(Train(declared with { NoiseMultiplier = Rational.Of(300) }, training), test);
        Assert.True(quiet > 0.83 && noisy > quiet - 0.02 && drowned < quiet - 0.1, $"{quiet}, {noisy}, {drowned}");
    }

    [Fact]
    public void Clipping_norm_follows_the_wanted_quantile()
    {
        var adaptive = AdaptiveClipping.Of(Rational.Of(1, 2), Rational.Of(1, 5), Rational.Of(37), Rational.Of(2), 1 / 1024f, 64);
        var result = Train(s_declared with { LocalSteps = 100, ClippingNorm = 32, Adaptive = adaptive, LearningRate = 0.001, CodesPerUnit = 1 << 24 }, Patients(400, "quantile"));
        var still = Train(s_declared with { LocalSteps = 20, ClippingNorm = result.ClippingNorm, LearningRate = 0.001, CodesPerUnit = 1 << 24 }, Patients(400, "quantile"));
        Assert.InRange((double)still.Counts.Unclipped / (still.Counts.Unclipped + still.Counts.Clipped), 0.3, 0.7);
        Assert.Equal(1, still.ClippingNorm / result.ClippingNorm);
    }

    [Fact]
    public void Cancelled_training_stops()
    {
        using var cancel = new CancellationTokenSource();
        cancel.Cancel();
        Assert.Throws<OperationCanceledException>(() => PrivateTrainer.Train(
            new(PrivateTraining.Of(s_plan, s_declared), Patients(10, "stop"), 1), s_plan.InitialParameters(), Stream("sampling", 1, 1), Stream("noise", 1, 1), cancel.Token));
    }

    public static TheoryData<string, Func<PrivateTrainingDeclaration, PrivateTrainingDeclaration>> Unsound() => new()
    {
        { "local step", declared => declared with { LocalSteps = 0 } },
        { "one local step", declared => declared with { NoiseShare = Rational.Of(1, 2) } },
        { "σ of at least 4", declared => declared with { NoiseShare = Rational.Of(1, 10), LocalSteps = 1, CodesPerUnit = 1 } },
        { "clipping norm stays", declared => declared with { NoiseShare = Rational.Of(1, 2), LocalSteps = 1, Adaptive = Norms(1, 2) } },
        { "at most all", declared => declared with { NoiseShare = Rational.Of(2) } },
        { "none of the noise at least", declared => declared with { NoiseShare = Rational.Of(-1) } },
        { "starts within", declared => declared with { Adaptive = Norms(2, 4) } },
        { "multiplier", declared => declared with { NoiseMultiplier = Rational.Zero } },
        { "participants", declared => declared with { Participants = Rational.Zero } },
        { "rows of a patient", declared => declared with { RowsPerPatient = 257 } },
        { "learning rate", declared => declared with { LearningRate = double.NaN } },
        { "fewer codes", declared => declared with { CodesPerUnit = 1L << 50 } },
        { "fewer codes", declared => declared with { Adaptive = Norms(1, 1 << 29) } },
        { "rate lies", declared => declared with { SamplingRate = Rational.Of(2) } },
        { "norm lies", declared => declared with { ClippingNorm = 0 } },
        { "norm", declared => declared with { ClippingNorm = float.NaN } },
    };

    [Theory]
    [MemberData(nameof(Unsound))]
    public void Training_that_would_not_be_private_is_refused(string message, Func<PrivateTrainingDeclaration, PrivateTrainingDeclaration> change) =>
        Assert.Contains(message, Assert.ThrowsAny<ArgumentException>(() => PrivateTraining.Of(s_plan, change(s_declared))).Message, StringComparison.Ordinal);

    [Fact]
    public void Model_with_dropout_is_refused() =>
        Assert.Contains("Dropout", Assert.Throws<ArgumentException>(() => PrivateTraining.Of(ModelPlan.Network(5, [8], Activation.Relu, 0.1, 1), s_declared)).Message, StringComparison.Ordinal);

    private static AdaptiveClipping Norms(float least, float greatest) =>
        AdaptiveClipping.Of(Rational.Of(1, 2), Rational.Of(1, 5), Rational.Of(50), Rational.Of(3), least, greatest);

    // Patients with 0 to 3 rows in turn, whose labels follow two of the five inputs.
    private static TrainingSet Patients(int count, string seed)
    {
        var random = DeterministicRandom.Of(seed);
        var set = PatientData.Set(random, 5, [.. Enumerable.Range(0, count).Select(patient => patient % 4)], extreme: false);
        for (var row = 0; row < set.Rows; row++)
        {
            var logit = (4 * set.Inputs[row * 5]) - (3 * set.Inputs[(row * 5) + 3]);
            set.Labels[row] = random.NextDouble() < 1 / (1 + Math.Exp(-logit)) ? 1 : 0;
        }

        return set;
    }

    private static PrivateTrainingResult Train(PrivateTrainingDeclaration declared, TrainingSet set, int round = 1, int attempt = 1) => PrivateTrainer.Train(
        new PrivateTrainingWork(PrivateTraining.Of(s_plan, declared), set, round), s_plan.InitialParameters(), Stream("sampling", round, attempt), Stream("noise", round, attempt),
        TestContext.Current.CancellationToken);

    private static KeyStream Stream(string purpose, int round, int attempt) => KeyStream.Derive(new byte[32], $"test-{purpose}", [(byte)round, (byte)attempt]);

    private static double Auroc(PrivateTrainingResult result, TrainingSet test)
    {
        var logits = new double[test.Rows];
        s_plan.Outputs([.. s_plan.InitialParameters().Zip(result.Change!, (old, change) => old + change)], test.Inputs, logits);
        return ExactMetrics.Auroc(logits, [.. test.Labels.Select(label => label == 1)])!.Value.Value;
    }
}
