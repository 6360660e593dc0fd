using System.Collections.Immutable;
using System.Globalization;

namespace FederatedClinicalMl.Studies;

/// <summary>
/// A study protocol, checked and immutable: only <see cref="StudyChecker"/> makes one. A study is a declaration, never code; what a
/// steward approves is its <see cref="Digest"/>.
/// </summary>
public sealed record Study
{
    internal Study()
    {
    }

    /// <summary>Name, by the rule of <see cref="Studies.Name"/>; with the registry's version it names the model.</summary>
    public required string Name { get; init; }

    /// <summary>One line for people.</summary>
    public required string Title { get; init; }

    /// <summary>What the study is for, in words that a privacy officer reads.</summary>
    public required string Purpose { get; init; }

    /// <summary>Reference of the ethics approval.</summary>
    public required string Ethics { get; init; }

    /// <summary>For whom the model is meant, and for whom it is not; null: the study does not say.</summary>
    public IntendedUse? IntendedUse { get; init; }

    /// <summary>Whether a run of it may be started when a trigger proposes that, with nobody asked; false where the study says nothing.</summary>
    public bool MayStartByItself { get; init; }

    /// <summary>What data the study asks for.</summary>
    public required StudyData Data { get; init; }

    /// <summary>What is trained.</summary>
    public required StudyModel Model { get; init; }

    /// <summary>How each site trains.</summary>
    public required StudyTraining Training { get; init; }

    /// <summary>How updates become a model.</summary>
    public required StudyFederation Federation { get; init; }

    /// <summary>The kind of step whose result is a round's new parameters.</summary>
    public StepKind ParametersFrom => Federation.IsEncrypted ? StepKind.Decryption : Federation.IsMasked ? StepKind.Unmasking : StepKind.Training;

    /// <summary>Whether a step of this kind is one of a masked round before its new parameters: its result depends on keys, and tells nothing by itself.</summary>
    public bool LeadsToSum(StepKind kind) => Federation.IsMasked && kind.Part() == StepKind.Training && kind != ParametersFrom;

    /// <summary>Whether the way in which this study sums updates has steps of this kind.</summary>
    public bool Sums(StepKind kind) => kind switch
    {
        StepKind.KeyAgreement => Federation.IsMasked,
        StepKind.Sharing or StepKind.Agreement or StepKind.Unmasking => Federation.IsMasked && !Federation.IsEncrypted,
        StepKind.KeyMaking or StepKind.Decryption => Federation.IsEncrypted,
        _ => kind == StepKind.Training,
    };

    /// <summary>What is measured and when.</summary>
    public required StudyEvaluation Evaluation { get; init; }

    /// <summary>Differential privacy; null: none.</summary>
    public StudyPrivacy? Privacy { get; init; }

    /// <summary>Whether the sites add up gradients, each with a part of the noise or none, instead of changes of parameters.</summary>
    public bool SumsGradients => Privacy is { Placement: not NoisePlacement.Site };

    /// <summary>Whether scores are counted after a round.</summary>
    public bool EvaluatesAfter(RoundNumber round) => Evaluation.Every > 0 && round.Value > 0 && (round.Value % Evaluation.Every == 0 || round.Value == Federation.Rounds);

    /// <summary>Canonical JSON (RFC 8785) of the whole declaration, defaults filled in.</summary>
    public required ReadOnlyMemory<byte> Canonical { get; init; }

    /// <summary>SHA-256 of <see cref="Canonical"/>.</summary>
    public StudyDigest Digest => new(Sha256Digest.Of(Canonical.Span));
}

/// <summary>The data a study asks for: one row per index event, in raw values and declared units.</summary>
/// <param name="Dataset">The name under which each site's steward maps a local file; empty for a benchmark that declares no data.</param>
/// <param name="Patient">Column that names the patient, by which rows are split and opt-outs apply; null: each row is a patient.</param>
/// <param name="Features">Model inputs, in order; never empty (save for benchmark models).</param>
/// <param name="Label">What is predicted; without a name for benchmark models.</param>
/// <param name="Split">How rows are divided into training and test.</param>
public sealed record StudyData(string Dataset, string? Patient, ImmutableArray<Feature> Features, Label Label, Split Split)
{
    /// <summary>Of a study over clinical events: who is in it and what is predicted; null: the dataset is a table.</summary>
    public CohortDefinition? Cohort { get; init; }

