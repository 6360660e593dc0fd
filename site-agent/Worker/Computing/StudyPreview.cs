using System.Globalization;
using System.Numerics.Tensors;
using System.Text;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// Computes what would leave in the first steps of a study, and sends nothing: no log entry, no file in the outgoing directory. Constants
/// that the consortium would freeze are taken from this site alone, and the model starts from the study's own initial parameters.
/// </summary>
/// <param name="core">For policy and exclusions.</param>
/// <param name="cohorts">The site's rows; of its own, so that a preview never disturbs a round.</param>
/// <param name="trainer">Trains.</param>
/// <param name="site">This site.</param>
public sealed class StudyPreview(WorkerCore core, CohortCache cohorts, ITrainer trainer, SiteId site)
{
    private readonly Lock _one = new(); // the computer keeps a buffer

    /// <summary>What would leave.</summary>
    /// <exception cref="StepDeclinedException">The data cannot be read.</exception>
    public PreviewReply Of(Study study)
    {
        ArgumentNullException.ThrowIfNull(study);
        var reply = new PreviewReply();
        var checks = core.Check(study);
        reply.Checks.AddRange(checks.Select(Check));
        // What a study under differential privacy declares may be such that it cannot be run at all; then there is nothing to show.
        if (core.Policy().Policy is not { } policy || checks.Any(check => check.Rule == PrivacyCeilings.Key && !check.Passed))
            return reply;
        lock (_one)
        {
            if (study.Model is BenchmarkModel benchmark)
            {
                var format = UpdateFormats.For(study.Federation.Encoding);
                reply.Releases.Add(new PreviewRelease
                {
                    Kind = "training",
                    Length = (ulong)format.PayloadLength(benchmark.Parameters),
                    Content = $"{benchmark.Parameters} times a constant; no patient data are read.",
                });
                return reply;
            }

            Compute(study, policy, reply);
        }

        return reply;
    }

    /// <summary>The profile of this site's rows, as it would leave.</summary>
    /// <exception cref="StepDeclinedException">The data cannot be used, or the policy withholds profiles.</exception>
    public StepComputation Profile(Study study, SitePolicy policy)
    {
        ArgumentNullException.ThrowIfNull(study);
        lock (_one)
        {
            return new SiteStepComputer(cohorts, trainer).Compute(
                new StepRequest(study, site, new StepId(RunId.Parse(new string('0', 16)), RoundNumber.Preparation, StepKind.Profile, 1), default, null, core.Exclusions(), policy),
                CancellationToken.None);
        }
    }

