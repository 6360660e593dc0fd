using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

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
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Apply(ReadOnlySpan<float> parameters, ReadOnlySpan<double> meanUpdate, Span<double> state, Span<float> updated)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(meanUpdate.Length, parameters.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(updated.Length, parameters.Length);
        var i = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            for (; i <= updated.Length - Vector512<float>.Count; i += Vector512<float>.Count)
            {
                var (low, high) = Vector512.Widen(Vector512.Create(parameters.Slice(i, Vector512<float>.Count)));
                var values = Vector512.Narrow(
                    low + Vector512.Create(meanUpdate.Slice(i, Vector512<double>.Count)),
                    high + Vector512.Create(meanUpdate.Slice(i + Vector512<double>.Count, Vector512<double>.Count)));
                if (!Vector512.EqualsAll(values - values, Vector512<float>.Zero)) // infinite or NaN: named below
                    break;
                values.CopyTo(updated[i..]);
            }
        }

        for (; i < updated.Length; i++)
        {
            var value = (float)(parameters[i] + meanUpdate[i]);
            if (!float.IsFinite(value))
                throw new InvalidDataException($"Value {i} of this block of new parameters is not finite: the run diverged. Lower the learning rate.");
            updated[i] = value;
        }
    }
}
