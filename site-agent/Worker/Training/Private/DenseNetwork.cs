using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// A block of rows in a network of dense layers: activations forward, derivatives of binary cross-entropy on logits with respect to pre-activations backward. No row's numbers depend on
/// another row, to the bit (<see cref="MatrixKernel"/>).
/// </summary>
internal sealed class DenseNetwork
{
    private readonly DenseNetworkLayer[] _layers;
    private readonly Activation _activation;
    private readonly float[] _logits;
    private readonly float[] _labels;
    private readonly float[] _weights;

    /// <summary>A network without rows.</summary>
    /// <param name="plan">The model.</param>
    /// <param name="capacity">The most rows of a block.</param>
    public DenseNetwork(ModelPlan plan, int capacity)
    {
        var sum = 0;
        _layers = new DenseNetworkLayer[plan.Layers.Length];
        for (var i = 0; i < _layers.Length; i++)
        {
            _layers[i] = new DenseNetworkLayer(plan.Layers[i], capacity, sum);
            sum += _layers[i].SumLength;
        }

        (_activation, SumLength, Width) = (plan.Activation, sum, plan.Layers.Sum(layer => layer.Inputs + layer.Outputs));
        _logits = new float[capacity * MatrixKernel.Lanes];
        (_labels, _weights) = (new float[capacity], new float[capacity]);
    }

    /// <summary>First to last.</summary>
    public ReadOnlySpan<DenseNetworkLayer> Layers => _layers;

    /// <summary>Inputs and outputs of all layers.</summary>
    public int Width { get; }

    /// <summary>Rows of the block.</summary>
    public int Rows { get; private set; }

    /// <summary>The most rows of a block.</summary>
    public int Capacity => _labels.Length;

    /// <summary>Length of a gradient in the padded layout that <see cref="AddGradientTo"/> writes.</summary>
    public int SumLength { get; }

    /// <summary>Takes over parameters, [dimension].</summary>
    public void Load(ReadOnlySpan<float> parameters)
    {
        foreach (var layer in _layers)
            layer.Load(parameters);
    }

    /// <summary>Begins another block.</summary>
    public void Clear() => Rows = 0;

    /// <summary>Adds a row to the block.</summary>
    /// <param name="inputs">[inputs].</param>
    /// <param name="label">1 or 0.</param>
    /// <param name="weight">What the row's loss is multiplied with.</param>
    public void Add(ReadOnlySpan<float> inputs, float label, float weight)
    {
        inputs.CopyTo(_layers[0].InputsOf(Rows));
        (_labels[Rows], _weights[Rows]) = (label, weight);
        Rows++;
    }

    /// <summary>Computes the block's activations and derivatives.</summary>
    public void Run()
    {
        if (Rows == 0)
            return;
        for (var i = 0; i + 1 < _layers.Length; i++)
        {
            _layers[i].Forward(_layers[i + 1].Inputs, Rows);
            Activate(_layers[i + 1].Inputs.AsSpan(0, Rows * _layers[i].OutputStride));
        }

        var last = _layers[^1];
        last.Forward(_logits, Rows);
        for (var row = 0; row < Rows; row++)
        {
            var probability = 1 / (1 + Math.Exp(-_logits[row * MatrixKernel.Lanes]));
            last.DerivativesOf(row)[0] = (float)((probability - _labels[row]) * _weights[row]);
        }

        for (var i = _layers.Length - 1; i > 0; i--)
        {
            _layers[i].Backward(_layers[i - 1].Derivatives, Rows);
            Chain(_layers[i].Inputs.AsSpan(0, Rows * _layers[i].InputStride), _layers[i - 1].Derivatives);
        }
    }

    /// <summary>Multiplies some rows' derivatives, and so their part in the gradient. By 0 they are emptied: 0 × NaN would be NaN.</summary>
    public void Scale(int first, int rows, float factor)
    {
        foreach (var layer in _layers)
        {
            var derivatives = layer.Derivatives.AsSpan(first * layer.OutputStride, rows * layer.OutputStride);
            MatrixKernel.Scale(derivatives, factor);
            if (factor == 0)
            {
                derivatives.Clear();
                layer.Inputs.AsSpan(first * layer.InputStride, rows * layer.InputStride).Clear();
            }
        }
    }

    /// <summary>Adds the gradient over the block's rows, one after the other, to a sum in the padded layout, [<see cref="SumLength"/>].</summary>
    public void AddGradientTo(float[] sum)
    {
        if (Rows == 0)
            return;
        foreach (var layer in _layers)
            layer.AddGradientTo(sum, Rows);
    }

    /// <summary>Takes values in the padded layout to the flat one of the parameters.</summary>
    public void Unpad<T>(ReadOnlySpan<T> padded, Span<T> flat)
    {
        foreach (var layer in _layers)
            layer.Unpad(padded, flat);
    }

    // NaN stays NaN, which is how a row that is not finite is found.
    private void Activate(Span<float> values)
    {
        if (_activation == Activation.Relu)
            TensorPrimitives.Max(values, 0, values);
        else
            TensorPrimitives.Tanh(values, values);
    }

    private void Chain(ReadOnlySpan<float> activations, Span<float> derivatives)
    {
        ref var a = ref MemoryMarshal.GetReference(activations);
        ref var d = ref MemoryMarshal.GetReference(derivatives[..activations.Length]);
        for (nuint i = 0; i < (nuint)activations.Length; i += MatrixKernel.Lanes)
        {
            var (activation, derivative) = (Vector512.LoadUnsafe(ref a, i), Vector512.LoadUnsafe(ref d, i));
            var chained = _activation == Activation.Relu
                ? Vector512.ConditionalSelect(Vector512.GreaterThan(activation, Vector512<float>.Zero), derivative, Vector512<float>.Zero)
                : derivative * (Vector512<float>.One - (activation * activation));
            chained.StoreUnsafe(ref d, i);
        }
    }
}
