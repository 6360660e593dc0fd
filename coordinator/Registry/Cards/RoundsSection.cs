using System.Collections.Immutable;
using FederatedClinicalMl.Learning;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>How the model came along, round by round, in a card: discrimination, calibration, and who would have been called positive.</summary>
internal static class RoundsSection
{
    // Where accuracy is stated, and an edge of the grid of scores, so that counts are exact.
    private const double Threshold = 0.5;

    /// <summary>The section; none where no evaluation of a round is here.</summary>
    public static IEnumerable<CardSection> Of(ModelFacts facts)
    {
        if (facts.Evidence.Rounds.IsEmpty)
            yield break;
        yield return new CardSection("Performance, round by round", [
            new CardTable(
                ["round", "AUROC", "calibration slope", "calibration intercept", "true positive", "false positive", "false negative", "true negative"],
                [.. facts.Evidence.Rounds.Select(Row)]),
            new CardText("All sites' test rows at each evaluation, pooled from their suppressed histograms of scores; counts are of calling positive whoever has a probability of at least 0.5. A range is what merged bins leave open.")]);
    }

    private static ImmutableArray<string> Row(RoundEvaluation evaluation)
    {
        var name = evaluation.Round.Value.ToString(System.Globalization.CultureInfo.InvariantCulture) + (evaluation.IsHeldBack ? ", held back" : "");
        if (evaluation.Report.Histogram is not { } histogram)
            return [name, "withheld", "", "", "", "", "", ""];
        var (metrics, point) = (evaluation.Report.Metrics, OperatingPoint.Of(histogram, Threshold));
        return
        [
            name, metrics.AurocInterval is { } area ? ModelCard.Interval(area) : "undefined", ClassifierMetrics.Text(metrics.CalibrationSlope), ClassifierMetrics.Text(metrics.CalibrationIntercept),
            Counted(point.TruePositives.Least, point.TruePositives.Most), Counted(point.FalsePositives.Least, point.FalsePositives.Most),
            Counted(point.Positives - point.TruePositives.Most, point.Positives - point.TruePositives.Least), Counted(point.Negatives - point.FalsePositives.Most, point.Negatives - point.FalsePositives.Least),
        ];
    }

    private static string Counted(long least, long most) => least == most ? ModelCard.Text($"{least:N0}") : ModelCard.Text($"{least:N0} to {most:N0}");
}
