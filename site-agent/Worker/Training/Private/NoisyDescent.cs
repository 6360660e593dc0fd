using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// Steps along gradients that are private already: plain, or by Adam (Kingma and Ba 2015) with the constants that <see cref="TorchTrainer"/> uses. In double, cut to float32 once a step. Whatever is done
/// with a noisy gradient costs no privacy.
/// </summary>
internal sealed class NoisyDescent(Optimizer optimizer, double learningRate, int dimension)
{
    private const double FirstDecay = 0.9;
    private const double SecondDecay = 0.999;
    private const double Epsilon = 1e-8;

    private readonly double[] _first = new double[optimizer == Optimizer.Adam ? dimension : 0];
    private readonly double[] _second = new double[optimizer == Optimizer.Adam ? dimension : 0];
    private int _steps;

    /// <summary>One step.</summary>
    /// <param name="parameters">[dimension], changed.</param>
    /// <param name="codes">The noisy sum, [dimension].</param>
    /// <param name="unit">What one code is worth in the mean gradient.</param>
    public void Step(Span<float> parameters, ReadOnlySpan<long> codes, double unit)
    {
        _steps++;
        var (firstBias, secondBias) = (1 - Math.Pow(FirstDecay, _steps), 1 - Math.Pow(SecondDecay, _steps));
        for (var i = 0; i < parameters.Length; i++)
        {
            var gradient = codes[i] * unit;
            if (optimizer == Optimizer.Adam)
            {
                _first[i] += (1 - FirstDecay) * (gradient - _first[i]);
                _second[i] += (1 - SecondDecay) * ((gradient * gradient) - _second[i]);
                gradient = _first[i] / firstBias / (Math.Sqrt(_second[i] / secondBias) + Epsilon);
            }

            parameters[i] = (float)(parameters[i] - (learningRate * gradient));
        }
    }
}
