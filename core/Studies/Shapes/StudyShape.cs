using System.Text.Json.Nodes;
using static FederatedClinicalMl.Studies.NumberShape;

namespace FederatedClinicalMl.Studies;

/// <summary>
/// The study protocol, version 1: every key, its type, range, default and meaning. The checker, the published JSON Schema and the
/// reference tables are made from this. What one value means for another is in <see cref="StudyRules"/>.
/// </summary>
internal static class StudyShape
{
    /// <summary>The version that this software reads.</summary>
    public const int Protocol = 1;

    /// <summary>Greatest seed: integers beyond 2^53 are not exact in JSON.</summary>
    private const double MaximumSeed = 9007199254740991;

    private const int MaximumSites = 256;

    private static readonly (string, string) s_excludeRow = ("exclude-row", "the row is left out, and counted");

    private static readonly Field s_name = new("name", TextShape.Column, "Column name in the data; also the name of the model's ONNX input.", Required: true);

    private static readonly Field s_scale = new("scale", new WordShape(("standardise", "minus the mean, divided by the standard deviation"), ("none", "as it is")),
        "How the number enters the model. Standardising lets one learning rate fit every feature; unless the constants are given, it costs a preparation round.", "standardise");

    private static readonly Field s_constants = new("constants", new MapShape(
        new Field("mean", Any, "Mean, in the unit.", Required: true),
        new Field("sd", new NumberShape(0, double.MaxValue, AboveMinimum: true), "Standard deviation, in the unit.")),
        "Constants from the literature or an earlier study. Without them the sites' training rows give them in a preparation round, which is one more release from each site.");

    private static readonly MapShape s_number = new(
        s_name,
        new("unit", TextShape.Unit, "UCUM unit of the raw values (https://ucum.org); \"1\" where they have none. Sites whose data is in another unit must convert it first.", "1"),
        new("range", new IntervalShape(), "Least and greatest plausible value, in the unit. A value outside counts as missing, and is counted: a wide range lets errors through, a narrow one loses rare patients.", Required: true),
        new("missing", new WordOrMapShape(
            new(("mean", "the mean of the training rows takes its place"), s_excludeRow),
            new(new Field("value", Any, "The value that takes its place, in the unit.", Required: true))),
            "What happens where the value is missing or implausible. Leaving rows out invents nothing, but a column that a hospital does not record costs all its rows.", "exclude-row"),
        s_scale,
        s_constants);

    private static readonly MapShape s_category = new(
        s_name,
        new("levels", new ListShape(Any, 2, 64, Unique: true), "The raw values, in the order of the model's inputs. Any other value counts as missing.", Required: true),
        new("missing", new WordOrMapShape(
            new(("no-level", "the input of every level is 0"), s_excludeRow),
            new(new Field("value", Any, "The level that takes its place.", Required: true))),
            "What happens where the value is missing or not a level.", "exclude-row"));

    private static readonly MapShape s_clinical = new(
        new("use", FeatureReference.Shape, "A definition of the library, by name and version. The check puts the definition itself in its place: a study says whole what it asks for.", Rival: "definition"),
        new("definition", FeatureShape.Definition, "The definition, written out."),
        new("missing", FeatureShape.Missing, "What happens where the value is missing or implausible, instead of what the definition says."),
        s_scale,
        s_constants);

    private static readonly Field s_outcome = new("name", TextShape.Column, "Column name of the outcome. Rows without it are left out, and counted.", Required: true);

    private static readonly MapShape s_data = new(
        new("dataset", TextShape.Identifier, "The name under which each site's steward maps a local file.", Required: true),
        new("patient", TextShape.Column, "Column that names the patient, by which rows are split and opt-outs apply. Without it each row is a patient of its own, nobody can be excluded by pseudonym, and a site at which somebody opted out takes no part."),
        new("cohort", CohortShape.Whole, "Of a study over clinical events: who is in it, from when on, and what is predicted. Without it the dataset is a table with one row per index event."),
        new("features", new ListShape(new FeatureChoiceShape(["use", "definition"], s_clinical,
            new VariantShape("type", "How the values are typed.", "number",
                ("number", "a real number in a unit", s_number),
                ("category", "one of a few levels; enters the model one-hot", s_category))), 1, 4096),
            "The model's inputs, in order."),
        new("label", new KeyedShape(
            new MapShape(
                s_outcome,
                new Field("above", Any, "A row is positive where the outcome is greater than this.", 0)),
            ("range", new MapShape(
                s_outcome,
                new Field("range", new IntervalShape(), "Least and greatest plausible outcome, in the unit. A row with another is left out and counted as one without it, and no prediction lies outside.", Required: true),
                new Field("unit", TextShape.Unit, "UCUM unit of the outcome; \"1\" where it has none.", "1"),
                CohortShape.OutcomeConstants))),
            "What is predicted: whether the outcome is above a bound, or, with 'range', the number itself."),
        new("split", new KeyedShape(
            new MapShape(
                new Field("test", new NumberShape(0, 1, AboveMinimum: true, BelowMaximum: true), "Share of the patients in the test set. A larger share narrows the metrics' intervals and leaves less to learn from.", 0.3),
                new Field("seed", Integer(0, MaximumSeed), "Seed of the split.", 1)),
            ("column", new MapShape(
                new Field("column", TextShape.Column, "Column that says to which part a row belongs. Rows with neither value are left out, and counted.", Required: true),
                new Field("train", TextShape.Line(128), "Value of training rows, as it is written in the data.", "train"),
                new Field("test", TextShape.Line(128), "Value of test rows.", "test"))),
            ("test-from", new MapShape(
                new Field("test-from", Integer(1900, 2200), "Of a study with a cohort: the first year of care, by the hospital's calendar, whose patients are the test set. A patient belongs where their first row does; later rows of a training patient are left out, and counted.", Required: true)))),
            "How rows are divided into training and test: by a column, by the year of care, or by a seeded draw of patients.", new JsonObject()),
        new("quality", QualityShape.Whole, "Of a study with a cohort: what it asks of the data's quality before a site takes part in a round. Without it, failed rules of the severities critical and high keep a site out, and no rules are added."));

