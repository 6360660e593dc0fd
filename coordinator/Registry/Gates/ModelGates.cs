using System.Collections.Immutable;
using System.Globalization;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>
/// The gates before a promotion: what the sites' evaluation of a model says, held against a stated baseline, against calibration, and against the version in production. What was not measured has not
/// passed. (docs/reference/model-stages.md)
/// </summary>
public static class ModelGates
{
    /// <summary>Checks a version.</summary>
    /// <param name="candidate">The version; its study says what it has to reach.</param>
    /// <param name="production">The version in production; null where there is none, or it is the same.</param>
    public static GateReport Check(ModelFacts candidate, ModelFacts? production)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        var rules = candidate.Study.Evaluation.Gates;
        var (histogram, metrics) = (candidate.Evaluation?.Histogram, ClassifierMetrics.Of(candidate.Evaluation?.Histogram));
        var gates = ImmutableArray.CreateBuilder<GateResult>();
        gates.Add(metrics is { Auroc: { } area, AurocInterval: { } interval }
            ? Gate("auroc", interval.Low > rules.Baseline, $"{area:0.000}, lower end of the 95 % interval {interval.Low:0.000}, pooled from sums; above {rules.Baseline:0.000} is needed.")
            : NotMeasured("auroc"));
        gates.Add(metrics.CalibrationSlope is { } slope
            ? Gate("calibration-slope", slope >= rules.LeastSlope && slope <= rules.GreatestSlope, $"{slope:0.000}, pooled from sums; from {rules.LeastSlope:0.00} to {rules.GreatestSlope:0.00} is needed.")
            : NotMeasured("calibration-slope"));
        var calibration = CalibrationSummary.Of(histogram);
        gates.Add(calibration?.InTheLarge is { } large
            ? Gate("calibration-in-the-large", Math.Abs(large.Value) <= rules.InTheLarge, $"{large.Value:+0.000;-0.000;0.000} [{large.Low:+0.000;-0.000;0.000}, {large.High:+0.000;-0.000;0.000}]; at most {rules.InTheLarge:0.000} either way is needed.")
            : NotMeasured("calibration-in-the-large"));
        gates.Add(calibration is not null
            ? Gate("ece", calibration.ExpectedError <= rules.ExpectedError, $"{calibration.ExpectedError:0.000}, pooled from sums; at most {rules.ExpectedError:0.000} is needed.")
            : NotMeasured("ece"));
        if (candidate.Study.Evaluation.PerSite)
            gates.Add(Sites(rules, candidate.Sites));
        if (production is not null)
        {
            var decision = GateDecision.NotWorse(histogram, production.Evaluation?.Histogram, rules.Margin);
            gates.Add(new GateResult("production", decision.IsPassed, $"{decision.Words}."));
        }

        return new GateReport(gates.ToImmutable());
    }

    private static GateResult Sites(StudyGates rules, SiteMetrics? sites)
    {
        var areas = sites?.Sites.Where(site => site.Report.Metrics?.Auroc is not null).Select(site => (site.Site, Area: site.Report.Metrics!.Auroc!.Value)).ToList() ?? [];
        if (areas.Count == 0)
            return new GateResult("sites", false, "No site has released metrics of its own.");
        var withheld = sites!.Sites.Count - areas.Count;
        return Gate("sites", areas.TrueForAll(site => site.Area > rules.Baseline),
            $"{string.Join(", ", areas.Select(site => string.Create(CultureInfo.InvariantCulture, $"{site.Site} {site.Area:0.000}")))}{(withheld > 0 ? $"; {withheld} withheld theirs" : "")}; above {rules.Baseline:0.000} at each is needed.");
    }

    private static GateResult NotMeasured(string gate) => new(gate, false, "Not measured: nothing was evaluated, or it was withheld, or of one class.");

    private static GateResult Gate(string name, bool passed, FormattableString sentence) => new(name, passed, sentence.ToString(CultureInfo.InvariantCulture));
}
