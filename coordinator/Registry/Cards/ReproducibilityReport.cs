using System.Collections.Immutable;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>
/// The answers that reviewers ask for, made of the same facts as <see cref="ModelCard"/>: the items of DOME (Walsh et al. 2021, "DOME: recommendations for supervised machine learning validation in biology", Nature Methods 18,
/// https://doi.org/10.1038/s41592-021-01205-4) and the questions of the NeurIPS paper checklist (https://neurips.cc/public/guides/PaperChecklist). What the system does not know is left to the authors, and says so. (docs/reference/model-card.md)
/// </summary>
public static class ReproducibilityReport
{
    private const string Authors = "For the authors to answer: ";

    /// <summary>Writes the report of an entry that holds.</summary>
    /// <param name="facts">What the entry says.</param>
    /// <param name="rounds">Its round records.</param>
    /// <param name="key">Who has signed it.</param>
    /// <param name="version">Its version, and how far that has come; null: it has none, or nobody was asked.</param>
    public static Card Of(ModelFacts facts, ImmutableArray<RecordedRound> rounds, VerifyingKey key, (ModelVersion Version, string Stage)? version)
    {
        ArgumentNullException.ThrowIfNull(facts);
        ArgumentNullException.ThrowIfNull(key);
        var (study, entry) = (facts.Study, facts.Entry);
        var files = $"entry {entry.Digest}, signed with the key {key.Fingerprint}";
        return new Card(
            $"Reproducibility report: {study.Name}{(version is { } known ? $" {known.Version}" : "")}",
            [
                new CardSection("What this is", [new CardText(
                    $"Generated from the registry's {files}; nothing is typed by hand. Where an answer begins with '{Authors.TrimEnd(' ', ':')}', the system does not know it.")]),
                new CardSection("DOME: data", [Answers(
                    ("Provenance", $"Hospitals' own records, which stay there: {Sites(rounds)}; {ModelCard.Population(study)}. What each site read is named by a keyed fingerprint in the signed round records."),
                    ("Splits into training and test", $"{Split(study.Data.Split)} No validation set: nothing is chosen by the test rows but, where the study allows none to fall, whether a round is kept."),
                    ("Redundancy between splits", study.Data.Patient is not null || study.Data.Cohort is not null ? "All rows of a patient are on one side of a split by patients; patients seen at two hospitals are not known to anybody." : "Each row counts as a patient of its own: the study names no patient."),
                    ("Availability of data", "The data are patients' records and are not published. Each hospital can compute its own releases again ('site-worker replay')."))]),
                new CardSection("DOME: optimisation", [Answers(
                    ("Algorithm", $"{ModelCard.Kind(study)}, by {ModelCard.Training(study)}."),
                    ("Meta-predictions", "None: the inputs are features, not other models' answers."),
                    ("Data encoding", "Numbers are standardised with frozen constants where the study says so; categories are one input for each level; the rule for missing values is in the card's inputs. The ONNX graph holds all of it."),
                    ("Parameters", ModelCard.Text($"{ModelPlan.For(study).Layout.Dimension:N0}. How many rows each hospital counted as is in the card's training data.")),
                    ("Features", $"{study.Data.Features.Length}, declared before training: {string.Join(", ", study.Data.Features.Select(feature => feature.Name))}."),
                    ("Fitting", $"Held against test rows {(study.Evaluation.Every == 0 ? "never" : study.Evaluation.Every == 1 ? "after each round" : $"every {study.Evaluation.Every} rounds")}."),
                    ("Regularisation", Regularisation(study)),
                    ("Availability of configuration", $"All of it is the study, {study.Digest}, which is a file of the entry."))]),
                new CardSection("DOME: model", [Answers(
                    ("Interpretability", study.Model is LogisticRegression or LinearRegression ? "One weight for each input, in parameters.bin." : $"A black box. {Authors}whether and how its answers are explained."),
                    ("Output", study.Data.Label.Number is null ? $"A probability: {study.Data.Predicted}." : $"A number: {study.Data.Predicted}. No prediction lies outside."),
                    ("Execution time", facts.Evidence.Used.IsEmpty ? $"{Authors}it depends on where it runs. 'site-scoring' logs the time of each answer." : $"{ModelCard.Latency(facts)}."),
                    ("Availability of software", $"coordinator {entry.Software}; {string.Join(", ", ModelCard.Software(rounds))}. model.onnx runs without this software."))]),
                new CardSection("DOME: evaluation", [Answers(
                    ("Method", Method(facts)),
                    ("Measures", Measures(facts)),
                    ("Comparison", $"The study's gates, against a baseline {(study.Data.Label.Number is null ? ModelCard.Text($"AUROC of {study.Evaluation.Gates.Baseline}") : ModelCard.Text($"R² of {study.Evaluation.ErrorGates.Baseline}"))} and the version in production. {Authors}other methods."),
                    ("Fairness", SubgroupSection.Line(facts)),
                    ("Confidence", $"95 % intervals; {(study.Data.Label.Number is null ? "of pooled figures the widest that they can be, for sums do not tell how hospitals differ" : "of rows, for sums do not tell how hospitals differ")}. docs/reference/evaluation.md has the formulas."),
                    ("Availability of evaluation", "metrics.json holds the counts that every figure is made of; the results of each round's evaluation are named by the signed records."))]),
                new CardSection("NeurIPS checklist", [Answers(
                    ("1. Claims", $"{Authors}whether the abstract claims what the figures above show."),
                    ("2. Limitations", "See 'What this card does not tell' in the card."),
                    ("3. Theory", "Not applicable: no theorem is claimed. Privacy accounting is by published bounds (docs/reference/accounting.md)."),
                    ("4. Reproducibility of results", $"Yes, to the bit: 'fcml replay {entry.Run.Value}' makes the parameters of each round again from kept sums, and each hospital its releases; where all rows are in one place, 'fcml replay --data' makes all of it again."),
                    ("5. Open access to data and code", $"Data: no (see above). {Authors}where the code of version {entry.Software} is."),
                    ("6. Settings and details", $"The study, {study.Digest}, with defaults filled in; seeds {study.Training.Seed} (parameters, order of samples)."),
                    ("7. Statistical significance", "95 % intervals, as above; between hospitals by random effects where sites release their own."),
                    ("8. Compute resources", $"Each hospital's processor: {string.Join(", ", ModelCard.Software(rounds))}. One thread, for the sake of bits. {Authors}the hours."),
                    ("9. Code of ethics", $"In the study's words: {study.Ethics}"),
                    ("10. Broader impacts", $"{Authors}whom it may serve or harm."),
                    ("11. Safeguards", "Gates, two people's approval, rollout by steps at sites that allow it, and a rollback that one person can order (docs/reference/model-stages.md)."),
                    ("12. Licences of what was used", $"{Authors}those of the data; this software's is in its LICENSE."),
                    ("13. New assets", $"The model, documented by its card: {files}."),
                    ("14. Crowdsourcing and human subjects", "No crowdsourcing. Records of patients, under the approvals below."),
                    ("15. Review boards", $"In the study's words: {study.Ethics} Each hospital's steward approved the study's digest before it computed anything."),
                    ("16. Use of language models", $"{Authors}none takes part in this software's rounds."))]),
            ]);
    }

