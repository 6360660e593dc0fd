using static FederatedClinicalMl.Studies.NumberShape;

namespace FederatedClinicalMl.Studies;

/// <summary>What a study says of its evaluation, and of whom its scores are for: keys, types, ranges, defaults and meanings.</summary>
internal static class EvaluationShape
{
    /// <summary>Most subgroups that a partition has, without those whose value is missing.</summary>
    public const int MaximumGroups = 8;

    /// <summary>Most partitions.</summary>
    public const int MaximumPartitions = 4;

    private const int MaximumPoints = 5;
    private const int MaximumSentences = 20;

    private static readonly MapShape s_subgroupGap = new(
        new("auroc", new NumberShape(0, 1), "Most by which areas under the ROC curve may differ."),
        new("equal-opportunity", new NumberShape(0, 1), "Most by which sensitivities may differ at each operating point; at 0.5 where the study declares none."),
        new("in-the-large", new NumberShape(0, 1), "Most by which calibration in the large may differ."));

    private static readonly MapShape s_gates = new(
        new("baseline", new NumberShape(0, 1), "The AUROC that the model has to beat, such as that of the score in use today: the lower end of its 95 % interval has to be above, and that of each site's own AUROC where sites tell it.", StudyGates.Default.Baseline),
        new("margin", new NumberShape(0, 1, BelowMaximum: true), "By how much its AUROC may be below that of the version in production, at the lower end of the 95 % interval of the difference.", StudyGates.Default.Margin),
        new("least-slope", new NumberShape(0, 1), "Least calibration slope; below 1 the model is too sure of itself.", StudyGates.Default.LeastSlope),
        new("greatest-slope", new NumberShape(1, 100), "Greatest calibration slope.", StudyGates.Default.GreatestSlope),
        new("intercept", new NumberShape(0, 10), "Greatest distance from 0 of the calibration intercept, a logit, that is fitted with the slope. Without it, none is asked for: calibration in the large says the same in shares."),
        new("in-the-large", new NumberShape(0, 1), "Greatest distance of the share of positives from the mean probability.", StudyGates.Default.InTheLarge),
        new("ece", new NumberShape(0, 1), "Greatest expected calibration error.", StudyGates.Default.ExpectedError),
        new("subgroup-gap", s_subgroupGap, "Most by which metrics may differ between the subgroups of each partition, as far as is certain. A partition of which fewer than two subgroups are told does not pass."));

    private static readonly MapShape s_errorGates = new(
        new("baseline", new NumberShape(-1, 1), "The R² that the model has to beat: the lower end of its 95 % interval has to be above, and each site's own R² where sites tell it. 0 is that of the mean outcome.", StudyErrorGates.Default.Baseline),
        new("greatest-error", new NumberShape(0, double.MaxValue, AboveMinimum: true), "Mean absolute error, in the outcome's unit, that the upper end of its 95 % interval has to be below, such as what a colleague's estimate is off by. Without it, no error is too great by itself."),
        new("margin", new NumberShape(0, 1, BelowMaximum: true), "By how much its mean absolute error may be above that of the version in production, as a share of that, at the upper end of the 95 % interval of the difference.", StudyErrorGates.Default.Margin),
        new("bias", new NumberShape(0, 1), "Greatest distance of the mean prediction from the mean outcome, as a share of the outcomes' standard deviation.", StudyErrorGates.Default.Bias),
        new("subgroup-gap", new NumberShape(0, double.MaxValue, AboveMinimum: true), "Most by which mean absolute errors may differ between the subgroups of each partition, in the outcome's unit. A partition of which fewer than two subgroups are told does not pass."));

    private static readonly MapShape s_partition = new(
        new("feature", TextShape.Column, "A feature of the study, by its name: of a category each level is a subgroup, of a number each band.", Required: true),
        new("bands", new ListShape(Any, 1, MaximumGroups - 1), "Of a number: where one band ends and the next begins, in the feature's unit, rising. [45, 65] makes three: below 45, 45 to below 65, 65 and above."),
        new("names", new ListShape(TextShape.Line(40), 2, MaximumGroups, Unique: true), "What people read for each level or band, in order. Without it, levels are read as they are in the data, and bands as their ends."));

    private static readonly MapShape s_point = new(
        new("name", TextShape.Identifier, "Name of the point, such as review.", Required: true),
        new("threshold", new NumberShape(0, 1, AboveMinimum: true, BelowMaximum: true), "The probability from which on a score reaches it. Counts are exact where its logit is a multiple of 1/4, as that of 0.5 is; else they have bounds.", Required: true),
        new("indicator", new WordShape(("info", "to be known"), ("warning", "to be looked at"), ("critical", "to be looked at now")), "How a score that reaches it, and no further point, is shown to a clinician (CDS Hooks).", Required: true),
        new("meaning", TextShape.Line(200), "What is done with a patient whose score reaches it."));

    /// <summary>The key <c>evaluation</c>.</summary>
    public static MapShape Whole { get; } = new(
        new("every", Integer(0, 100_000), "Evaluate after every n-th round, and always after the last; 0: never. Each evaluation is one more release from each site.", 1),
        new("per-site", new BooleanShape(), "Ask each site for metrics of its own of the final parameters, which its policy lets out or not: they show whom a model fails, and what a hospital is like. One more release from each site.", false),
        new("greatest-fall", new NumberShape(0, 1), "Holds a round back where the AUROC (of a number: R²) of all sites is undefined, or lower by more than this than after the last round that was kept: the run goes on from what was kept. It bounds what a single update can spoil, under masks too."),
        new("subgroups", new ListShape(s_partition, 1, MaximumPartitions), "By which features scores are counted apart, besides all together: each evaluation tells whom a model serves worse. Small subgroups are withheld at each site, and others with them."),
        new("operating-points", new ListShape(s_point, 1, MaximumPoints), "Probabilities from which on something is done, rising: the model's card tells what comes of each, and a score is shown by the indicator of the greatest that it reaches."),
        new("gates", s_gates, "What a version of the model has to reach before people are asked to promote it, said before anything is trained. Without it, the defaults hold."),
        new("error-gates", s_errorGates, "The same for a model of a number. Without it, the defaults hold."));

    /// <summary>The key <c>intended-use</c>.</summary>
    public static MapShape IntendedUse { get; } = new(
        new("users", TextShape.Prose(1000), "Who is to use the model's scores, and where.", Required: true),
        new("contra-indications", new ListShape(TextShape.Line(500), 1, MaximumSentences, Unique: true), "When and for whom the scores are not to be used, a sentence each."));
}
