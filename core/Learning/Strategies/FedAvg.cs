namespace FederatedClinicalMl.Learning;

/// <summary>
/// Federated averaging (McMahan et al. 2017): new = old + mean of the updates. The sum is made in double and rounded to float32 once.
/// </summary>
public sealed class FedAvg : IServerStrategy
{
    /// <inheritdoc/>
    public string Name => "fedavg";

    /// <inheritdoc/>
    public int StateVectors => 0;

    /// <inheritdoc/>
    public void Apply(ReadOnlySpan<float> parameters, ReadOnlySpan<double> meanUpdate, Span<double> state, Span<float> updated)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(meanUpdate.Length, parameters.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(updated.Length, parameters.Length);
        for (var i = 0; i < updated.Length; i++)
        {
            var value = (float)(parameters[i] + meanUpdate[i]);
            if (!float.IsFinite(value))
                throw new InvalidDataException($"Value {i} of this block of new parameters is not finite: the run diverged. Lower the learning rate.");
            updated[i] = value;
        }
    }
}
