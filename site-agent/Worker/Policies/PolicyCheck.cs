using System.Collections.Immutable;
using System.Globalization;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>One rule of the policy held against a study.</summary>
/// <param name="Rule">The policy's key.</param>
/// <param name="Passed">Whether the study is within it.</param>
/// <param name="Sentence">For the steward.</param>
public sealed record PolicyFinding(string Rule, bool Passed, string Sentence);

/// <summary>Holds a site's policy against a study, and against what the study would be computed from.</summary>
public static class PolicyCheck
{
    /// <summary>The policy's key of the same name.</summary>
    internal const string MinimumHonestSurvivors = "minimum-honest-survivors";

    /// <summary>The policy's key of the same name.</summary>
    internal const string Noise = "noise";

    /// <summary>Every rule that can be judged by the study alone. A policy that cannot be read passes nothing.</summary>
    public static ImmutableArray<PolicyFinding> Study(PolicyReading reading, Study study)
    {
        ArgumentNullException.ThrowIfNull(reading);
        ArgumentNullException.ThrowIfNull(study);
        if (reading.Policy is not { } policy)
            return [.. reading.Faults.Select(fault => new PolicyFinding("policy", false, $"policy.yaml:{fault}"))];
        var findings = ImmutableArray.CreateBuilder<PolicyFinding>();
        var model = KindOf(study.Model);
        if (study.Model is not BenchmarkModel)
        {
            findings.Add(policy.Datasets is not { } allowed
                ? new("datasets", true, $"The study reads the dataset '{study.Data.Dataset}'; every mapped dataset is allowed.")
                : new("datasets", allowed.Contains(study.Data.Dataset), $"The study reads the dataset '{study.Data.Dataset}'; allowed: {Join(allowed)}."));
        }

        findings.Add(new("models", policy.Models.Contains(model), $"The model is '{model}'; allowed: {Join(policy.Models)}."));
        var encoding = study.Federation.Encoding is Float32Encoding ? "float32" : "fixed";
        findings.Add(new("encodings", policy.Encodings.Contains(encoding), $"Updates travel as {encoding}; allowed: {Join(policy.Encodings)}."));
        findings.Add(new("aggregation", policy.Aggregation.Contains(study.Federation.Aggregation.Word()), $"Updates are summed {study.Federation.Aggregation switch
        {
            Aggregation.Secure => "under masks: the coordinator learns the sum of the sites' updates, and this site's weight",
            Aggregation.EncryptedConsortium => "under masks and encrypted: every member opens the sum of the sites' updates, and tells it to the coordinator, which also learns this site's weight",
            Aggregation.EncryptedThreshold => "under masks and encrypted: all members together open the sum of the sites' updates for the coordinator, which also learns this site's weight",
            _ => "plainly: the coordinator receives this site's update by itself before it adds it to the others'",
        }}; allowed: {Join(policy.Aggregation)}."));
        if (study.Federation is { IsMasked: true, Keys.Count: >= MemberList.MinimumCount and var members })
        {
            var (colluders, honest) = (StudyTerms.Colluders(members), StudyTerms.ThresholdOf(study, members) - StudyTerms.Colluders(members));
            findings.Add(new(MinimumHonestSurvivors, honest >= policy.MinimumHonestSurvivors,
                $"With all {members} sites the sum has at least {honest} beyond the {colluders} that are assumed to collude; at least {policy.MinimumHonestSurvivors} are wanted. With fewer sites a round is held against this again."));
        }

        findings.AddRange(Privacy(policy, study));
        if (study.Evaluation.PerSite) // never beyond the policy: a site that withholds them says so, and takes part
            findings.Add(new("per-site-metrics", true, $"The study asks for this site's own metrics of the final model; the policy {(policy.PerSiteMetrics ? "releases" : "withholds")} them."));
        findings.Add(new("maximum-rounds", study.Federation.Rounds <= policy.MaximumRounds, $"The study has {study.Federation.Rounds} rounds; at most {policy.MaximumRounds} are allowed."));
        return findings.ToImmutable();
    }

    private static IEnumerable<PolicyFinding> Privacy(SitePolicy policy, Study study)
    {
        if (study.Privacy is not { } declared)
            yield break;
        var placement = declared.Placement.ToString().ToLowerInvariant();
        yield return new(Noise, policy.Noise.Contains(placement), $"{declared.Placement switch
        {
            NoisePlacement.Central => "The noise of the rounds is the coordinator's: it sees the sum of the sites' gradients without any, and is trusted, not enforced, to add it",
            NoisePlacement.Distributed => "The noise of the rounds comes in parts from all sites: enough only with the others'",
            _ => "The noise of the rounds is this site's own, enough whatever the others do",
        }} ({placement}); allowed: {Join(policy.Noise)}.");
        PrivateStudy? mechanisms = null;
        var fault = "";
        try
        {
            mechanisms = PrivateStudy.Of(study);
        }
        catch (ArgumentException unsound)
        {
            fault = unsound.Message;
        }

        if (mechanisms is null)
            yield return new(PrivacyCeilings.Key, false, $"What the study declares under privacy.dp cannot be run: {fault}");
        else if (policy.Privacy is not { } ceilings)
            yield return new(PrivacyCeilings.Key, false, $"The study releases under differential privacy, which is charged; policy.yaml has no ceilings ({PrivacyCeilings.Key}: none), so nothing may be spent.");
        else
        {
            var filter = PrivacyFilter.Under(ceilings.Study);
            yield return new(PrivacyCeilings.Key, filter.Admits(mechanisms.Cost), string.Create(CultureInfo.InvariantCulture,
                $"Everything that leaves has noise for each {(study.Data.Patient is null && study.Data.Cohort is null ? "row, which the study takes for a patient of its own" : "patient")} (multiplier {declared.NoiseMultiplier:0.###}, {study.Federation.Rounds} rounds of {study.Training.LocalSteps} steps, each with a patient by chance {declared.SamplingRate:0.###}). One run of the study costs epsilon {filter.EpsilonAfter(mechanisms.Cost):0.###} of {ceilings.Study.Epsilon.ToDouble():0.###} at delta {ceilings.Study.Delta.ToDouble():0.##e+0}, what a study may have at this site."));
        }
    }

    /// <summary>Declines where the data are too few, too faulty, or the model too large for them.</summary>
    /// <param name="policy">The site's policy.</param>
    /// <param name="rows">Rows that could be read.</param>
    /// <param name="faultyRows">Faulty ones, unreadable lines included.</param>
    /// <param name="trainingRows">Training rows.</param>
    /// <param name="dimension">Number of the model's parameters.</param>
    public static ImmutableArray<(PolicyFinding Finding, Reason Reason)> Data(SitePolicy policy, int rows, long faultyRows, int trainingRows, int dimension)
    {
        ArgumentNullException.ThrowIfNull(policy);
        var share = rows + faultyRows == 0 ? 0 : (double)faultyRows / Math.Max(rows, faultyRows);
        var perRow = trainingRows == 0 ? double.PositiveInfinity : (double)dimension / trainingRows;
        return
        [
            (new("maximum-faulty-rows", share <= policy.MaximumFaultyRows, $"{faultyRows} of {rows} rows have faults; the greatest share allowed is {policy.MaximumFaultyRows}."), Reason.DataUnfit),
            (new("minimum-training-rows", trainingRows >= policy.MinimumTrainingRows, $"There are {trainingRows} training rows; at least {policy.MinimumTrainingRows} are needed."), Reason.TooFewRows),
            (new("maximum-parameters-per-row", policy.MaximumParametersPerRow is not { } limit || perRow <= limit,
                $"The model has {dimension} parameters for {trainingRows} training rows; allowed for each row: {policy.MaximumParametersPerRow?.ToString() ?? "any number"}."), Reason.ReleaseBeyondPolicy),
        ];
    }

    /// <summary>Whether those who opted out can be left out of a study: by the column that names the patient, and by nothing else.</summary>
    public static (PolicyFinding Finding, Reason Reason) Exclusions(Study study, ExclusionList exclusions)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(exclusions);
        return (new("exclusions", exclusions.Count == 0 || study.Data.Patient is not null || study.Data.Cohort is not null, (exclusions.Count, study.Data.Patient) switch
        {
            (0, _) => "Nobody has opted out.",
            _ when study.Data.Cohort is not null => $"{exclusions.Count} patients have opted out; events know their patients.",
            (_, { } column) => $"{exclusions.Count} patients have opted out; the column '{column}' tells who they are.",
            _ => $"{exclusions.Count} patients have opted out, and the study names no column of patients by which they could be left out.",
        }), Reason.DataUnfit);
    }

