using System.Collections.Immutable;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Dashboard;

/// <summary>
/// Twelve weeks of a served version at four hospitals, suppressed as a worker does it: at cleveland pulse rates fall slowly, at hungarian a value goes missing more and more and the model gets worse, for one kind of pain most of all, switzerland
/// has no schedule, va-long-beach stays as it was. A second version came in the fifth week, answers half as many rows and does not get worse. Of a model of a number the stays of hungarian's old are four days off where others' are one. No randomness: values lie at quantiles.
/// </summary>
internal static class ServedSeed
{
    public const int Weeks = 12, WeeksWithOutcomes = 8, WeeksBeforeSecond = 4;

    private const int Minimum = 10;

    private static readonly FourierBasis s_basis = FourierBasis.Of("served", 3, 64, Math.Sqrt(6));

    private static readonly DateOnly s_monday = new(2026, 8, 31);

    /// <summary>What a site tells.</summary>
    public static MonitoringReport Tells(Study study, MonitoringOrder of, string site)
    {
        if (site == "switzerland")
            return MonitoringReport.Without(of, MonitoringWithholding.NotScheduled);
        return MonitoringReport.With(study, of, ReportSchedule.Weekly, ReportSchedules.OutcomesAfter, [.. Enumerable.Range(0, Weeks).Skip(IsFirst(of) ? 0 : WeeksBeforeSecond).Select(week => Window(study, of, site, week))], Minimum);
    }

    private static MonitoredWindow Window(Study study, MonitoringOrder of, string site, int week)
    {
        var (sum, trained) = (Days(study, of, site, week), Days(study, of, "trained", 0).Sketch);
        var usage = MonitoredUsage.Of(study, sum, Minimum, trained);
        return new MonitoredWindow(ReportSchedule.Weekly.WindowOf(sum.Day), usage, week < WeeksWithOutcomes ? MonitoredOutcomes.Of(study, usage, sum, Minimum, withAreas: site != "va-long-beach") : null);
    }

    private static DayReport Days(Study study, MonitoringOrder of, string site, int week)
    {
        var sum = new DayReport(of.Line, of.Served.Version, of.Served.Model, s_monday.AddDays(7 * week), study, s_basis);
        var rows = (240 + (10 * site.Length)) / (IsFirst(of) ? 1 : 2);
        for (var row = 0; row < rows; row++)
        {
            var (isPositive, pulse) = (row % 3 == 0, 149.6 + (11 * Logistic(row, 0.7320508)) - (site == "cleveland" ? 3.5 * week : 0));
            var isMissing = Quantile(row, 0.2360679) < (site == "hungarian" ? 0.025 * week : 0.01);
            float[] values = [(float)(54 + (5 * Logistic(row, 0.6180339))), 1 + (row % 4), (float)Math.Clamp(pulse, 60, 220), isMissing ? float.NaN : (float)(1 + Logistic(row, 0.4142135))];
            if (study.Data.Label.Number is not null)
            {
                CountStay(study, sum, values, row, IsFirst(of) ? week : 0, site, week < WeeksWithOutcomes);
                continue;
            }

            var logit = (float)((0.9 * Logistic(row, 0.5615528)) - 1.1 + (isPositive ? 1.9 - (site == "hungarian" && IsFirst(of) ? (0.15 * week) + (row % 4 == 3 ? 3 : 0) : 0) : 0));
            sum.CountAnswer(logit, null, TimeSpan.FromMicroseconds(300 + (row % 50 == 0 ? 4000 : 7 * (row % 40))), values, [(values[0] - 54) / 9, (values[2] - 149.6) / 20, isMissing ? 0 : (values[3] - 1) / 1.8]);
            if (week < WeeksWithOutcomes)
                sum.CountOutcome(logit, isPositive, SubgroupIndex.Of(study, values));
        }

        return sum;
    }

    private static void CountStay(Study study, DayReport sum, float[] values, int row, int week, string site, bool hasOutcome)
    {
        var (stay, off) = (2 + (row % 20), 1.2 + (site == "hungarian" ? (0.2 * week) + (values[0] >= 60 ? 4 : 0) : 0));
        var prediction = (float)Math.Max(0, stay + (row / 20 % 2 == 0 ? off : -off));
        sum.CountAnswer(prediction, null, TimeSpan.FromMicroseconds(300), values, [(values[0] - 54) / 9, (values[2] - 149.6) / 20, float.IsNaN(values[3]) ? 0 : (values[3] - 1) / 1.8]);
        if (hasOutcome)
            sum.CountOutcome(prediction, stay, SubgroupIndex.Of(study, values));
    }

    private static bool IsFirst(MonitoringOrder of) => of.Served.Version == ModelVersion.First;

    private static double Quantile(int row, double step) => ((row + 0.5) * step) % 1;

    private static double Logistic(int row, double step) => Quantile(row, step) is var quantile ? Math.Log(quantile / (1 - quantile)) : 0;
}
