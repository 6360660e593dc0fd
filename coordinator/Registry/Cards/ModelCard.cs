using System.Collections.Immutable;
using System.Globalization;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Learning.Onnx;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>
/// The card of a registered model, in the manner of Mitchell et al. 2019 ("Model cards for model reporting", FAT*): generated from the entry, so that whoever has its files has the same card, and of what is there of its rounds and its study's profile (<see cref="ModelFacts.Evidence"/>). What is not
/// known is said to be unknown; nothing is typed by hand. (docs/reference/model-card.md)
/// </summary>
public static class ModelCard
{
    /// <summary>Writes the card of an entry that holds.</summary>
    /// <param name="facts">What the entry says.</param>
    /// <param name="rounds">Its round records.</param>
    /// <param name="key">Who has signed it.</param>
    /// <param name="version">Its version, and how far that has come; null: it has none, or nobody was asked.</param>
    public static Card Of(ModelFacts facts, ImmutableArray<RecordedRound> rounds, VerifyingKey key, (ModelVersion Version, string Stage)? version)
    {
        ArgumentNullException.ThrowIfNull(facts);
        ArgumentNullException.ThrowIfNull(key);
        var (entry, study) = (facts.Entry, facts.Study);
        return new Card(
            $"{study.Name}{(version is { } known ? $" {known.Version}" : "")}: {study.Title}",
            [
                new CardSection("Model", Model(facts, key, version)),
                UseSection.Of(study),
                new CardSection("Inputs", [Inputs(study)]),
                new CardSection("Training data", Training(study, rounds)),
                .. TableOneSection.Of(facts),
                new CardSection("Performance, all sites", Overall(facts)),
                .. RoundsSection.Of(facts),
                new CardSection("Performance, site by site", Sites(facts)),
                SubgroupSection.Of(facts),
                .. UsedSection.Of(facts),
                new CardSection("Gates of the study", [Gates(facts), new CardText("Without those against a version in production: 'fcml models gates' measures them.")]),
                new CardSection("Privacy", [CardTable.Facts(Privacy(study, rounds))]),
                new CardSection("Ethics", [new CardText(study.Ethics)]),
                new CardSection("Technical needs", [CardTable.Facts(Needs(facts))]),
                new CardSection("Reproduce", [
                    CardTable.Facts(
                        ("Study", entry.Study.ToString()), ("Run", entry.Run.Value), ("Parameters", entry.Parameters.ToString()), ("Initial parameters", entry.Initial.ToString()),
                        ("Software", $"coordinator {entry.Software}; {string.Join(", ", Software(rounds))}"),
                        ("The coordinator ran on", entry.Environment ?? "not recorded"), ("Trained to follow", entry.Parent?.ToString() ?? "no version of its line")),
                    new CardText($"'fcml models verify {entry.Digest.Short}' holds every file and record against its digest and signature; 'fcml replay {entry.Run.Value}' makes the parameters of each round again from the kept sums.")]),
                new CardSection("What this card does not tell", [
                    new CardText("How the model serves subgroups that the study does not declare, or that were withheld. How it does on later patients, or beside a clinician. Figures pooled from sums say how all test rows together were scored, and not how hospitals differ.")]),
            ]);
    }