    /// <summary>Whether failed rules of quality, of the severities that a study names, keep this site out: nothing that the site loosens lets it in.</summary>
    public static PolicyFinding Quality(StudyQuality quality, QualityReport report)
    {
        ArgumentNullException.ThrowIfNull(quality);
        ArgumentNullException.ThrowIfNull(report);
        var failing = report.Failing(quality);
        return new("quality", failing.IsEmpty, failing.IsEmpty
            ? $"No rule of quality failed of the severities that keep a site out: {Join(quality.KeepsOut.Select(severity => severity.Word()))}."
            : $"{string.Join("; ", failing.Select(Sentence))}. 'site-worker quality check' shows them, 'site-worker quality review' lists what can be decided.");

        string Sentence(QualityResult result)
        {
            var loosened = report.Results.Any(own => ReferenceEquals(own.Rule.AsItComes, result.Rule)) ? ", for a study holds no change of the site's that loosens a rule" : "";
            return string.Create(CultureInfo.InvariantCulture,
                $"{result.Rule.Id} ({result.Rule.Severity.Word()}): {result.Failed} of {result.Checked} {result.Rule.Of.Word()} fail, allowed are {result.Rule.MaximumShare * 100:0.##} %{loosened}");
        }
    }

    private static string KindOf(StudyModel model) => model switch
    {
        LogisticRegression => "logistic-regression",
        LinearRegression => "linear-regression",
        Mlp => "mlp",
        BenchmarkModel => "benchmark",
        _ => model.GetType().Name,
    };

    private static string Join(IEnumerable<string> words) => string.Join(", ", words) is { Length: > 0 } list ? list : "nothing";
}