    /// <summary>What is predicted, for people.</summary>
    public string Predicted => Label.Number is { } number ? string.Create(CultureInfo.InvariantCulture, $"{Label.Name}, a number from {number.Minimum} to {number.Maximum} ({number.Unit})")
        : Cohort is not null ? Label.Name : string.Create(CultureInfo.InvariantCulture, $"whether {Label.Name} is above {Label.Above}");

    /// <summary>Of a study over clinical events: what it asks of the data's quality.</summary>
    public StudyQuality Quality { get; init; } = StudyQuality.Default;
}

/// <summary>How a feature's values are typed.</summary>
public enum FeatureType
{
    /// <summary>A real number in the feature's unit.</summary>
    Number,

    /// <summary>One of the declared levels; enters the model one-hot, one input per level.</summary>
    Category,
}

/// <summary>What happens to a row whose value is missing or outside the plausible range.</summary>
public enum MissingRule
{
    /// <summary>The training rows' mean, or the declared one (a category, where the protocol says <c>no-level</c>: the input of every level is 0).</summary>
    Mean,

    /// <summary>The declared <see cref="Feature.MissingValue"/>.</summary>
    Value,

    /// <summary>The row is left out, and counted.</summary>
    ExcludeRow,
}

/// <summary>How a number enters the model.</summary>
public enum FeatureScale
{
    /// <summary>As it is.</summary>
    None,

    /// <summary>(value - mean) / standard deviation, with constants from the protocol or from the preparation round.</summary>
    Standardise,
}

/// <summary>One input of the model.</summary>
/// <param name="Name">Column name, also the name of the ONNX input.</param>
/// <param name="Type">Number or category.</param>
/// <param name="Unit">UCUM unit of the raw value; "1" where it has none.</param>
/// <param name="Minimum">Least plausible value (numbers).</param>
/// <param name="Maximum">Greatest plausible value (numbers); values outside count as missing and are counted.</param>
/// <param name="Levels">Raw values of a category, in order; empty for numbers.</param>
/// <param name="Missing">Rule for a missing value.</param>
/// <param name="MissingValue">For <see cref="MissingRule.Value"/>, in the feature's unit.</param>
/// <param name="Scale">How a number enters the model.</param>
/// <param name="Mean">Constant from the protocol; null: from the preparation round where needed.</param>
/// <param name="StandardDeviation">Constant from the protocol, above 0; null: from the preparation round where needed.</param>
public sealed record Feature(
    string Name,
    FeatureType Type,
    string Unit,
    double Minimum,
    double Maximum,
    ImmutableArray<double> Levels,
    MissingRule Missing,
    double MissingValue,
    FeatureScale Scale,
    double? Mean,
    double? StandardDeviation)
{
    /// <summary>How it is computed from events, and by which definition (<c>name@version</c>); null: it is a column of a table.</summary>
    public (string Definition, FeatureValue Value)? Source { get; init; }

    /// <summary>Whether a number has a second input that is 1 where it is missing or implausible, else 0.</summary>
    public bool Indicator { get; init; }

    /// <summary>How many inputs of the network this feature fills: 1 for a number and 1 for its indicator, one per level for a category.</summary>
    public int Width => Type == FeatureType.Number ? (Indicator ? 2 : 1) : Levels.Length;

    /// <summary>Whether this feature's mean or deviation has to be learned in a preparation round.</summary>
    public bool NeedsPreparation =>
        Type == FeatureType.Number
        && ((Scale == FeatureScale.Standardise && (Mean is null || StandardDeviation is null)) || (Missing == MissingRule.Mean && Mean is null));
}

/// <summary>The outcome: a column, and when it counts as positive or that it is a number. Rows without a label are left out, and counted.</summary>
/// <param name="Name">Column name.</param>
/// <param name="Above">Positive where the value is greater than this; 0 where a number is predicted.</param>
public sealed record Label(string Name, double Above)
{
    /// <summary>Where a number is predicted, which; null: whether the outcome is positive is predicted.</summary>
    public NumericOutcome? Number { get; init; }
}