    private void Compute(Study study, SitePolicy policy, PreviewReply reply)
    {
        var plan = ModelPlan.For(study);
        var exclusions = core.Exclusions();
        var data = cohorts.Load(study, exclusions);
        var findings = data.Check(policy, study, plan, exclusions);
        reply.Checks.AddRange(findings.Select(finding => Check(finding.Finding)));
        reply.Releases.Add(new PreviewRelease { Kind = "nothing (counts for the steward only)", Content = Counts(data, study.Data.Label.Number is not null) });
        if (findings.Any(finding => !finding.Finding.Passed))
            return;

        var run = RunId.Parse(new string('0', 16));
        var computer = new SiteStepComputer(cohorts, trainer);
        if (policy.Profile != ProfileRule.Withhold && study.Privacy is null)
            reply.Releases.Add(Json("profile, where the consortium asks for one", Profile(study, policy).Payload.Span));
        StepComputation At(StepKind kind, ReadOnlyMemory<byte> constants, IncomingParameters? from) => computer.Compute(
            new StepRequest(study, site, new StepId(run, new RoundNumber(kind.IsWithoutParameters() ? 0 : kind == StepKind.Training ? 1 : study.Federation.Rounds), kind, 1), constants, from, exclusions, policy,
                study.Privacy is null ? null : _ => StepRandomness.ForPreview()),
            CancellationToken.None);

        PreparationReport? report = null;
        if (PreprocessingConstants.NeedPreparation(study))
        {
            var preparation = At(StepKind.Preparation, default, null).Payload;
            report = PreparationReport.Read(study, preparation.Span);
            reply.Releases.Add(Json("preparation", preparation.Span));
        }

        PreprocessingConstants constants;
        try
        {
            constants = PreprocessingConstants.Freeze(study, report);
        }
        catch (InvalidDataException missing)
        {
            reply.Releases.Add(new PreviewRelease { Kind = "training", Content = $"Cannot be computed from this site alone: {missing.Message}" });
            return;
        }

        var parameters = new IncomingParameters(plan.InitialParameters());
        if (study.SumsGradients)
        {
            reply.Releases.Add(new PreviewRelease
            {
                Kind = "training", Length = (ulong)plan.Layout.Dimension * sizeof(long), Content = $"A sum of clipped gradients with {(study.Privacy!.Placement == NoisePlacement.Central ? "none" : "a part")} of the noise, under masks: nobody sees it but in the sum of all sites.",
            });
        }
        else
        {
            var update = At(StepKind.Training, constants.Canonical, parameters);
            reply.Releases.Add(new PreviewRelease { Kind = "training", Length = (ulong)update.Payload.Length, Content = Summary(study, update) });
        }

        if (study.Evaluation.Every > 0)
            reply.Releases.Add(Json("evaluation", At(StepKind.Evaluation, constants.Canonical, parameters).Payload.Span));
        if (study.Evaluation.PerSite)
            reply.Releases.Add(Json("per-site metrics", At(StepKind.SiteMetrics, constants.Canonical, parameters).Payload.Span));
    }

    private static string Summary(Study study, StepComputation update)
    {
        var values = new double[update.Dimension];
        UpdateFormats.For(study.Federation.Encoding).Decode(update.Payload.Span, values);
        return string.Create(CultureInfo.InvariantCulture,
            $"{update.Encoding}, {update.Dimension} values from {TensorPrimitives.Min<double>(values):G4} to {TensorPrimitives.Max<double>(values):G4}, Euclidean norm {TensorPrimitives.Norm<double>(values):G4}, {update.Saturated} saturated, weight {update.Weight}.");
    }

    private static string Counts(SiteData data, bool predictsNumber)
    {
        var counts = data.Cohort.Counts;
        var text = new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"{counts.Rows} rows read, {counts.FaultyRows} with faults; left out: {counts.OptedOut} opted out, {counts.WithoutLabel} without label, {counts.WithoutRequiredValue} without a required value, {counts.InNeitherPart} in neither part. ")
            .Append(CultureInfo.InvariantCulture, $"Training {counts.Training}{Positive(counts.TrainingPositives)}, test {counts.Test}{Positive(counts.TestPositives)}.");
        foreach (var step in counts.Flow)
            text.Append(CultureInfo.InvariantCulture, $"\n{step.Patients} patients, {step.Rows} rows: {step.Name}");
        foreach (var (feature, missing, implausible) in counts.Features.Where(feature => feature.Missing + feature.Implausible > 0))
            text.Append(CultureInfo.InvariantCulture, $"\n{feature}: {missing} missing, {implausible} implausible");
        foreach (var fault in data.Faults)
            text.Append(CultureInfo.InvariantCulture, $"\n{(fault.Column.Length == 0 ? $"line {fault.Row}" : $"row {fault.Row}, column {fault.Column}")}: {fault.What}");
        return text.ToString();

        string Positive(int positives) => predictsNumber ? "" : string.Create(CultureInfo.InvariantCulture, $" ({positives} positive)");
    }

    private static PreviewRelease Json(string kind, ReadOnlySpan<byte> payload) => new() { Kind = kind, Length = (ulong)payload.Length, Content = Encoding.UTF8.GetString(payload) };

    private static Protos.Steward.PolicyCheck Check(PolicyFinding finding) => new() { Rule = finding.Rule, Passed = finding.Passed, Sentence = finding.Sentence };
}
