using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>Makes new parameters of a sum in words that carries no masks any more, unmasked or decrypted.</summary>
/// <param name="study">The run's study.</param>
/// <param name="results">Where the old parameters are, and the new ones go.</param>
/// <param name="roots">Of the noise that this coordinator adds.</param>
internal sealed class WordUpdate(Study study, ResultStore results, NoiseRoots roots)
{
    /// <summary>Makes them, durably.</summary>
    /// <param name="step">For which step.</param>
    /// <param name="parameters">The old ones.</param>
    /// <param name="words">The sum.</param>
    /// <param name="word">Its words.</param>
    /// <param name="totalWeight">What the weights in it add up to.</param>
    /// <exception cref="IOException">The disk failed: make them again later.</exception>
    public MergeOutcome Make(StepId step, Sha256Digest parameters, byte[] words, MaskWord word, long totalWeight)
    {
        var greatest = study.SumsGradients ? StudyPrivacy.GreatestCode : UpdateFormats.For(study.Federation.Encoding).MaximumCode;
        var noise = study.Privacy is { Placement: NoisePlacement.Central } declared ? DiscreteGaussian.Of(GaussianCalibration.Of(declared, words.Length / word.Bytes()).Variance) : null;
        using var stream = noise is null ? null : roots.StreamFor(step, parameters, words);
        return new ParameterUpdate(study, results).Make(step, parameters, totalWeight, (start, sum) =>
        {
            if (MaskedVector.Decode(word, words.AsSpan((int)start * word.Bytes(), sum.Length * word.Bytes()), greatest * totalWeight, sum) is not null)
                return RoundFault.SumVoid;
            noise?.AddTo(sum, stream!);
            return null;
        });
    }
}
