using System.Globalization;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Coordinator.Studies;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Dashboard;

/// <summary>A study in plain words.</summary>
internal static class StudyWords
{
    /// <summary>The enrolled sites.</summary>
    public static IReadOnlyList<SiteId> Enrolled(MemberStore members) => [.. members.Members().Where(member => member.Member.IsSite && !member.Revoked).Select(member => member.Member.Site)];

    /// <summary>The sites that a study asks, or that have answered it.</summary>
    public static IEnumerable<SiteId> Asked(SubmittedStudy study, IReadOnlyList<SiteId> enrolled) =>
        enrolled.Concat(study.Study.Federation.Sites).Concat(study.Verdicts.Keys).Distinct().Where(study.Involves).Order();

    /// <summary>How it protects patients, in a few words.</summary>
    public static string InShort(Study study) => $"{Sum(study.Federation.Aggregation)}{(study.Privacy is null ? "" : ", differential privacy")}";

    /// <summary>What it does, fact by fact.</summary>
    public static IEnumerable<(string Name, string Value)> Facts(Study study)
    {
        yield return ("Purpose", study.Purpose);
        yield return ("Ethics approval", study.Ethics);
        yield return ("Predicts", study.Data.Label.Name.Length == 0 ? "nothing: it measures the machinery" : study.Data.Predicted);
        yield return ("For whom", study.Data.Cohort is { } cohort ? string.Join("; ", cohort.Steps) : study.Data.Dataset.Length == 0 ? "nobody: it reads no data" : $"the rows of the table '{study.Data.Dataset}' at each hospital");
        yield return ("Model", study.Model switch
        {
            Mlp mlp => $"multi-layer perceptron, hidden layers {string.Join(", ", mlp.Hidden)}, {mlp.Activation.ToString().ToLowerInvariant()}",
            LogisticRegression => "logistic regression",
            LinearRegression => "linear regression",
            _ => "none: a vector for measuring the machinery",
        });
        yield return ("Training", Text($"{study.Federation.Rounds} rounds of federated averaging; at each site {study.Training.Optimizer.ToString().ToLowerInvariant()}, learning rate {study.Training.LearningRate}"));
        yield return ("Sites", study.Federation.Sites.IsEmpty ? "every site that approves" : string.Join(", ", study.Federation.Sites));
        yield return ("Needed in a round", Text($"{study.Federation.Quorum} sites{(study.Federation.Required.IsEmpty ? "" : $", among them {string.Join(", ", study.Federation.Required)}")}"));
        yield return ("Evaluation", study.Evaluation.Every == 0 ? "none" : $"after every {(study.Evaluation.Every == 1 ? "round" : $"{study.Evaluation.Every} rounds")}{(study.Evaluation.PerSite ? "; each site's own metrics at the end" : "")}");
        if (study.Evaluation.Every > 0)
            yield return ("Gates", study.Data.Label.Number is { } number ? Gates(study.Evaluation.ErrorGates, number) : Gates(study.Evaluation.Gates));
    }

    /// <summary>Its privacy plan, fact by fact.</summary>
    public static IEnumerable<(string Name, string Value)> Privacy(Study study)
    {
        yield return ("Updates", study.Federation.Aggregation switch
        {
            Aggregation.Plain => "plain: the coordinator sees each site's update",
            Aggregation.Secure => "masked: the coordinator gets the sum, and no site's own update",
            _ => "masked and encrypted: the members open the sum",
        });
        if (study.Privacy is not { } privacy)
        {
            yield return ("Differential privacy", "none: no bound on what the model tells of one patient");
            yield break;
        }

        yield return ("Differential privacy", "for patients, by DP-SGD");
        yield return ("Noise", Text($"multiplier {privacy.NoiseMultiplier}, {Words.OfName(privacy.Placement)}{(privacy.Placement == NoisePlacement.Central ? ": added by the coordinator, which is trusted with it" : "")}"));
        yield return ("Clipping norm", Text($"{privacy.ClippingNorm}{(privacy.Adaptive is null ? "" : ", then by a quantile of the gradients")}"));
        yield return ("Sampling", Text($"each patient with a chance of {privacy.SamplingRate} in each step; {privacy.Patients} expected at a site"));
        yield return ("What it costs", "'fcml privacy plan --study' computes it; what was charged stays in each hospital's ledger");
    }

    private static string Gates(StudyGates gates) => Text(
        $"AUROC above {gates.Baseline}, and at most {gates.Margin} below production's; calibration slope from {gates.LeastSlope} to {gates.GreatestSlope}{(gates.Intercept is { } intercept ? Text($", its intercept at most {intercept} from 0") : "")}; calibration in the large at most {gates.InTheLarge}; expected calibration error at most {gates.ExpectedError}{(gates.SubgroupGap is null ? "" : "; subgroups no further apart than stated")}");

    private static string Gates(StudyErrorGates gates, NumericOutcome number) => Text(
        $"R² above {gates.Baseline}; mean absolute error {(gates.GreatestError is { } greatest ? Text($"below {greatest}{number.AfterNumber}, and ") : "")}at most {100 * gates.Margin:0.##} % above production's; bias at most {gates.Bias} of the outcomes' standard deviation{(gates.SubgroupGap is { } gap ? Text($"; subgroups' mean absolute errors at most {gap}{number.AfterNumber} apart") : "")}");

    private static string Sum(Aggregation aggregation) => aggregation switch { Aggregation.Plain => "plain", Aggregation.Secure => "masked", _ => "encrypted" };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
