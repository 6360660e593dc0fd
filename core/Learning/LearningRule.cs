using FederatedClinicalMl.Learning.Onnx;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>
/// What this room asks of a study beyond its own form: that raw values survive float32, that sums of moments and of updates fit their words,
/// and that the model can be written as ONNX. Asked when a study is submitted, so that no run fails of it.
/// </summary>
public sealed class LearningRule : IStudyRule
{
    private const double LeastMagnitude = 1e-30;
    private const double GreatestMagnitude = 1e30;

    /// <inheritdoc/>
    public IEnumerable<(string Path, string Message)> Check(Study study)
    {
        ArgumentNullException.ThrowIfNull(study);
        return study.Data.Features.SelectMany(CheckFeature).Concat(CheckBudget(study));
    }

    private static IEnumerable<(string Path, string Message)> CheckFeature(Feature feature, int index)
    {
        var path = $"data.features[{index}]";
        if (feature.Name is OnnxWriter.LogitOutput or OnnxWriter.ProbabilityOutput)
            yield return ($"{path}.name", $"'{feature.Name}' is an output of the model's ONNX file; give the column another name.");
        if (feature.Type == FeatureType.Category)
        {
            if (feature.Levels.Select(level => (float)level).Distinct().Count() < feature.Levels.Length || feature.Levels.Any(level => !float.IsFinite((float)level)))
                yield return ($"{path}.levels", "Two levels are the same in float32, or one is beyond it; code them with smaller whole numbers.");
            yield break;
        }

        if (Math.Max(Math.Abs(feature.Minimum), Math.Abs(feature.Maximum)) is not (>= LeastMagnitude and <= GreatestMagnitude))
            yield return ($"{path}.range", $"The range's greatest magnitude must lie in [{LeastMagnitude:R}, {GreatestMagnitude:R}]; choose another unit.");
        else if ((float)feature.Minimum >= (float)feature.Maximum)
            yield return ($"{path}.range", "Both ends are the same in float32; choose a wider range, or another unit.");
        if (feature.StandardDeviation is { } deviation && !float.IsNormal((float)deviation))
            yield return ($"{path}.constants.sd", "The deviation is beyond float32; choose another unit.");
    }

    private static IEnumerable<(string Path, string Message)> CheckBudget(Study study)
    {
        var sites = Math.Max(1, study.Federation.Sites.Length); // where no site is named, the run asks again when it starts
        if (study.Federation.Encoding is FixedPointEncoding { Range: not (>= LeastMagnitude and <= GreatestMagnitude) })
            yield return ("federation.encoding.fixed.range", $"The range must lie in [{LeastMagnitude:R}, {GreatestMagnitude:R}].");
        else if (UpdateFormats.BudgetOf(study, sites) is { Fits: false } budget)
            yield return ("federation.encoding", $"The sum of {sites} updates may overflow: {budget}. Use fewer bits, or lower maximum-weight.");
    }
}