/// <summary>An outcome that is a number. The network's output is on a scale of its own, by public constants: (outcome - mean)/deviation.</summary>
/// <param name="Unit">UCUM unit; "1" where it has none.</param>
/// <param name="Minimum">Least plausible outcome; rows with another count as without a label, and no prediction is below.</param>
/// <param name="Maximum">Greatest plausible outcome.</param>
/// <param name="Mean">What the output 0 stands for, in the unit.</param>
/// <param name="StandardDeviation">What the output is multiplied with, in the unit, above 0.</param>
public sealed record NumericOutcome(string Unit, double Minimum, double Maximum, double Mean, double StandardDeviation)
{
    /// <summary>The unit for people, to be put after a number: with a space before it; empty where there is none.</summary>
    public string AfterNumber => Unit == "1" ? "" : $" {Unit}";

    /// <summary>The unit for people, to be put after a name: in brackets; empty where there is none.</summary>
    public string AfterName => Unit == "1" ? "" : $" ({Unit})";

    /// <summary>Whether an outcome, in the unit, is plausible; NaN is not.</summary>
    public bool IsPlausible(double outcome) => outcome >= Minimum && outcome <= Maximum;

    /// <summary>What the network is trained to give for an outcome.</summary>
    public float ScaledOf(float outcome) => (float)((outcome - Mean) / StandardDeviation);

    /// <summary>The predictions that the network's outputs stand for, in the unit, within the plausible range.</summary>
    public double[] PredictionsOf(ReadOnlySpan<double> outputs)
    {
        var predictions = new double[outputs.Length];
        for (var row = 0; row < predictions.Length; row++)
            predictions[row] = Math.Clamp((outputs[row] * StandardDeviation) + Mean, Minimum, Maximum);
        return predictions;
    }

    /// <summary>Outcomes that are kept in float32, which may lie beside the range's ends by a rounding, within it.</summary>
    public double[] OutcomesOf(ReadOnlySpan<float> labels)
    {
        var outcomes = new double[labels.Length];
        for (var row = 0; row < outcomes.Length; row++)
            outcomes[row] = Math.Clamp(labels[row], Minimum, Maximum);
        return outcomes;
    }
}

/// <summary>How rows are divided: by a column of the data, by the year of care, or by a seeded split of the patients.</summary>
/// <param name="Column">Column whose value is <paramref name="TrainValue"/> or <paramref name="TestValue"/>; null: seeded split.</param>
/// <param name="TrainValue">Value of training rows.</param>
/// <param name="TestValue">Value of test rows.</param>
/// <param name="TestFraction">Share of patients in the test set (seeded split), in (0, 1).</param>
/// <param name="Seed">Seed of the split.</param>
public sealed record Split(string? Column, string TrainValue, string TestValue, double TestFraction, long Seed)
{
    /// <summary>First year of care of the test set, by the hospital's calendar; null: the split is another.</summary>
    public int? TestFrom { get; init; }
}

/// <summary>What is trained.</summary>
public abstract record StudyModel
{
    private protected StudyModel()
    {
    }
}

/// <summary>Logistic regression: one weight per input and a bias; predicts whether the outcome is positive.</summary>
public sealed record LogisticRegression : StudyModel;

/// <summary>Linear regression, by least squares: one weight per input and a bias; predicts a number.</summary>
public sealed record LinearRegression : StudyModel;

/// <summary>Activation of a hidden layer.</summary>
public enum Activation
{
    /// <summary>max(0, x).</summary>
    Relu,

    /// <summary>Hyperbolic tangent.</summary>
    Tanh,
}

/// <summary>A multi-layer perceptron with one output: the logit, or a number on the outcome's scale.</summary>
/// <param name="Hidden">Sizes of the hidden layers, at least one.</param>
/// <param name="Activation">After each hidden layer.</param>
/// <param name="Dropout">Probability in [0, 1) after each activation, in training only.</param>
public sealed record Mlp(ImmutableArray<int> Hidden, Activation Activation, double Dropout) : StudyModel;

/// <summary>No model: the worker adds a constant to <paramref name="Parameters"/> values, so that the machinery can be measured. A site's policy must allow it by name.</summary>
/// <param name="Parameters">Length of the vector.</param>
public sealed record BenchmarkModel(int Parameters) : StudyModel;

/// <summary>Local optimiser.</summary>
public enum Optimizer
{
    /// <summary>Stochastic gradient descent, without momentum.</summary>
    Sgd,

    /// <summary>Adam (Kingma and Ba 2015) with beta 0.9 and 0.999, epsilon 1e-8; its state starts anew each round.</summary>
    Adam,
}

