using FederatedClinicalMl.Learning;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>One layer's weights and a block's numbers, each row padded with zeros to whole vectors.</summary>
internal sealed class DenseNetworkLayer
{
    private static readonly float[] s_one = [1];

    private readonly DenseLayer _layer;
    private readonly float[] _forward; // [inputs, padded outputs]: the weights with rows as columns
    private readonly float[] _backward; // [outputs, padded inputs]
    private readonly float[] _bias;
    private readonly float[] _zeros; // [padded inputs]
    private readonly int _sumOffset;

    /// <summary>A layer without weights and rows.</summary>
    /// <param name="layer">Its place in the parameters.</param>
    /// <param name="capacity">The most rows of a block.</param>
    /// <param name="sumOffset">Where its gradient begins in the padded layout.</param>
    public DenseNetworkLayer(DenseLayer layer, int capacity, int sumOffset)
    {
        (_layer, _sumOffset) = (layer, sumOffset);
        (InputStride, OutputStride) = (MatrixKernel.Padded(layer.Inputs), MatrixKernel.Padded(layer.Outputs));
        _forward = new float[layer.Inputs * OutputStride];
        _backward = new float[layer.Outputs * InputStride];
        _bias = new float[OutputStride];
        _zeros = new float[InputStride];
        Inputs = new float[capacity * InputStride];
        Derivatives = new float[capacity * OutputStride];
    }

    /// <summary>From a row's inputs to the next row's.</summary>
    public int InputStride { get; }

    /// <summary>From a row's derivatives to the next row's.</summary>
    public int OutputStride { get; }

    /// <summary>What goes into the layer, [capacity, padded inputs].</summary>
    public float[] Inputs { get; }

    /// <summary>Derivatives of the loss with respect to pre-activations, [capacity, padded outputs].</summary>
    public float[] Derivatives { get; }

    /// <summary>Length of its gradient in the padded layout: weights [outputs, padded inputs], biases [padded outputs].</summary>
    public int SumLength => _backward.Length + _bias.Length;

    /// <summary>A row's inputs.</summary>
    public Span<float> InputsOf(int row) => Inputs.AsSpan(row * InputStride, InputStride);

    /// <summary>A row's derivatives.</summary>
    public Span<float> DerivativesOf(int row) => Derivatives.AsSpan(row * OutputStride, OutputStride);

    /// <summary>Takes over parameters.</summary>
    public void Load(ReadOnlySpan<float> parameters)
    {
        var weights = parameters.Slice(_layer.Weight.Offset, _layer.Weight.Length);
        for (var output = 0; output < _layer.Outputs; output++)
            weights.Slice(output * _layer.Inputs, _layer.Inputs).CopyTo(_backward.AsSpan(output * InputStride));
        // In squares that stay in the first-level cache from both sides.
        const int square = MatrixKernel.Lanes;
        for (var first = 0; first < _layer.Outputs; first += square)
        {
            for (var input = 0; input < _layer.Inputs; input++)
            {
                for (var output = first; output < Math.Min(first + square, _layer.Outputs); output++)
                    _forward[(input * OutputStride) + output] = weights[(output * _layer.Inputs) + input];
            }
        }

        parameters.Slice(_layer.Bias.Offset, _layer.Outputs).CopyTo(_bias);
    }

    /// <summary>Pre-activations = bias + weights · inputs, [rows, padded outputs].</summary>
    public void Forward(float[] outputs, int rows) =>
        MatrixKernel.Multiply(new(Inputs, InputStride), new(_forward, OutputStride), new(_bias, 0), new(outputs, OutputStride), rows, _layer.Inputs, OutputStride);

    /// <summary>Derivatives with respect to inputs = weightsᵀ · derivatives, [rows, padded inputs].</summary>
    public void Backward(float[] inputs, int rows) =>
        MatrixKernel.Multiply(new(Derivatives, OutputStride), new(_backward, InputStride), new(_zeros, 0), new(inputs, InputStride), rows, _layer.Outputs, InputStride);

    /// <summary>Adds Σ_rows derivatives · inputsᵀ, and the derivatives themselves for the biases.</summary>
    public void AddGradientTo(float[] sum, int rows)
    {
        var weights = new MatrixView(sum.AsMemory(_sumOffset, _backward.Length), InputStride);
        MatrixKernel.Multiply(new(Derivatives, 1, OutputStride), new(Inputs, InputStride), weights, weights, _layer.Outputs, rows, InputStride);
        var biases = new MatrixView(sum.AsMemory(_sumOffset + _backward.Length, _bias.Length), OutputStride);
        MatrixKernel.Multiply(new(s_one, 0, 0), new(Derivatives, OutputStride), biases, biases, 1, rows, OutputStride);
    }

    /// <summary>Takes values in the padded layout to the flat one.</summary>
    public void Unpad<T>(ReadOnlySpan<T> padded, Span<T> flat)
    {
        var own = padded.Slice(_sumOffset, SumLength);
        for (var output = 0; output < _layer.Outputs; output++)
            own.Slice(output * InputStride, _layer.Inputs).CopyTo(flat[(_layer.Weight.Offset + (output * _layer.Inputs))..]);
        own.Slice(_backward.Length, _layer.Outputs).CopyTo(flat[_layer.Bias.Offset..]);
    }
}