    private static ImmutableArray<CardBlock> Model(ModelFacts facts, VerifyingKey key, (ModelVersion Version, string Stage)? version)
    {
        var (entry, plan) = (facts.Entry, ModelPlan.For(facts.Study));
        return
        [
            CardTable.Facts(
                ("Version", version is { } known ? $"{known.Version}, in {known.Stage}" : "none was confirmed, or nobody was asked"),
                ("Entry", entry.Digest.ToString()), ("Signed with the key", key.Fingerprint.ToString()), ("Registered", entry.Registered.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture)),
                ("Kind", Kind(facts.Study)), ("Parameters", Text($"{plan.Layout.Dimension:N0} of 32 bits")),
                ("Training", Training(facts.Study)),
                ("Files", string.Join(", ", entry.Files.Select(file => Text($"{file.Name} ({file.Length:N0} bytes)"))))),
        ];
    }

    /// <summary>What is trained, in words.</summary>
    internal static string Kind(Study study) => study.Model switch
    {
        Mlp mlp => $"multi-layer perceptron, hidden layers {string.Join(", ", mlp.Hidden)}, {mlp.Activation.ToString().ToLowerInvariant()}",
        LogisticRegression => "logistic regression",
        LinearRegression => "linear regression",
        _ => "no model: a vector for measuring the machinery",
    };

    /// <summary>How it is trained, in words.</summary>
    internal static string Training(Study study) =>
        Text($"{study.Federation.Rounds} rounds of federated averaging; at each site {study.Training.Optimizer.ToString().ToLowerInvariant()}, learning rate {study.Training.LearningRate}");

    /// <summary>Whom the study asks for, in words.</summary>
    internal static string Population(Study study) => study.Data.Cohort is { } cohort ? string.Join("; ", cohort.Steps) : $"the rows of the table '{study.Data.Dataset}' at each hospital";

    private static CardTable Inputs(Study study) => new(
        ["input", "kind", "unit", "plausible", "where it is missing"],
        [.. study.Data.Features.Select(feature => ImmutableArray.Create(
            feature.Name,
            feature.Source is { } source ? source.Definition : feature.Type.ToString().ToLowerInvariant(),
            feature.Type == FeatureType.Number ? feature.Unit : "",
            feature.Type == FeatureType.Number ? Text($"{feature.Minimum} to {feature.Maximum}") : string.Join(", ", feature.Levels.Select(level => Text($"{level}"))),
            WhereMissing(feature)))]);

    /// <summary>What is done where a value is missing, in words.</summary>
    internal static string WhereMissing(Feature feature) => feature.Missing switch
    {
        MissingRule.Mean => feature.Type == FeatureType.Category ? "no level is set" : "the training rows' mean",
        MissingRule.Value => Text($"{feature.MissingValue}"),
        _ => "the row is left out",
    };

    private static ImmutableArray<CardBlock> Training(Study study, ImmutableArray<RecordedRound> rounds)
    {
        var trained = rounds.SelectMany(round => round.Committed).Where(step => step.Id.Kind == StepKind.Training).ToList();
        var sites = trained.SelectMany(step => step.Invited.Concat(step.Participants.Select(part => part.Site))).Distinct().Order();
        var weighs = study.Federation.Weighting == Weighting.Rows ? "training rows that it counted as" : "weight";
        return
        [
            new CardTable(
                ["site", "rounds", weighs, "fingerprint of its data"],
                [.. sites.Select(site =>
                {
                    var parts = trained.SelectMany(step => step.Participants).Where(part => part.Site == site).ToList();
                    var took = trained.Where(step => step.Participants.Any(part => part.Site == site)).Select(step => step.Id.Round).Distinct().Count(); // a masked round's attempts may each have a sum
                    return ImmutableArray.Create(
                        site.Value, Text($"{took} of {study.Federation.Rounds}"), parts.Count == 0 ? "-" : string.Join(", ", parts.Select(part => part.Weight).Distinct()),
                        parts.Count == 0 ? "-" : string.Join(", ", parts.Select(part => part.Data?.Short ?? "none was read").Distinct()));
                })]),
            new CardText("Fingerprints are keyed: only the hospital itself can say what they are of. Who was invited, who took part and who did not, and why, is in the signed round records. Flow counts and Table 1 are in the study's profile ('fcml study profile'), where one was asked for."),
        ];
    }

    private static ImmutableArray<CardBlock> Overall(ModelFacts facts)
    {
        if (facts.Study.Data.Label.Number is { } number)
            return ErrorSections.Overall(RegressionMetrics.Of(facts.Evaluation?.Number?.Errors), number);
        if (facts.Evaluation?.Histogram is not { } histogram)
            return [new CardText("Nothing was evaluated, or every site withheld its scores.")];
        var metrics = ClassifierMetrics.Of(histogram);
        var calibration = CalibrationSummary.Of(histogram);
        var blocks = ImmutableArray.CreateBuilder<CardBlock>();
        blocks.Add(CardTable.Facts(
            ("Test rows", Text($"{metrics.Positives:N0} positive, {metrics.Negatives:N0} negative{(facts.Study.Privacy is null ? "" : ", counted with noise")}")),
            ("AUROC", metrics.AurocInterval is { } area ? $"{area.Text()} (95 %, the widest that it can be)" : "undefined"),
            ("AUPRC", Share(metrics.Auprc)), ("Brier score", Share(metrics.Brier)), ("Accuracy at 0.5", Share(metrics.Accuracy)),
            ("Calibration slope, intercept", CalibrationFit.Of(metrics.Calibration) is { } fit ? $"{fit.SlopeInterval.Text()}, {fit.InterceptInterval.Text()} (95 %)" : "undefined"),
            ("Calibration in the large", calibration?.InTheLarge is { } large ? $"{large.Text()} (95 %)" : "undefined"),
            ("Expected calibration error", calibration is null ? "undefined" : $"{calibration.ExpectedErrorInterval.Text()} (95 %)")));
        blocks.Add(new CardText("Pooled from the sites' suppressed histograms of scores, added up; docs/reference/evaluation.md says what each figure is made of."));
        if (!metrics.Calibration.IsEmpty)
            blocks.Add(CardPlots.Calibration(metrics.Calibration));
        blocks.Add(UseSection.PointTable(facts.Study, histogram));
        if (DecisionCurve.Of(histogram, Enumerable.Range(1, 47).Select(i => i / 50.0)) is { IsEmpty: false } curve)
            blocks.Add(CardPlots.Decisions(curve));
        return blocks.ToImmutable();
    }

    private static ImmutableArray<CardBlock> Sites(ModelFacts facts) => facts.Sites is not { } sites
        ? [new CardText("The study asked for no metrics of single sites (evaluation.per-site).")]
        : facts.Study.Data.Label.Number is { } number ? [ErrorSections.Sites(sites, number)] :
        [
            new CardTable(
                ["site", "test rows", "AUROC", "AUROC is of", "Brier score", "calibration slope"],
                [.. sites.Sites.Select(site => site.Report.Metrics is { } metrics
                    ? ImmutableArray.Create(site.Site.Value, Text($"{metrics.Positives} positive, {metrics.Negatives} negative"), site.Report.Area is { } area ? area.Text() : "undefined", site.Report.ExactArea is null ? "its sums" : "its rows (DeLong)", Share(metrics.Brier), Share(metrics.CalibrationSlope))
                    : [site.Site.Value, site.Report.Withheld == Withholding.Policy ? "withheld by its policy" : "withheld: too few", "", "", "", ""])]),
            .. sites.AreaLogit is { } effects ? [OverSites(effects)] : ImmutableArray<CardBlock>.Empty,
        ];

    private static CardTable OverSites(RandomEffects effects) => CardTable.Facts(
        ("AUROC, mean over the sites that tell their own", $"{effects.Mean.FromLogit().Text()} (95 %; {effects.Basis})"),
        ("Where one more site would be found", effects.Prediction is { } prediction ? $"{Text($"{prediction.FromLogit().Low:0.000} to {prediction.FromLogit().High:0.000}")} (95 %)" : "not known of fewer than three sites"));

    private static CardTable Gates(ModelFacts facts) => new(
        ["gate", "", "measured"], [.. ModelGates.Check(facts, null).Gates.Select(gate => ImmutableArray.Create(gate.Name, gate.Passed ? "passed" : "not passed", gate.Sentence))]);

    private static IEnumerable<(string Name, string Value)> Privacy(Study study, ImmutableArray<RecordedRound> rounds)
    {
        yield return ("Updates", study.Federation.Aggregation switch
        {
            Aggregation.Plain => "each site's update was seen by the coordinator",
            Aggregation.Secure => "summed under masks: the coordinator got the sum",
            _ => "masked and encrypted; the members opened the sum",
        });
        yield return ("Differential privacy", study.Privacy is not { } privacy ? "none: the model can reveal training data to whoever has it"
            : Text($"for patients; noise multiplier {privacy.NoiseMultiplier}, clipping norm {privacy.ClippingNorm}, sampling rate {privacy.SamplingRate}, {privacy.Patients} patients expected at each site, placement {privacy.Placement.ToString().ToLowerInvariant()}"));
        if (study.Privacy is not null)
            yield return ("Spent", Text($"epsilon {Math.Ceiling(1000 * PrivacySpent.Epsilon(study, rounds)) / 1000:0.000} at delta {PrivacySpent.Delta:0e+0} at most, of a patient at the hospital that was invited to the most steps, those that failed among them; by the ledgers' count, of this run alone. What a hospital's ledger was charged in all stays there ('site-worker ledger show')"));
    }

    private static IEnumerable<(string Name, string Value)> Needs(ModelFacts facts)
    {
        var (entry, plan) = (facts.Entry, ModelPlan.For(facts.Study));
        yield return ("Input", Text($"one row of {facts.Study.Data.Features.Length} numbers of 32 bits, in the units and the order of the inputs above; missing is not a number"));
        yield return ("Runs in", entry.File(ModelFileNames.Onnx) is null ? "nothing: it is no network"
            : Text($"anything that runs ONNX of IR version {OnnxWriter.IrVersion} and operator set {OnnxWriter.OpsetVersion}, on one processor core; 'site-scoring' answers by REST, by CDS Hooks and from files"));
        yield return ("Memory", Text($"{plan.Layout.Dimension * (long)sizeof(float):N0} bytes of parameters, beside the runtime"));
        yield return ("Latency", Latency(facts));
    }

    /// <summary>How fast it answers where it is used.</summary>
    internal static string Latency(ModelFacts facts) =>
        facts.Evidence.Used.Where(site => site.Use is { Slowest: not null }).Select(site => $"{site.Told.Site} {UsedSection.Within(site.Use!.Slowest)}").ToList() is { Count: > 0 } told
            ? $"99 of 100 answers at {string.Join(", ", told)}, each in the newest window that it told"
            : "not known: no site has told of its use, or this card was made of the entry alone. 'site-scoring' counts it, and tells it on the schedule that a steward has approved";

    /// <summary>What the sites computed with.</summary>
    internal static IEnumerable<string> Software(ImmutableArray<RecordedRound> rounds) => rounds.SelectMany(round => round.Committed).SelectMany(step => step.Participants)
        .GroupBy(part => $"sites {part.Software}", part => part.Capability).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => $"{group.Key} ({string.Join("; ", group.Distinct().Order(StringComparer.Ordinal))})");

    private static string Share(double? share) => ClassifierMetrics.Text(share);

    /// <summary>A share, as far as it is known.</summary>
    internal static string Share(BoundedShare? share) => share switch
    {
        { Value: { } value } known => Text($"{value:0.000} [{known.Low:0.000}, {known.High:0.000}]"),
        { } open => Text($"{open.Least:0.000} to {open.Most:0.000}"),
        null => "undefined",
    };

    /// <summary>The text, whatever the machine's language.</summary>
    internal static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
