using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>The gates of a study that predicts a number, but for that against the version in production, which is the same for all.</summary>
internal static class ErrorGates
{
    public static IEnumerable<GateResult> Of(ModelFacts candidate, NumericOutcome number)
    {
        var rules = candidate.Study.Evaluation.ErrorGates;
        var metrics = RegressionMetrics.Of(candidate.Evaluation?.Number?.Errors);
        yield return metrics.RSquared is { } explained
            ? ModelGates.Gate("r2", explained.Low > rules.Baseline, $"{explained.Value:0.000}, lower end of the 95 % interval {explained.Low:0.000}, pooled from sums; above {rules.Baseline:0.000} is needed.")
            : NotMeasured("r2");
        if (rules.GreatestError is { } greatest)
            yield return metrics.MeanAbsoluteError is { } error
                ? ModelGates.Gate("mean-absolute-error", error.High < greatest, $"{error.Value:G4}{number.AfterNumber}, upper end of the 95 % interval {error.High:G4}, pooled from sums; below {greatest:G4} is needed.")
                : NotMeasured("mean-absolute-error");
        yield return metrics is { Bias: { } bias, OutcomeDeviation: { } deviation }
            ? ModelGates.Gate("bias", Math.Abs(bias.Value) <= rules.Bias * deviation,
                $"{RegressionMetrics.Text(bias)}{number.AfterNumber}; at most {rules.Bias * deviation:G4} either way is needed, {rules.Bias:0.###} of the outcomes' standard deviation.")
            : NotMeasured("bias");
        if (candidate.Study.Evaluation.PerSite)
            yield return ModelGates.Sites(rules.Baseline, candidate, report => RegressionMetrics.Of(report.Errors).RSquared is { } explained ? (explained.Value, explained.Low) : null);
        if (rules.SubgroupGap is { } gap)
        {
            foreach (var gate in SubgroupGate.Of(gap, candidate.Study, candidate.Evaluation))
                yield return gate;
        }
    }

    private static GateResult NotMeasured(string gate) => new(gate, false, "Not measured: nothing was evaluated, or it was withheld, or all outcomes are the same.");
}
