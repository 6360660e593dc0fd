using FederatedClinicalMl.Learning;

namespace FederatedClinicalMl.Cli.Privacy;

/// <summary>
/// The gradient of the mean loss over a patient's rows, in double, from the chain rule alone, for a network of one hidden layer with tanh. The attacker's own arithmetic: an audit that took the trainer's would take its word.
/// </summary>
internal sealed class PatientGradient(ModelPlan plan)
{
    private readonly DenseLayer _hidden = plan.Layers[0];
    private readonly DenseLayer _last = plan.Layers[1];
    private readonly double[] _activations = new double[plan.Layers[0].Outputs];
    private readonly double[] _values = new double[plan.Layout.Dimension];
    private readonly bool[] _isTouched = new bool[plan.Layout.Dimension];
    private readonly List<int> _touched = [];

    /// <summary>Where the gradient may differ from zero.</summary>
    public IReadOnlyList<int> Touched => _touched;

    /// <summary>One coordinate.</summary>
    public double this[int index] => _values[index];

    /// <summary>The norm of the coordinates from one on.</summary>
    public double Norm(int from = 0)
    {
        var squared = 0.0;
        foreach (var index in _touched)
            squared += index >= from ? _values[index] * _values[index] : 0;
        return Math.Sqrt(squared);
    }

    /// <summary>Computes a patient's.</summary>
    /// <param name="parameters">[dimension].</param>
    /// <param name="rows">The patient's rows, at least one.</param>
    public void Compute(ReadOnlySpan<float> parameters, SparseRow[] rows)
    {
        foreach (var index in _touched)
            (_values[index], _isTouched[index]) = (0, false);
        _touched.Clear();
        foreach (var row in rows)
            Add(parameters, row, 1.0 / rows.Length);
    }

    private void Add(ReadOnlySpan<float> parameters, SparseRow row, double weight)
    {
        var logit = (double)parameters[_last.Bias.Offset];
        for (var unit = 0; unit < _activations.Length; unit++)
        {
            var sum = (double)parameters[_hidden.Bias.Offset + unit];
            for (var i = 0; i < row.Columns.Length; i++)
                sum += (double)parameters[WeightOf(unit, row.Columns[i])] * row.Values[i];
            _activations[unit] = Math.Tanh(sum);
            logit += parameters[_last.Weight.Offset + unit] * _activations[unit];
        }

        var derivative = ((1 / (1 + Math.Exp(-logit))) - row.Label) * weight;
        Add(_last.Bias.Offset, derivative);
        for (var unit = 0; unit < _activations.Length; unit++)
        {
            Add(_last.Weight.Offset + unit, derivative * _activations[unit]);
            var inner = derivative * parameters[_last.Weight.Offset + unit] * (1 - (_activations[unit] * _activations[unit]));
            Add(_hidden.Bias.Offset + unit, inner);
            for (var i = 0; i < row.Columns.Length; i++)
                Add(WeightOf(unit, row.Columns[i]), inner * row.Values[i]);
        }
    }

    private int WeightOf(int unit, int column) => _hidden.Weight.Offset + (unit * _hidden.Inputs) + column;

    private void Add(int index, double value)
    {
        if (!_isTouched[index])
            _touched.Add(index);
        _isTouched[index] = true;
        _values[index] += value;
    }
}
