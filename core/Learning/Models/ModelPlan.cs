using System.Collections.Immutable;
using System.Globalization;
using System.Numerics.Tensors;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>A dense layer: outputs = weight · inputs + bias.</summary>
/// <param name="Inputs">Number of inputs.</param>
/// <param name="Outputs">Number of outputs.</param>
/// <param name="Weight">Where its weights are, [outputs, inputs].</param>
/// <param name="Bias">Where its biases are, [outputs].</param>
public sealed record DenseLayer(int Inputs, int Outputs, ParameterSlice Weight, ParameterSlice Bias);

/// <summary>
/// A study's model: where each parameter lies in the flat vector, what the parameters start as, and how they make an output: a logit, or a number on the outcome's scale. Tensors are
/// named and shaped as torch's <c>Linear</c> does: <c>layers.0.weight</c> [out, in], <c>layers.0.bias</c> [out], and so on; the last layer has
/// one output.
/// </summary>
public sealed class ModelPlan
{
    private readonly long _seed;

    private ModelPlan(int inputWidth, ImmutableArray<DenseLayer> layers, ParameterLayout layout, Activation activation, double dropout, long seed)
    {
        (InputWidth, Layers, Layout, Activation, Dropout, _seed) = (inputWidth, layers, layout, activation, dropout, seed);
    }

    /// <summary>Names, shapes and offsets of the parameters.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>Inputs of the network: one per number, one per level of a category, in the order of the features. 0 for a benchmark model.</summary>
    public int InputWidth { get; }

    /// <summary>The layers, first to last; empty for a benchmark model.</summary>
    public ImmutableArray<DenseLayer> Layers { get; }

    /// <summary>Activation after every layer but the last.</summary>
    public Activation Activation { get; }

    /// <summary>Probability of dropout after each activation, in training only.</summary>
    public double Dropout { get; }

    /// <summary>Whether there is a network; a benchmark model has a vector only.</summary>
    public bool HasNetwork => !Layers.IsEmpty;

    /// <summary>The plan of a study's model.</summary>
    public static ModelPlan For(Study study)
    {
        ArgumentNullException.ThrowIfNull(study);
        var width = study.Data.Features.Sum(feature => feature.Width);
        var seed = study.Training.Seed;
        return study.Model switch
        {
            LogisticRegression or LinearRegression => Network(width, [], Activation.Relu, 0, seed),
            Mlp mlp => Network(width, mlp.Hidden, mlp.Activation, mlp.Dropout, seed),
            BenchmarkModel benchmark => new ModelPlan(0, [], ParameterLayout.Of(("values", [benchmark.Parameters])), Activation.Relu, 0, seed),
            _ => throw new ArgumentOutOfRangeException(nameof(study), study.Model, "There is no plan for this model."),
        };
    }

    /// <summary>The plan of a multi-layer perceptron; without hidden layers, of logistic regression.</summary>
    /// <param name="inputWidth">Inputs of the network, from 1.</param>
    /// <param name="hidden">Sizes of the hidden layers.</param>
    /// <param name="activation">After each hidden layer.</param>
    /// <param name="dropout">In training only.</param>
    /// <param name="seed">Seed of the initial parameters.</param>
    public static ModelPlan Network(int inputWidth, ImmutableArray<int> hidden, Activation activation, double dropout, long seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(inputWidth, 1);
        int[] widths = [inputWidth, .. hidden, 1];
        var tensors = new List<(string Name, ImmutableArray<int> Shape)>();
        for (var i = 0; i + 1 < widths.Length; i++)
        {
            tensors.Add(($"layers.{i}.weight", [widths[i + 1], widths[i]]));
            tensors.Add(($"layers.{i}.bias", [widths[i + 1]]));
        }

        var layout = ParameterLayout.Of(tensors);
        var layers = Enumerable.Range(0, widths.Length - 1)
            .Select(i => new DenseLayer(widths[i], widths[i + 1], layout.Slices[2 * i], layout.Slices[(2 * i) + 1]))
            .ToImmutableArray();
        return new ModelPlan(inputWidth, layers, layout, activation, dropout, seed);
    }

    /// <summary>
    /// The parameters of round 1: each weight and bias uniform in ±1/√inputs, torch's default for <c>Linear</c>, from the study's seed. A
    /// benchmark model starts as zeros.
    /// </summary>
    public float[] InitialParameters()
    {
        var parameters = new float[Layout.Dimension];
        foreach (var layer in Layers)
        {
            var bound = 1 / Math.Sqrt(layer.Inputs);
            foreach (var slice in (ReadOnlySpan<ParameterSlice>)[layer.Weight, layer.Bias])
            {
                var random = DeterministicRandom.Of("initial-parameters", _seed.ToString(CultureInfo.InvariantCulture), slice.Name);
                foreach (ref var value in parameters.AsSpan(slice.Offset, slice.Length))
                    value = (float)(((2 * random.NextDouble()) - 1) * bound);
            }
        }

        return parameters;
    }

    /// <summary>
    /// The outputs of a batch, as in evaluation (no dropout). Products and sums are made in double, so that they are nearer to the exact value than
    /// torch's or ONNX Runtime's float32, from which they differ by about 1e-7 of the activations' size.
    /// </summary>
    /// <param name="parameters">[<see cref="ParameterLayout.Dimension"/>].</param>
    /// <param name="inputs">[rows, <see cref="InputWidth"/>], row-major, as <see cref="InputEncoder"/> makes them.</param>
    /// <param name="outputs">[rows]: logits, or numbers on the outcome's scale.</param>
    /// <exception cref="InvalidOperationException">A benchmark model has no network.</exception>
    public void Outputs(ReadOnlySpan<float> parameters, ReadOnlySpan<float> inputs, Span<double> outputs)
    {
        if (!HasNetwork)
            throw new InvalidOperationException("A benchmark model has no network and predicts nothing.");
        ArgumentOutOfRangeException.ThrowIfNotEqual(parameters.Length, Layout.Dimension);
        ArgumentOutOfRangeException.ThrowIfNotEqual(inputs.Length, outputs.Length * InputWidth);

        var widest = Math.Max(InputWidth, Layers.Max(layer => layer.Outputs));
        var wide = new double[parameters.Length];
        TensorPrimitives.ConvertChecked(parameters, wide);
        var (current, next) = (new double[widest], new double[widest]);
        for (var row = 0; row < outputs.Length; row++)
        {
            TensorPrimitives.ConvertChecked(inputs.Slice(row * InputWidth, InputWidth), current);
            for (var i = 0; i < Layers.Length; i++)
            {
                Forward(Layers[i], wide, current, next);
                if (i + 1 < Layers.Length)
                    Activate(next.AsSpan(0, Layers[i].Outputs));
                (current, next) = (next, current);
            }

            outputs[row] = current[0];
        }
    }

    private static void Forward(DenseLayer layer, ReadOnlySpan<double> parameters, ReadOnlySpan<double> inputs, Span<double> outputs)
    {
        inputs = inputs[..layer.Inputs];
        for (var o = 0; o < layer.Outputs; o++)
        {
            outputs[o] = parameters[layer.Bias.Offset + o]
                + TensorPrimitives.Dot(parameters.Slice(layer.Weight.Offset + (o * layer.Inputs), layer.Inputs), inputs);
        }
    }

    private void Activate(Span<double> values)
    {
        foreach (ref var value in values)
            value = Activation == Activation.Relu ? Math.Max(0, value) : Math.Tanh(value);
    }
}
