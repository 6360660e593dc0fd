using System.Collections.Immutable;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>What a card says of a model's use, in the study's words: for whom, for whom not, and from which probabilities on.</summary>
internal static class UseSection
{
    // What is shown where a study states no operating points.
    private static readonly double[] s_thresholds = [0.1, 0.2, 0.3, 0.5, 0.7];

    public static CardSection Of(Study study)
    {
        var use = study.IntendedUse;
        return new CardSection("Intended use", [
            CardTable.Facts(
                [
                    ("Purpose, in the study's words", study.Purpose), ("Users, in the study's words", use?.Users ?? "the study does not say"), ("Predicts", study.Data.Predicted), ("For whom", ModelCard.Population(study)),
                    .. (use?.ContraIndications ?? []).Select(sentence => ("Contra-indication, in the study's words", sentence)),
                ]),
            new CardText($"Nothing is known of patients whom the study did not ask for, of hospitals other than those below, or of values in other units or beyond the stated ranges.{(use is null or { ContraIndications.IsEmpty: true } ? " The study states no contra-indications of its own." : "")}"),
            .. study.Evaluation.OperatingPoints is { IsEmpty: false } points
                ? ImmutableArray.Create<CardBlock>(new CardTable(["operating point", "from this probability on", "shown as", "what it means"],
                    [.. points.Select(point => ImmutableArray.Create(point.Name, ModelCard.Text($"{point.Threshold}"), point.Indicator.ToString().ToLowerInvariant(), point.Meaning ?? ""))]))
                : [],
        ]);
    }

    /// <summary>What comes of calling positive, at the study's operating points.</summary>
    public static CardTable PointTable(Study study, ScoreHistogram histogram) => new(
        ["from this probability on", "sensitivity", "specificity", "PPV", "NPV", "called positive"],
        [.. NamedThreshold.Of(study, s_thresholds).Select(threshold => (threshold.Name, At: OperatingPoint.Of(histogram, threshold.Threshold))).Select(point => ImmutableArray.Create(
            point.Name, ModelCard.Share(point.At.Sensitivity), ModelCard.Share(point.At.Specificity), ModelCard.Share(point.At.PositivePredictiveValue), ModelCard.Share(point.At.NegativePredictiveValue), ModelCard.Share(point.At.PredictedPositive)))]);
}
