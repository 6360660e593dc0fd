using System.Collections.Immutable;
using System.Globalization;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>A study's rows held against those on which a model of it was trained.</summary>
public static class StudyDrift
{
    // Each pair of them is a test more: the first few numbers, as the study orders them.
    private const int Correlated = 6;

    /// <summary>What is counted of a study's rows: its features, in its units, over their plausible ranges.</summary>
    public static ProfileDesign DesignOf(Study study)
    {
        ArgumentNullException.ThrowIfNull(study);
        var features = study.Data.Features;
        return ProfileDesign.Of(
            [.. features.Select(feature => feature.Type == FeatureType.Number
                ? ProfileFeature.Number(feature.Name, feature.Minimum, feature.Maximum, feature.Mean, feature.StandardDeviation)
                : ProfileFeature.Category(feature.Name, [.. feature.Levels.Select(level => level.ToString("R", CultureInfo.InvariantCulture))]))],
            [.. features.Where(feature => feature.Type == FeatureType.Number).Take(Correlated).Select(feature => feature.Name)],
            $"drift {study.Digest}");
    }

    /// <summary>The profile of rows.</summary>
    public static TrainingProfile Profile(Study study, CohortRows rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return TrainingProfile.Of(DesignOf(study), Values(study, rows), Labels(rows));
    }

    /// <summary>Holds rows against a profile of the same study.</summary>
    /// <param name="study">The study.</param>
    /// <param name="reference">The profile.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="check">The how many-th check, from 1: repeated checks spend what may be spent together.</param>
    public static DriftCheck Check(Study study, TrainingProfile reference, CohortRows rows, int check)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(rows);
        return DriftComparison.Of(
            reference, Values(study, rows), Labels(rows), new DriftOptions(), check,
            DeterministicRandom.Of("drift", study.Digest.ToString(), check.ToString(CultureInfo.InvariantCulture)));
    }

    // A category's value is the index of its level.
    private static double[] Values(Study study, CohortRows rows)
    {
        var features = study.Data.Features;
        var values = (double[])rows.Values.Clone();
        for (var j = 0; j < features.Length; j++)
        {
            if (features[j].Type == FeatureType.Number)
                continue;
            for (var i = j; i < values.Length; i += features.Length)
            {
                var level = InputEncoder.Plausible(features[j], values[i]);
                values[i] = float.IsNaN(level) ? double.NaN : features[j].Levels.IndexOf(features[j].Levels.First(known => (float)known == level));
            }
        }

        return values;
    }

    private static double[] Labels(CohortRows rows) => [.. rows.Labels.Select(label => (double)label)];
}
