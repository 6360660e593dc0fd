using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Learning;

namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>Tells facts from what sites have told of served versions: of each site its newest window of use, and its newest whose outcomes are there.</summary>
public sealed class ServedSignals(SiteMonitorings told, ModelRegistry models)
{
    /// <summary>What could come by chance more seldom than this is a change: sites, features and windows are many.</summary>
    public const double Chance = 0.001;

    /// <summary>Puts on the board what is known of a version.</summary>
    /// <param name="of">The version.</param>
    /// <param name="at">When it was told.</param>
    /// <param name="board">The board.</param>
    public void Tell(MonitoringOrder of, DateTimeOffset at, FactBoard board)
    {
        ArgumentNullException.ThrowIfNull(of);
        ArgumentNullException.ThrowIfNull(board);
        if (models.Find(of.Served.Model) is not { } entry)
            return;
        foreach (var site in SiteFigures.Of(told, of, models.StudyOf(entry)))
        {
            (string, string)[] about = [("line", of.Line), ("site", site.Told.Site.Value), ("version", of.Served.Version.ToString())];
            if (site.Use is { Window.Usage: { } usage } use)
            {
                Put(MonitoredSignal.ServedRows, about, usage.Answered);
                Put(MonitoredSignal.ServedLatency, about, use.Slowest?.Below / 1000.0);
                foreach (var feature in use.Features)
                {
                    (string, string)[] input = [("feature", feature.Feature), .. about];
                    Put(MonitoredSignal.InputDrift, input, feature.Stability is { } stability ? stability.P < Chance ? stability.Index : 0 : null);
                    Put(MonitoredSignal.InputMissing, input, feature.Missing);
                    Put(MonitoredSignal.InputImplausible, input, feature.Implausible);
                }
            }

            if (site.Outcomes is { } outcomes)
            {
                Put(MonitoredSignal.LiveAuroc, about, outcomes.Metrics?.Auroc);
                Put(MonitoredSignal.LiveCalibration, about, outcomes.Calibration?.InTheLarge is { } large ? Math.Abs(large.Value) : null);
                Put(MonitoredSignal.LabelChange, about, outcomes.LabelP is { } p ? p < Chance ? Math.Abs(outcomes.LabelChange!.Value) : 0 : null);
            }
        }

        void Put(MonitoredSignal signal, (string, string)[] subject, double? number)
        {
            if (number is { } known && double.IsFinite(known))
                board.Take(new Fact(signal, Subject.Of(subject), at, known));
        }
    }
}