    private static readonly VariantShape s_model = new("kind", "What kind of model.", null,
        ("logistic-regression", "one weight per input and a bias; predicts whether the outcome is above a bound", new MapShape()),
        ("linear-regression", "one weight per input and a bias; predicts a number, by least squares", new MapShape()),
        ("mlp", "a multi-layer perceptron with one output, for either kind of outcome", new MapShape(
            new Field("hidden", new ListShape(Integer(1, 65536), 1, 16), "Sizes of the hidden layers. More parameters fit more, and need more rows and more bytes per round.", Required: true),
            new Field("activation", new WordShape(("relu", "max(0, x)"), ("tanh", "hyperbolic tangent")), "After each hidden layer.", "relu"),
            new Field("dropout", new NumberShape(0, 1, BelowMaximum: true), "Probability that an activation is dropped in training. Hinders memorising rows; slows learning.", 0))),
        ("benchmark", "no model: the worker adds a constant, so that the machinery can be measured", new MapShape(
            new Field("parameters", Integer(1, 1 << 28), "Length of the parameter vector.", Required: true))));

    private static readonly MapShape s_training = new(
        new("optimizer", new WordShape(("sgd", "stochastic gradient descent without momentum"), ("adam", "Adam, started anew each round")), "The sites' optimiser.", "sgd"),
        new("learning-rate", new NumberShape(0, 1000, AboveMinimum: true), "Step size. Too large diverges, too small wastes rounds.", 0.01),
        new("batch-size", Integer(1, 1 << 20), "Rows per optimiser step.", 32),
        new("local-epochs", Integer(1, 10_000), "Passes over the training rows per round. More of them save rounds, and let sites drift apart.", 1, Rival: "local-steps"),
        new("local-steps", Integer(1, 1_000_000), "Optimiser steps per round, instead of local-epochs: the same number at every site, however many rows it has."),
        new("seed", Integer(0, MaximumSeed), "Seed of the initial parameters, of the sample order and of dropout.", 1));

    private static readonly MapShape s_federation = new(
        new("strategy", new WordShape(("fedavg", "federated averaging, McMahan et al. 2017")), "How updates become new parameters.", "fedavg"),
        new("rounds", Integer(1, 100_000), "Number of training rounds.", Required: true),
        new("sites", new ListShape(TextShape.Identifier, 1, MaximumSites, Unique: true, Sorted: true), "The sites that are invited. Without it: every enrolled site that has approved the study when the run starts."),
        new("keys", new DictionaryShape(TextShape.Identifier, TextShape.Fingerprint, MaximumSites),
            "For each of the sites the fingerprint of its worker's key, which its stewards compare with those of the others. A study whose updates are summed under masks needs it; 'fcml study submit' fills it in, and the sites where there are none."),
        new("required", new ListShape(TextShape.Identifier, 0, MaximumSites, Unique: true, Sorted: true), "Sites without which no step commits.", new JsonArray()),
        new("quorum", Integer(1, MaximumSites), "Least number of sites in a step. A lower one survives more absences; a higher one hides each site among more.", Required: true),
        new("deadline", new DurationShape(TimeSpan.FromHours(168)), "Time for each step, after which it closes with those who have answered.", "10m"),
        new("attempts", Integer(1, 100), "How often a step that misses its quorum is tried before the run fails.", 3),
        new("weighting", new WordShape(("rows", "by the number of training rows"), ("equal", "every site alike")), "How much a site's update counts. Rows fit the pooled data; equal keeps large sites from deciding alone.", "rows"),
        new("maximum-weight", Integer(1, 1 << 24), "Cap of a site's weight, in rows. Bounds what a site that claims too many rows can do.", 100_000),
        new("encoding", new WordOrMapShape(
            new(("float32", "IEEE 754 binary32")),
            new(new Field("fixed", new MapShape(
                new Field("bits", new NumberChoiceShape(8, 16, 24, 32), "Bits per value. Fewer save bytes and cost precision: the grid is range / 2^(bits - 1).", 32),
                new Field("range", new NumberShape(0, 1e6, AboveMinimum: true), "Greatest magnitude of one coordinate of an update; a greater one is saturated, and counted.", 8)),
                "Fixed point.", Required: true))),
            "How an update travels: fixed point or float32.", new JsonObject { ["fixed"] = new JsonObject() }),
        new("aggregation", new WordShape(("secure", "under masks that cancel in the sum: the coordinator gets the sum and no site's own update"), ("plain", "the coordinator receives each site's update and adds them up: whoever operates it can look at each"),
            (Aggregation.EncryptedConsortium.Word(), "under masks, and encrypted under a key that every member has and the coordinator has not"),
            (Aggregation.EncryptedThreshold.Word(), "under masks, and encrypted under a key that only all members together can decrypt with")),
            "How updates are summed. Secure takes five steps instead of one, at least three sites, and more than two thirds of them to the end; encrypted takes four, and every site to the end.", "secure"));