/// <summary>How each site trains in a round. Exactly one of <paramref name="LocalEpochs"/> and <paramref name="LocalSteps"/> is set.</summary>
/// <param name="Optimizer">Local optimiser.</param>
/// <param name="LearningRate">Step size.</param>
/// <param name="BatchSize">Rows per step; the last batch of an epoch may be smaller.</param>
/// <param name="LocalEpochs">Passes over the training rows per round.</param>
/// <param name="LocalSteps">Optimiser steps per round; the sample order goes on where the last round left it.</param>
/// <param name="Seed">Seed of initial parameters, sample order and dropout.</param>
public sealed record StudyTraining(Optimizer Optimizer, double LearningRate, int BatchSize, int? LocalEpochs, int? LocalSteps, long Seed);

/// <summary>How much a site's update counts.</summary>
public enum Weighting
{
    /// <summary>By its number of training rows, capped by <see cref="StudyFederation.MaximumWeight"/>.</summary>
    Rows,

    /// <summary>Every site alike.</summary>
    Equal,
}

/// <summary>How an update travels.</summary>
public abstract record UpdateEncoding
{
    private protected UpdateEncoding()
    {
    }
}

/// <summary>Signed fixed point of <paramref name="Bits"/> bits over [-<paramref name="Range"/>, <paramref name="Range"/>]; a value outside is saturated and counted.</summary>
/// <param name="Bits">8, 16, 24 or 32.</param>
/// <param name="Range">Greatest magnitude of one coordinate of an update.</param>
public sealed record FixedPointEncoding(int Bits, double Range) : UpdateEncoding;

/// <summary>IEEE 754 binary32, little-endian; put on a grid of 2^-32 before summing, so that sums stay exact. Magnitudes above 64 are refused.</summary>
public sealed record Float32Encoding : UpdateEncoding;

/// <summary>How updates are summed.</summary>
public enum Aggregation
{
    /// <summary>The coordinator receives each site's update and adds them up.</summary>
    Plain,

    /// <summary>Under masks that cancel in the sum (docs/reference/secure-aggregation.md).</summary>
    Secure,

    /// <summary>Under masks, and encrypted under a key that the members have and the coordinator has not (docs/reference/homomorphic.md).</summary>
    EncryptedConsortium,

    /// <summary>Under masks, and encrypted under a key of which each member has a part.</summary>
    EncryptedThreshold,
}

/// <summary>The words that stand for ways of summing in studies and in sites' policies.</summary>
public static class AggregationWords
{
    /// <summary>All of them; those that hide most of a site's update come first.</summary>
    public static ImmutableArray<string> All { get; } =
        [.. new[] { Aggregation.Secure, Aggregation.EncryptedConsortium, Aggregation.EncryptedThreshold, Aggregation.Plain }.Select(Word)];

    /// <summary>The word for one.</summary>
    public static string Word(this Aggregation aggregation) => aggregation switch
    {
        Aggregation.Secure => "secure",
        Aggregation.EncryptedConsortium => "encrypted-consortium",
        Aggregation.EncryptedThreshold => "encrypted-threshold",
        _ => "plain",
    };

    internal static Aggregation Read(string word) => Enum.GetValues<Aggregation>().Single(aggregation => aggregation.Word() == word);
}

/// <summary>How updates become a model.</summary>
/// <param name="Rounds">Number of rounds, from 1.</param>
/// <param name="Sites">Sites that are invited, in ordinal order; empty: every enrolled site that approved the study when the run starts.</param>
/// <param name="Required">Sites without which no step commits.</param>
/// <param name="Quorum">Least number of participants of a step.</param>
/// <param name="Deadline">Time for each step.</param>
/// <param name="Attempts">How often a step is tried before the run fails, from 1.</param>
/// <param name="Weighting">How much a site counts.</param>
/// <param name="MaximumWeight">Cap of a site's weight, from 1.</param>
/// <param name="Encoding">How an update travels.</param>
/// <param name="Aggregation">How updates are summed.</param>
public sealed record StudyFederation(
    int Rounds,
    ImmutableArray<SiteId> Sites,
    ImmutableArray<SiteId> Required,
    int Quorum,
    TimeSpan Deadline,
    int Attempts,
    Weighting Weighting,
    int MaximumWeight,
    UpdateEncoding Encoding,
    Aggregation Aggregation)
{
    /// <summary>For each of <see cref="Sites"/> the fingerprint of its worker's key; empty where the study names none.</summary>
    public ImmutableSortedDictionary<SiteId, Sha256Digest> Keys { get; init; } = ImmutableSortedDictionary<SiteId, Sha256Digest>.Empty;

    /// <summary>Whether updates are summed under masks, which needs members whose keys are known.</summary>
    public bool IsMasked => Aggregation != Aggregation.Plain;

    /// <summary>Whether masked updates are encrypted besides: then every site is needed to the end.</summary>
    public bool IsEncrypted => Aggregation is Aggregation.EncryptedConsortium or Aggregation.EncryptedThreshold;
}

