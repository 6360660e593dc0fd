using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Learning.Strategies;

public sealed class FedAvgTests
{
    [Fact]
    public void Apply_adds_the_mean_and_rounds_once()
    {
        var parameters = new float[] { 1, -2, 16_777_216, 0.1f };
        var updated = new float[4];
        new FedAvg().Apply(parameters, [0.5, 0.25, 1, 1e-12], [], updated);
        Assert.Equal([1.5f, -1.75f, 16_777_216, (float)(0.1f + 1e-12)], updated);
    }

    [Fact]
    public void Apply_in_place_gives_the_same()
    {
        var parameters = new float[] { 1, 2 };
        new FedAvg().Apply(parameters, [3, 4], [], parameters);
        Assert.Equal([4, 6], parameters);
    }

    [Fact]
    public void Apply_that_leaves_float32_is_refused() =>
        Assert.Throws<InvalidDataException>(() => new FedAvg().Apply([float.MaxValue], [1e38], [], new float[1]));

    [Fact]
    public void For_a_study_is_federated_averaging_without_state()
    {
        var strategy = ServerStrategies.For(StudyText.Benchmark(1));
        Assert.Equal("fedavg", strategy.Name);
        Assert.Equal(0, strategy.StateVectors);
    }

    [Fact]
    public void UpdateFormats_of_a_study_are_its_encoding_and_its_capped_weights()
    {
        var study = StudyText.Of("{name: age, unit: a, range: [0, 120], scale: none, missing: exclude-row}", encoding: "{fixed: {bits: 16, range: 2}}");
        Assert.Equal(UpdateFormat.Fixed(16, 2), UpdateFormats.For(study.Federation.Encoding));
        Assert.Equal(UpdateFormat.Float32, UpdateFormats.For(new Float32Encoding()));
        Assert.Equal(5, UpdateFormats.WeightOf(study, 5));
        Assert.Equal(study.Federation.MaximumWeight, UpdateFormats.WeightOf(study, int.MaxValue));
        Assert.Equal(2L * study.Federation.MaximumWeight, UpdateFormats.MaximumTotalWeight(study, 2));
        Assert.True(UpdateFormats.BudgetOf(study, 2).Fits);
    }

    [Theory]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(1000)]
    public void Every_length_gives_what_adding_one_by_one_gives(int length)
    {
        var random = DeterministicRandom.Of("fedavg", $"{length}");
        float[] parameters = [.. Enumerable.Range(0, length).Select(_ => (float)(random.NextDouble() - 0.5))];
        double[] mean = [.. Enumerable.Range(0, length).Select(_ => (random.NextDouble() - 0.5) / 1024)];
        var updated = new float[length];
        new FedAvg().Apply(parameters, mean, [], updated);
        Assert.Equal(parameters.Zip(mean, (value, change) => (float)(value + change)), updated);
    }

    [Theory]
    [InlineData(0, double.PositiveInfinity)]
    [InlineData(37, double.NaN)]
    [InlineData(99, 1e300)]
    public void A_value_that_is_not_finite_is_named_wherever_it_stands(int index, double change)
    {
        var mean = new double[100];
        mean[index] = change;
        var fault = Assert.Throws<InvalidDataException>(() => new FedAvg().Apply(new float[100], mean, [], new float[100]));
        Assert.Contains($"Value {index} ", fault.Message, StringComparison.Ordinal);
    }
}
