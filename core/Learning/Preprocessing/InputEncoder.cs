using System.Collections.Immutable;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>What became of one row.</summary>
/// <param name="Excluded">Whether the row is left out, because a value is missing that must not be; the inputs are not to be used.</param>
/// <param name="Missing">How many values were not there.</param>
/// <param name="Implausible">How many values were outside the plausible range, or no declared level, and so counted as missing.</param>
public readonly record struct EncodedRow(bool Excluded, int Missing, int Implausible);

/// <summary>
/// Turns a row of raw values into the network's inputs with the same float32 operations, in the same order, as the ONNX graph: a row is
/// preprocessed to the same bits in training, in evaluation and in the hospital's scoring.
/// </summary>
public sealed class InputEncoder
{
    private readonly ImmutableArray<Feature> _features;
    private readonly ImmutableArray<FeatureConstants> _constants;

    /// <summary>The encoder of a study with its frozen constants.</summary>
    public InputEncoder(Study study, PreprocessingConstants constants)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(constants);
        _features = study.Data.Features;
        _constants = constants.Features;
        InputWidth = _features.Sum(feature => feature.Width);
    }

    /// <summary>Values of a raw row: one per feature.</summary>
    public int RawWidth => _features.Length;

    /// <summary>Inputs of the network.</summary>
    public int InputWidth { get; }

    /// <summary>Encodes a row.</summary>
    /// <param name="raw">One value per feature, in its unit; NaN where it is missing.</param>
    /// <param name="inputs">[<see cref="InputWidth"/>].</param>
    public EncodedRow Encode(ReadOnlySpan<double> raw, Span<float> inputs)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(raw.Length, RawWidth);
        ArgumentOutOfRangeException.ThrowIfNotEqual(inputs.Length, InputWidth);
        var (excluded, missing, implausible, offset) = (false, 0, 0, 0);
        for (var i = 0; i < _features.Length; i++)
        {
            var feature = _features[i];
            var value = Plausible(feature, raw[i]);
            if (float.IsNaN(value))
            {
                excluded |= feature.Missing == MissingRule.ExcludeRow;
                if (double.IsNaN(raw[i]))
                    missing++;
                else
                    implausible++;
            }

            if (feature.Type == FeatureType.Number)
            {
                inputs[offset] = Number(feature, _constants[i], value);
                if (feature.Indicator)
                    inputs[offset + 1] = float.IsNaN(value) ? 1 : 0;
            }
            else
            {
                OneHot(feature, value, inputs.Slice(offset, feature.Width));
            }

            offset += feature.Width;
        }

        return new EncodedRow(excluded, missing, implausible);
    }

    /// <summary>
    /// A raw value as the model sees it: float32; NaN where it is missing, outside the plausible range or no declared level. The one rule
    /// of plausibility; comparisons are made in float32, as in the ONNX graph.
    /// </summary>
    public static float Plausible(Feature feature, double raw)
    {
        ArgumentNullException.ThrowIfNull(feature);
        var value = (float)raw;
        if (feature.Type == FeatureType.Number)
            return value >= (float)feature.Minimum && value <= (float)feature.Maximum ? value : float.NaN;
        foreach (var level in feature.Levels)
        {
            if (value == (float)level)
                return value;
        }

        return float.NaN;
    }

    private static float Number(Feature feature, FeatureConstants constants, float value)
    {
        if (float.IsNaN(value))
            value = FillOf(feature, constants);
        return feature.Scale == FeatureScale.Standardise
            ? (value - (float)constants.Mean!.Value) / (float)constants.StandardDeviation!.Value
            : value;
    }

    /// <summary>What stands for a missing number. Where the row is left out it is 0: finite, and never used.</summary>
    internal static float FillOf(Feature feature, FeatureConstants constants) => feature.Missing switch
    {
        MissingRule.Mean => (float)constants.Mean!.Value,
        MissingRule.Value => (float)feature.MissingValue,
        _ => 0,
    };

    private static void OneHot(Feature feature, float value, Span<float> inputs)
    {
        if (float.IsNaN(value) && feature.Missing == MissingRule.Value)
            value = (float)feature.MissingValue;
        for (var i = 0; i < inputs.Length; i++)
            inputs[i] = value == (float)feature.Levels[i] ? 1 : 0;
    }
}
