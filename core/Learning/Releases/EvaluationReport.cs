using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>
/// The payload of an evaluation release, and the merged result of an evaluation step: canonical JSON <c>{"histogram":{...}}</c>, null where a
/// site's test set is too small for its policy; of a study that declares subgroups <c>{"histogram","subgroups"}</c>. Of a study that predicts a number <c>errors</c> is in the place of <c>histogram</c>.
/// </summary>
/// <param name="Histogram">Scores on test rows; null where withheld, and where a number is predicted.</param>
/// <param name="Subgroups">The same by subgroup; null where the study declares none.</param>
public sealed record EvaluationReport(ScoreHistogram? Histogram, SubgroupSums<ScoreHistogram>? Subgroups = null)
{
    /// <summary>Where a number is predicted, the errors; null: whether something is positive is predicted.</summary>
    public ErrorEvaluation? Number { get; private init; }

    /// <summary>The report of a study that predicts a number.</summary>
    public static EvaluationReport OfNumber(ErrorEvaluation errors) => new((ScoreHistogram?)null) { Number = errors };

    /// <summary>The report of one site.</summary>
    /// <param name="study">The study.</param>
    /// <param name="outputs">[rows], the network's, of test rows.</param>
    /// <param name="labels">[rows]: 1 positive, 0 negative; where a number is predicted, the number.</param>
    /// <param name="values">[rows, features], raw, row-major; NaN where missing.</param>
    /// <param name="minimum">The least count that its policy lets out, from 1.</param>
    public static EvaluationReport Of(Study study, double[] outputs, float[] labels, double[] values, int minimum)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(labels);
        var declared = study.Evaluation.Subgroups;
        (int[] GroupOf, int Groups)[] partitions = [.. declared.Select(partition => (SubgroupIndex.Of(study, partition, values), partition.Groups.Length))];
        if (study.Data.Label.Number is { } number)
        {
            var (errors, of) = ErrorSuppression.Suppress((number.Minimum, number.Maximum), number.OutcomesOf(labels), number.PredictionsOf(outputs), partitions, minimum);
            return OfNumber(new ErrorEvaluation(errors, declared.IsEmpty ? null : SubgroupSums.OfSite(of)));
        }

        var (all, groups) = SubgroupSuppression.Suppress(outputs, [.. labels.Select(label => label == 1)], partitions, minimum);
        return new EvaluationReport(all, declared.IsEmpty ? null : SubgroupSums.OfSite(groups));
    }

    /// <summary>The report of all sites together; a site that withheld its scores, or a subgroup's, does not count.</summary>
    /// <exception cref="ArgumentException">The reports are of studies that predict different things.</exception>
    public static EvaluationReport Merge(IEnumerable<EvaluationReport> reports)
    {
        ArgumentNullException.ThrowIfNull(reports);
        return reports.Aggregate((sum, next) => (sum.Number, next.Number) switch
        {
            ({ } errors, { } more) => OfNumber(new ErrorEvaluation(Add(errors.Errors, more.Errors), Both(errors.Subgroups, more.Subgroups))),
            (null, null) => new EvaluationReport(Add(sum.Histogram, next.Histogram), Both(sum.Subgroups, next.Subgroups)),
            _ => throw new ArgumentException("One of the evaluations is of a number, another is not.", nameof(reports)),
        });

        static T? Add<T>(T? sum, T? next)
            where T : class, IMergeable<T> => sum is not null && next is not null ? sum.Merge(next) : sum ?? next;

        static SubgroupSums<T>? Both<T>(SubgroupSums<T>? sum, SubgroupSums<T>? next)
            where T : class, IMergeable<T> => sum is not null && next is not null ? sum.Merge(next) : null;
    }

    /// <summary>The metrics; undefined ones where everything was withheld, and where a number is predicted.</summary>
    public ClassifierMetrics Metrics => ClassifierMetrics.Of(Histogram);

    /// <summary>What the study says a round may not lose much of: the AUROC, or of a number R²; null where it is undefined.</summary>
    public double? Quality => Number is { } errors ? errors.Metrics.RSquared?.Value : Metrics.Auroc;

    /// <summary>Whether one site's release of this study, under a policy of this least count, can hold it.</summary>
    public bool Fits(Study study, int minimumCell)
    {
        ArgumentNullException.ThrowIfNull(study);
        var declares = !study.Evaluation.Subgroups.IsEmpty;
        if (study.Data.Label.Number is { } number)
            return Number is { } told && told.Fits(study, number, minimumCell) && told.Subgroups is not null == declares;
        return Number is null && Histogram is not { IsPartition: false } // one site counts each row once
            && (declares ? Subgroups?.Fits(study) == true && Subgroups.FitsSite(groups => SubgroupSuppression.Fits(Histogram, groups, minimumCell)) : Subgroups is null);
    }

    /// <summary>Canonical JSON.</summary>
    public byte[] Write() => CanonicalJson.Write(ToJson());

    /// <summary>The JSON form.</summary>
    public JsonObject ToJson()
    {
        var json = Number is { } told ? new JsonObject { ["errors"] = told.Errors?.ToJson() } : new JsonObject { ["histogram"] = Histogram?.ToJson() };
        if ((Number is { } of ? of.Subgroups?.ToJson() : Subgroups?.ToJson()) is { } subgroups)
            json["subgroups"] = subgroups;
        return json;
    }

    /// <summary>Reads a report, strictly.</summary>
    /// <exception cref="FormatException">The bytes are something else.</exception>
    public static EvaluationReport Read(ReadOnlySpan<byte> json)
    {
        var fields = new JsonFields(CanonicalJson.Read(json), "evaluation");
        var report = fields.Has("errors")
            ? OfNumber(new ErrorEvaluation(Sum<RegressionSums>("errors"), Subgroups<RegressionSums>()))
            : new EvaluationReport(Sum<ScoreHistogram>("histogram"), Subgroups<ScoreHistogram>());
        fields.End();
        return report;

        T? Sum<T>(string name)
            where T : class, IMergeable<T> => fields.IsNull(name) ? null : T.Read(fields.Node(name), fields.PathOf(name));

        SubgroupSums<T>? Subgroups<T>()
            where T : class, IMergeable<T> => fields.Has("subgroups") ? SubgroupSums<T>.Read(fields.Object("subgroups")) : null;
    }
}

/// <summary>An evaluation of a model of a number.</summary>
/// <param name="Errors">Errors on test rows; null where withheld.</param>
/// <param name="Subgroups">The same by subgroup; null where the study declares none.</param>
public sealed record ErrorEvaluation(RegressionSums? Errors, SubgroupSums<RegressionSums>? Subgroups = null)
{
    /// <summary>The metrics; undefined ones where everything was withheld.</summary>
    public RegressionMetrics Metrics => RegressionMetrics.Of(Errors);

    internal bool Fits(Study study, NumericOutcome number, int minimum) =>
        (Errors is null || ((Errors.Minimum, Errors.Maximum) == (number.Minimum, number.Maximum) && Errors.Fits(minimum)))
        && (Subgroups is null || (Subgroups.Fits(study) && Subgroups.FitsSite(groups => ErrorSuppression.Fits(Errors, groups, minimum))));
}
