using CsCheck;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Learning.Models;

public sealed class ModelPlanTests
{
    private const string Features = """
        {name: age, unit: a, range: [0, 120], scale: none, missing: exclude-row}
        {name: kind, type: category, levels: [1, 2, 3], missing: no-level}
        """;

    [Fact]
    public void For_a_perceptron_names_and_shapes_its_tensors_as_torch_does()
    {
        var plan = ModelPlan.For(StudyText.Of(Features, "{kind: mlp, hidden: [5, 2], activation: tanh}"));

        Assert.Equal(4, plan.InputWidth);
        Assert.Equal(
            ["layers.0.weight [5,4] 0", "layers.0.bias [5] 20", "layers.1.weight [2,5] 25", "layers.1.bias [2] 35", "layers.2.weight [1,2] 37", "layers.2.bias [1] 39"],
            plan.Layout.Slices.Select(slice => $"{slice.Name} [{string.Join(',', slice.Shape)}] {slice.Offset}"));
        Assert.Equal(Activation.Tanh, plan.Activation);
    }

    [Fact]
    public void For_logistic_regression_is_one_layer()
    {
        var plan = ModelPlan.For(StudyText.Of(Features));
        Assert.Equal(new DenseLayer(4, 1, plan.Layout.Slices[0], plan.Layout.Slices[1]), Assert.Single(plan.Layers));
    }

    [Fact]
    public void For_a_benchmark_is_a_vector_of_zeros_without_a_network()
    {
        var plan = ModelPlan.For(StudyText.Benchmark(1000));
        Assert.False(plan.HasNetwork);
        Assert.Equal(new float[1000], plan.InitialParameters());
        Assert.Throws<InvalidOperationException>(() => plan.Outputs(new float[1000], [], []));
    }

    [Fact]
    public void InitialParameters_are_uniform_within_torch_s_bound_and_follow_from_the_seed()
    {
        var plan = ModelPlan.Network(100, [200], Activation.Relu, 0, seed: 7);
        var parameters = plan.InitialParameters();

        var weights = parameters[..20_000];
        Assert.All(weights, value => Assert.InRange(value, -0.1f, 0.1f));
        Assert.InRange(weights.Average(value => value * value), 0.95 * 0.01 / 3, 1.05 * 0.01 / 3); // variance of U(-b, b) is b²/3
        Assert.All(parameters[20_200..], value => Assert.InRange(value, -1 / MathF.Sqrt(200), 1 / MathF.Sqrt(200)));
        Assert.Equal(parameters, ModelPlan.Network(100, [200], Activation.Relu, 0.5, seed: 7).InitialParameters());
        Assert.NotEqual(parameters, ModelPlan.Network(100, [200], Activation.Relu, 0, seed: 8).InitialParameters());
    }

    [Fact]
    public void Logits_of_a_hand_made_network_are_what_the_formula_says()
    {
        var plan = ModelPlan.Network(2, [2], Activation.Relu, 0, seed: 0);
        // layers.0: [[1, 2], [-1, 0.5]], bias [0.5, -1]; layers.1: [[3, -2]], bias [0.25]
        float[] parameters = [1, 2, -1, 0.5f, 0.5f, -1, 3, -2, 0.25f];
        var logits = new double[2];

        plan.Outputs(parameters, [1, 1, -4, 2], logits);

        // rows: relu(3.5), relu(-1.5) -> 3 * 3.5 + 0.25; relu(0.5), relu(4) -> 1.5 - 8 + 0.25
        Assert.Equal([10.75, -6.25], logits);
    }

    [Fact]
    public void Logits_of_a_batch_are_those_of_its_rows()
    {
        Gen.Select(Gen.Int[1, 8], Gen.Int[1, 6].Array[0, 3], Gen.Int[1, 9], Gen.Long).Sample((width, hidden, rows, seed) =>
        {
            var plan = ModelPlan.Network(width, [.. hidden], Activation.Tanh, 0, seed);
            var parameters = plan.InitialParameters();
            var inputs = Enumerable.Range(0, rows * width).Select(i => MathF.Sin(i)).ToArray();
            var together = new double[rows];
            plan.Outputs(parameters, inputs, together);
            for (var row = 0; row < rows; row++)
            {
                var alone = new double[1];
                plan.Outputs(parameters, inputs.AsSpan(row * width, width), alone);
                Assert.Equal(together[row], alone[0]);
            }
        }, iter: 50);
    }
}