/// <summary>What is measured.</summary>
/// <param name="Every">Evaluate after every n-th round, and always after the last; 0: never.</param>
/// <param name="PerSite">Whether each site is asked for metrics of its own of the final parameters.</param>
/// <param name="GreatestFall">By how much the AUROC (of a number: R²) of all sites may be below that of the last round that was kept before a round is held back; null: none is.</param>
public sealed record StudyEvaluation(int Every, bool PerSite, double? GreatestFall = null)
{
    /// <summary>What a version of the model has to reach before people are asked to promote it.</summary>
    public StudyGates Gates { get; init; } = StudyGates.Default;

    /// <summary>The same where the study predicts a number.</summary>
    public StudyErrorGates ErrorGates { get; init; } = StudyErrorGates.Default;

    /// <summary>By what scores are counted apart; empty: by nothing.</summary>
    public ImmutableArray<SubgroupPartition> Subgroups { get; init; } = [];

    /// <summary>Probabilities from which on something is done, rising; empty: the study states none.</summary>
    public ImmutableArray<StudyOperatingPoint> OperatingPoints { get; init; } = [];

    /// <summary>The greatest operating point that a score reaches; null: none. Compared in float32, as models score.</summary>
    public StudyOperatingPoint? Reached(float probability) => OperatingPoints.LastOrDefault(point => probability >= (float)point.Threshold);
}

/// <summary>What a version of a model has to reach before people are asked to promote it. Numbers are those of the sites' evaluation, pooled from sums.</summary>
/// <param name="Baseline">The AUROC that it has to beat: the lower end of its 95 % interval is above.</param>
/// <param name="Margin">By how much its AUROC may be below production's: the lower end of the 95 % interval of the difference is above -margin.</param>
/// <param name="LeastSlope">Least calibration slope, from 0 to 1.</param>
/// <param name="GreatestSlope">Greatest calibration slope, from 1.</param>
/// <param name="InTheLarge">Greatest distance of the share of positives from the mean probability.</param>
/// <param name="ExpectedError">Greatest expected calibration error.</param>
public sealed record StudyGates(double Baseline, double Margin, double LeastSlope, double GreatestSlope, double InTheLarge, double ExpectedError)
{
    /// <summary>What holds where a study says nothing.</summary>
    public static StudyGates Default { get; } = new(0.5, 0.02, 0.8, 1.25, 0.05, 0.1);

    /// <summary>Greatest distance of the fitted calibration intercept from 0; null: none is stated.</summary>
    public double? Intercept { get; init; }

    /// <summary>By how much metrics may differ between subgroups; null: by anything.</summary>
    public StudySubgroupGap? SubgroupGap { get; init; }
}

/// <summary>What a version of a model of a number has to reach before people are asked to promote it. Numbers are those of the sites' evaluation, pooled from sums.</summary>
/// <param name="Baseline">The R² that it has to beat: the lower end of its 95 % interval is above.</param>
/// <param name="Margin">By how much its mean absolute error may be above production's, as a share of production's: the upper end of the 95 % interval of the difference is below.</param>
/// <param name="Bias">Greatest distance of the mean prediction from the mean outcome, as a share of the outcomes' standard deviation.</param>
public sealed record StudyErrorGates(double Baseline, double Margin, double Bias)
{
    /// <summary>What holds where a study says nothing.</summary>
    public static StudyErrorGates Default { get; } = new(0, 0.05, 0.1);

    /// <summary>The mean absolute error, in the outcome's unit, that the upper end of its 95 % interval has to be below; null: none is stated.</summary>
    public double? GreatestError { get; init; }

    /// <summary>By how much the mean absolute error may differ between subgroups, in the outcome's unit; null: by anything.</summary>
    public double? SubgroupGap { get; init; }
}