    private static readonly MapShape s_dp = new(
        new("noise-multiplier", new NumberShape(0.125, 1000), "Standard deviation of the noise, over what one patient can change. 'fcml privacy plan' says which one a budget needs.", Required: true),
        new("clipping-norm", new NumberShape(1e-6, 1e6), "What a patient's gradient, of the mean loss over its rows, is clipped to. Lower means less noise in the sum, and more bias.", Required: true),
        new("sampling-rate", new NumberShape(0, 1, AboveMinimum: true), "The chance with which each patient takes part in a step, drawn anew and secretly for each step. Takes the place of batch-size, which is not used.", Required: true),
        new("patients", Integer(1, 1 << 24), "Training patients that a site is expected to have. Sums are divided by this times the sampling rate: a public constant, never the number drawn.", Required: true),
        new("rows-per-patient", Integer(1, 256), "The most rows of one patient in a step and in an evaluation. Of a patient with more, others take their turn in the next step.", 1),
        new("placement", new WordShape(("site", "each site's noise is enough by itself: nobody else has to be trusted"), ("distributed", "each site adds a part, and only the masked sum has enough: less noise, for a trust in the other sites"),
            ("central", "no site adds any, and the coordinator adds all of it to the masked sum: trusted, not enforced, and a site's policy refuses it unless it says otherwise")),
            "Who adds how much of the noise.", "site"),
        new("adaptive", new MapShape(
            new Field("quantile", new NumberShape(0, 1, AboveMinimum: true, BelowMaximum: true), "The share of patients whose gradient is not to be clipped.", 0.5),
            new Field("rate", new NumberShape(0, 1, AboveMinimum: true), "How fast the norm follows.", 0.2),
            new Field("deviation", new NumberShape(0.25, 1e6), "Of the noise on the count of those who were not clipped, in patients. Above half of the noise multiplier.", Required: true),
            new Field("minimum", new NumberShape(1e-6, 1e6), "Least norm.", Required: true),
            new Field("maximum", new NumberShape(1e-6, 1e6), "Greatest norm. The grid is made for it.", Required: true)),
            "Lets the clipping norm follow the gradients, by a count under noise that is part of each step's charge. Each round starts from clipping-norm."),
        new("evaluation", new MapShape(
            new Field("noise-multiplier", new NumberShape(0.125, 1000), "Standard deviation of the noise on each count, over what one patient can change.", Required: true),
            new Field("bins", new NumberChoiceShape(8, 16, 32, 64), "Public bins of scores, for each label. Fewer have less noise among them; more tell scores apart.", 16)),
            "How scores on test rows are counted. Needed where the study evaluates: every evaluation is a charge."));

    /// <summary>The whole protocol.</summary>
    public static MapShape Whole { get; } = new(
        new("protocol", new NumberChoiceShape(Protocol), "Version of the study protocol that the file is written in.", Required: true),
        new("name", TextShape.Identifier, "Name of the study and of its model in the registry.", Required: true),
        new("title", TextShape.Line(200), "One line for people.", Required: true),
        new("purpose", TextShape.Prose(4000), "What the study is for, in words that a privacy officer reads.", Required: true),
        new("ethics", TextShape.Line(500), "Reference of the ethics approval, or why none is needed.", Required: true),
        new("intended-use", EvaluationShape.IntendedUse, "For whom the model is meant, and for whom it is not; what it is for is the purpose. Its card tells it."),
        new("retraining", new MapShape(
            new Field("auto-start", new BooleanShape(), "Whether the coordinator may start a run of the study by itself, when an alert or a date proposes to train the model again; its alerts.yaml has to say so too.", Required: true)),
            "How runs of the study may come about. Without it a person approves each."),
        new("data", s_data, "The data that the study asks for: one row per index event. Needed for every model but a benchmark."),
        new("model", s_model, "What is trained.", Required: true),
        new("training", s_training, "How each site trains in a round.", new JsonObject()),
        new("federation", s_federation, "How the sites' updates become a model.", Required: true),
        new("evaluation", EvaluationShape.Whole, "What is measured.", new JsonObject()),
        new("privacy", new MapShape(new Field("dp", s_dp, "Noise that bounds what any release tells of one patient. Everything that is computed from patients is then charged to the site's privacy ledger, or is not made.", Required: true)),
            "Differential privacy. Without it, updates and counts leave without noise."));
}
