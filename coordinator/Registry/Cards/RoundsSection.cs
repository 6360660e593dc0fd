using System.Collections.Immutable;
using FederatedClinicalMl.Learning;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>How the model came along, round by round, in a card: discrimination, calibration, and who would have been called positive; of a number its errors.</summary>
internal static class RoundsSection
{
    /// <summary>The section; none where no evaluation of a round is here.</summary>
    public static IEnumerable<CardSection> Of(ModelFacts facts)
    {
        if (facts.Evidence.Rounds.IsEmpty)
            yield break;
        const string Heading = "Performance, round by round";
        if (facts.Study.Data.Label.Number is { } number)
        {
            yield return new CardSection(Heading, ErrorSections.Rounds(facts.Evidence.Rounds, number));
            yield break;
        }

        var threshold = NamedThreshold.Of(facts.Study, 0.5)[0].Threshold;
        yield return new CardSection(Heading, [
            new CardTable(
                ["round", "AUROC", "calibration slope", "calibration intercept", "true positive", "false positive", "false negative", "true negative"],
                [.. facts.Evidence.Rounds.Select(round => Row(round, threshold))]),
            new CardText(ModelCard.Text($"All sites' test rows at each evaluation, pooled from their suppressed histograms of scores; counts are of calling positive whoever has a probability of at least {threshold}. A range is what merged bins leave open."))]);
    }

    /// <summary>A round for people.</summary>
    internal static string NameOf(RoundEvaluation evaluation) => evaluation.Round.Value.ToString(System.Globalization.CultureInfo.InvariantCulture) + (evaluation.IsHeldBack ? ", held back" : "");

    private static ImmutableArray<string> Row(RoundEvaluation evaluation, double threshold)
    {
        var name = NameOf(evaluation);
        if (evaluation.Report.Histogram is not { } histogram)
            return [name, "withheld", "", "", "", "", "", ""];
        var (metrics, point) = (evaluation.Report.Metrics, OperatingPoint.Of(histogram, threshold));
        return
        [
            name, metrics.AurocInterval is { } area ? area.Text() : "undefined", ClassifierMetrics.Text(metrics.CalibrationSlope), ClassifierMetrics.Text(metrics.CalibrationIntercept),
            point.TruePositives.Words, point.FalsePositives.Words, point.FalseNegatives.Words, point.TrueNegatives.Words,
        ];
    }
}