    private static CardTable Answers(params IEnumerable<(string Item, string Answer)> answers) => new(["item", "answer"], [.. answers.Select(answer => ImmutableArray.Create(answer.Item, answer.Answer))]);

    private static string Sites(ImmutableArray<RecordedRound> rounds) =>
        string.Join(", ", rounds.SelectMany(round => round.Committed).Where(step => step.Id.Kind == StepKind.Training).SelectMany(step => step.Participants).Select(part => part.Site).Distinct().Order());

    private static string Split(Split split) => split switch
    {
        { TestFrom: { } year } => $"By the year of care: test rows from {year} on, training rows before.",
        { Column: { } column } => $"By the column {column}: {split.TrainValue} for training, {split.TestValue} for test.",
        _ => ModelCard.Text($"Seeded: {split.TestFraction:0.##} of the patients for test, seed {split.Seed}, each hospital for itself."),
    };

    private static string Regularisation(Study study)
    {
        var dropout = study.Model is Mlp { Dropout: > 0 } mlp ? ModelCard.Text($"Dropout {mlp.Dropout}. ") : "";
        return study.Privacy is { } privacy ? ModelCard.Text($"{dropout}Clipping at {privacy.ClippingNorm} and noise (multiplier {privacy.NoiseMultiplier}) for privacy.") : dropout.Length > 0 ? dropout.TrimEnd() : "None.";
    }

    private static string Method(ModelFacts facts) => facts.Evaluation switch
    {
        { Number.Errors: not null } => "On each hospital's own test rows; errors are summed there, and the sums added up.",
        { Histogram: not null } => "On each hospital's own test rows; scores are counted there in bins, suppressed, and added up.",
        _ => $"Nothing was evaluated, or every site withheld its {(facts.Study.Data.Label.Number is null ? "scores" : "errors")}.",
    };

    private static string Measures(ModelFacts facts) => facts.Evaluation switch
    {
        { Number.Metrics: { Rows: > 0 } errors } => ErrorSections.Measures(errors, facts.Study.Data.Label.Number!),
        { Histogram: { } histogram } => Measures(ClassifierMetrics.Of(histogram)),
        _ => "None.",
    };

    private static string Measures(ClassifierMetrics metrics) =>
        $"AUROC {(metrics.AurocInterval is { } area ? area.Text() : "undefined")}, AUPRC {ClassifierMetrics.Text(metrics.Auprc)}, Brier {ClassifierMetrics.Text(metrics.Brier)}, calibration slope {ClassifierMetrics.Text(metrics.CalibrationSlope)}, on {metrics.Positives} positive and {metrics.Negatives} negative rows; more in the card.";
}
