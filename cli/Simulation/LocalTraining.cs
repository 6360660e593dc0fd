using FederatedClinicalMl.Cli.Studies;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Simulation;

/// <summary>Scores of a model on labelled rows.</summary>
/// <param name="Logits">[rows].</param>
/// <param name="Labels">[rows].</param>
internal sealed record Scores(double[] Logits, bool[] Labels)
{
    /// <summary>Where a number is predicted, the errors on the rows, in the place of logits and labels.</summary>
    public RegressionSums? Errors { get; private init; }

    /// <summary>Area under the ROC curve with its 95 % interval; null where it is not defined.</summary>
    public Estimate? Auroc => ExactMetrics.Auroc(Logits, Labels);

    /// <summary>Share of rows on the right side of logit 0, with its 95 % interval.</summary>
    public Estimate? Accuracy => ExactMetrics.Accuracy(Logits, Labels);

    /// <summary>Rows.</summary>
    public long Rows => Errors?.Count ?? Labels.Length;

    /// <summary>Heads of the columns that <see cref="Cells"/> fills.</summary>
    public static string[] Heads(Study study) => study.Data.Label.Number is null ? ["AUROC (95 %)", "accuracy (95 %)"] : ["MAE [[95 %]]", "RMSE [[95 %]]", "R²", "bias [[95 %]]"];

    /// <summary>The metrics, for people.</summary>
    public string[] Cells => Errors is null ? [Figures.Text(Auroc), Figures.Text(Accuracy)] : ErrorFigures.Cells(RegressionMetrics.Of(Errors))[1..];

    /// <summary>What a line for scripts tells: of whom, and the metrics.</summary>
    public IReadOnlyDictionary<string, object?> Told(params IEnumerable<(string Name, object? Value)> whose)
    {
        var errors = RegressionMetrics.Of(Errors);
        IEnumerable<(string Name, object? Value)> metrics = Errors is null
            ? [("auroc", Auroc), ("accuracy", Accuracy)]
            : [("mae", errors.MeanAbsoluteError), ("rmse", errors.RootMeanSquaredError), ("r2", errors.RSquared), ("bias", errors.Bias)];
        return whose.Concat(metrics).ToDictionary(item => item.Name, item => item.Value, StringComparer.Ordinal);
    }

    /// <summary>The scores of all parts together.</summary>
    public static Scores Concat(IEnumerable<Scores> parts)
    {
        var list = parts.ToList();
        return new Scores([.. list.SelectMany(part => part.Logits)], [.. list.SelectMany(part => part.Labels)])
        {
            Errors = list.Select(part => part.Errors).OfType<RegressionSums>().Aggregate((RegressionSums?)null, (sum, next) => sum?.Merge(next) ?? next),
        };
    }

    /// <summary>Scores every row.</summary>
    public static Scores Of(Study study, ReadOnlySpan<float> parameters, TrainingSet rows)
    {
        var outputs = new double[rows.Rows];
        ModelPlan.For(study).Outputs(parameters, rows.Inputs, outputs);
        return study.Data.Label.Number is { } number
            ? new Scores([], []) { Errors = RegressionSums.Of(number.Minimum, number.Maximum, number.OutcomesOf(rows.Labels), number.PredictionsOf(outputs)) }
            : new Scores(outputs, [.. rows.Labels.Select(label => label == 1)]);
    }
}

/// <summary>What somebody who holds rows alone would do: the study's preprocessing, model, optimiser and number of rounds, without a federation.</summary>
internal sealed class LocalTraining(Study study, ITrainer trainer)
{
    private readonly ModelPlan _plan = ModelPlan.For(study);

    /// <summary>Trains on <paramref name="training"/> and gives the scores on each row of <paramref name="test"/>.</summary>
    /// <param name="name">Seeds the order of samples.</param>
    /// <param name="training">Raw training rows.</param>
    /// <param name="test">Raw test rows, scored one set after the other.</param>
    /// <param name="cancel">Stops.</param>
    public Scores TrainAndScore(SiteId name, CohortRows training, IEnumerable<CohortRows> test, CancellationToken cancel)
    {
        var encoder = new InputEncoder(study, Freeze(training));
        var rows = TrainingSet.Of(training, encoder);
        var parameters = _plan.InitialParameters();
        var order = SampleOrders.Seeded(study.Training.Seed, name);
        for (var round = 1; round <= study.Federation.Rounds; round++)
        {
            var change = trainer.Train(new TrainingWork(_plan, study.Training, rows, order, round, study.Training.Seed, study.Data.Label.Number), parameters, cancel);
            for (var i = 0; i < parameters.Length; i++)
                parameters[i] += change[i];
        }

        return Score(parameters, encoder, test);
    }

    /// <summary>Scores given parameters on each row of <paramref name="test"/>.</summary>
    public Scores Score(ReadOnlySpan<float> parameters, InputEncoder encoder, IEnumerable<CohortRows> test)
    {
        var parts = new List<Scores>();
        foreach (var rows in test)
            parts.Add(Scores.Of(study, parameters, TrainingSet.Of(rows, encoder)));
        return Scores.Concat(parts);
    }

    // A feature that this holder never measured has no mean of its own: the middle of its plausible range, with the range's spread, stands in,
    // as somebody who starts alone would have to choose something.
    private PreprocessingConstants Freeze(CohortRows training)
    {
        if (!PreprocessingConstants.NeedPreparation(study))
            return PreprocessingConstants.Freeze(study, null);
        return PreprocessingConstants.Freeze(Complete(training), PreparationReport.Compute(Complete(training), training.Values));
    }

    private Study Complete(CohortRows training)
    {
        var width = study.Data.Features.Length;
        var features = study.Data.Features.Select((feature, i) =>
        {
            var seen = Enumerable.Range(0, training.Count).Any(row => !float.IsNaN(InputEncoder.Plausible(feature, training.Values[(row * width) + i])));
            return seen || !feature.NeedsPreparation
                ? feature
                : feature with { Mean = feature.Mean ?? (feature.Minimum + feature.Maximum) / 2, StandardDeviation = feature.StandardDeviation ?? (feature.Maximum - feature.Minimum) / 4 };
        });
        return study with { Data = study.Data with { Features = [.. features] } };
    }
}
