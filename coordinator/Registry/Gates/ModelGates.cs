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
    /// <param name="comparison">What the sites have made of exactly these two, newest; null where they were not asked.</param>
    public static GateReport Check(ModelFacts candidate, ModelFacts? production, KnownComparison? comparison = null)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        var gates = ImmutableArray.CreateBuilder<GateResult>();
        gates.AddRange(candidate.Study.Data.Label.Number is { } number ? ErrorGates.Of(candidate, number) : Scores(candidate));
        if (production is not null)
            gates.Add(AgainstProduction(candidate, production, comparison));
        return new GateReport(gates.ToImmutable());
    }

    /// <summary>Whether a model is worse than another by more than its study allows, as far as pooled sums tell.</summary>
    /// <param name="candidate">The one; its study says what it predicts, and what is allowed.</param>
    /// <param name="other">The other.</param>
    public static GateDecision Pooled(ModelFacts candidate, ModelFacts other)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        ArgumentNullException.ThrowIfNull(other);
        var margin = Margin(candidate.Study);
        if ((candidate.Study.Data.Label.Number?.Unit, candidate.Study.Data.Label.Number is null) != (other.Study.Data.Label.Number?.Unit, other.Study.Data.Label.Number is null))
            return GateDecision.Unknown(margin, "the two versions predict different things, and have no metric in common");
        return candidate.Study.Data.Label.Number is null
            ? GateDecision.NotWorse(candidate.Evaluation?.Histogram, other.Evaluation?.Histogram, margin)
            : GateDecision.NoGreaterError(candidate.Evaluation?.Number?.Errors, other.Evaluation?.Number?.Errors, margin);
    }

    private static double Margin(Study study) => study.Data.Label.Number is null ? study.Evaluation.Gates.Margin : study.Evaluation.ErrorGates.Margin;

    private static IEnumerable<GateResult> Scores(ModelFacts candidate)
    {
        var rules = candidate.Study.Evaluation.Gates;
        var (histogram, metrics) = (candidate.Evaluation?.Histogram, ClassifierMetrics.Of(candidate.Evaluation?.Histogram));
        yield return Area(candidate) is { } area
            ? Gate("auroc", area.Estimate.Low > rules.Baseline, $"{area.Estimate.Value:0.000}, lower end of the 95 % interval {area.Estimate.Low:0.000}, {area.Basis}; above {rules.Baseline:0.000} is needed.")
            : NotMeasured("auroc");
        var fit = CalibrationFit.Of(metrics.Calibration);
        yield return fit is { SlopeInterval: var slope }
            ? Gate("calibration-slope", slope.Value >= rules.LeastSlope && slope.Value <= rules.GreatestSlope, $"{slope.Text()}, pooled from sums; from {rules.LeastSlope:0.00} to {rules.GreatestSlope:0.00} is needed.")
            : NotMeasured("calibration-slope");
        if (rules.Intercept is { } most)
            yield return fit is { InterceptInterval: var intercept }
                ? Gate("calibration-intercept", Math.Abs(intercept.Value) <= most, $"{intercept.SignedText()}, pooled from sums; at most {most:0.000} either way is needed.")
                : NotMeasured("calibration-intercept");
        var calibration = CalibrationSummary.Of(histogram);
        yield return calibration?.InTheLarge is { } large
            ? Gate("calibration-in-the-large", Math.Abs(large.Value) <= rules.InTheLarge, $"{large.SignedText()}; at most {rules.InTheLarge:0.000} either way is needed.")
            : NotMeasured("calibration-in-the-large");
        yield return calibration is not null
            ? Gate("ece", calibration.ExpectedError <= rules.ExpectedError, $"{calibration.ExpectedErrorInterval.Text()}, pooled from sums; at most {rules.ExpectedError:0.000} is needed.")
            : NotMeasured("ece");
        if (candidate.Study.Evaluation.PerSite)
            yield return Sites(rules.Baseline, candidate, report => report.Area is { } area ? (area.Value, area.Low) : null);
        if (rules.SubgroupGap is { } gap)
        {
            foreach (var gate in SubgroupGate.Of(gap, candidate.Study, candidate.Evaluation))
                yield return gate;
        }
    }

    // The mean over sites where as many tell their own area as a step of the study needs, as an interval over sites needs, and more than have released metrics without it; else what is pooled from sums.
    private static (Estimate Estimate, string Basis)? Area(ModelFacts candidate)
    {
        var metrics = candidate.Sites?.Sites.Count(site => site.Report.Metrics is not null) ?? 0;
        if (candidate.Sites?.AreaLogit is { } effects && effects.Sites >= Math.Max(candidate.Study.Federation.Quorum, SiteMetrics.LeastCombined) && 2 * effects.Sites > metrics)
            return (effects.Mean.FromLogit(), $"{effects.Basis}{(effects.Sites < candidate.Sites.Sites.Count ? $", of {candidate.Sites.Sites.Count} that took part" : "")}");
        return ClassifierMetrics.Of(candidate.Evaluation?.Histogram).AurocInterval is { } pooled ? (pooled, "pooled from sums") : null;
    }

    /// <summary>The gate <c>sites</c>: the lower end of the interval of what each site that tells it has of its own is above the baseline, and more sites tell it than have a policy that withholds it. What too few rows withhold is nobody's choice.</summary>
    /// <param name="baseline">What has to be exceeded.</param>
    /// <param name="candidate">The version.</param>
    /// <param name="of">A site's metric and the lower end of its 95 % interval; null: it tells none.</param>
    internal static GateResult Sites(double baseline, ModelFacts candidate, Func<SiteMetricsReport, (double Value, double Low)?> of)
    {
        var all = candidate.Sites?.Sites ?? [];
        var told = all.Select(site => (site.Site, Told: of(site.Report))).Where(site => site.Told is not null).Select(site => (site.Site, site.Told!.Value.Value, site.Told.Value.Low)).ToList();
        if (told.Count <= all.Count(site => site.Report.Withheld == Withholding.Policy))
            return Gate("sites", false, $"{told.Count} of {all.Count} sites have released metrics of their own; more have to than withhold them by their policy.");
        var withheld = all.Count - told.Count;
        return Gate("sites", told.TrueForAll(site => site.Low > baseline),
            $"{string.Join(", ", told.Select(site => string.Create(CultureInfo.InvariantCulture, $"{site.Site} {site.Value:0.000} (from {site.Low:0.000})")))}{(withheld > 0 ? $"; {withheld} withheld theirs" : "")}; the lower end of each 95 % interval above {baseline:0.000} is needed.");
    }

    /// <summary>The gate <c>production</c>: by the sites' own paired differences where as many tell them as a step of the study needs sites; else by what is pooled from sums.</summary>
    /// <param name="candidate">The version.</param>
    /// <param name="production">The version in production.</param>
    /// <param name="comparison">What the sites have made of exactly these two, newest; null where they were not asked.</param>
    public static GateResult AgainstProduction(ModelFacts candidate, ModelFacts production, KnownComparison? comparison)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        ArgumentNullException.ThrowIfNull(production);
        var told = comparison?.Result.Differences.Count ?? 0;
        if (comparison is not null && told >= candidate.Study.Federation.Quorum)
        {
            var withheld = comparison.Result.Sites.Count - told;
            return Of(comparison.Result.NotWorse(Margin(candidate.Study)), $"on the sites' own test rows in run {comparison.Run}{(withheld > 0 ? $", of which {withheld} withheld theirs" : "")}");
        }

        return Of(Pooled(candidate, production), comparison is null
            ? "the sites have not compared the two on their own test rows"
            : $"in run {comparison.Run} {told} of at least {candidate.Study.Federation.Quorum} sites told how the two compare on their own test rows");

        static GateResult Of(GateDecision decision, string by) => new("production", decision.IsPassed, $"{decision.Words}; {by}.");
    }

    private static GateResult NotMeasured(string gate) => new(gate, false, "Not measured: nothing was evaluated, or it was withheld, or of one class.");

    internal static GateResult Gate(string name, bool passed, FormattableString sentence) => new(name, passed, sentence.ToString(CultureInfo.InvariantCulture));
}
