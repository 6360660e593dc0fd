using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>How a model of a number does in one subgroup, pooled from sums.</summary>
/// <param name="Name">The subgroup's name, from the study.</param>
/// <param name="Sites">How many sites tell it.</param>
/// <param name="Metrics">Its metrics; undefined ones where every site withheld it.</param>
public sealed record ErrorSubgroup(string Name, int Sites, RegressionMetrics Metrics);

/// <summary>The greatest value of a metric over subgroups less the least; exact.</summary>
/// <param name="Value">The difference, in the outcome's unit, from 0.</param>
/// <param name="Subgroups">How many it is over: those whose metric is defined, two or more.</param>
/// <param name="Low">The least that the subgroups' own 95 % intervals leave: 0 where they have a value in common, and the gap can be chance.</param>
/// <param name="High">The most that they leave.</param>
public readonly record struct ErrorGap(double Value, int Subgroups, double Low, double High)
{
    /// <summary>The gap for people, with the span that the intervals leave.</summary>
    public string Words => RegressionMetrics.Text(new Estimate(Value, Low, High));
}

/// <summary>
/// A model's errors by subgroup of one partition, and how far apart they are: <see cref="SubgroupTable"/> of a number. All of it follows from sums, which add up over sites; those of one site come from
/// <see cref="ErrorSuppression"/>. Where subgroups are small a gap is wide by chance alone: what their own intervals leave of it stands beside it.
/// </summary>
public sealed record ErrorTable
{
    private ErrorTable(string feature, int sites, ImmutableArray<ErrorSubgroup> subgroups) => (Feature, Sites, Subgroups) = (feature, sites, subgroups);

    /// <summary>By which feature rows are divided.</summary>
    public string Feature { get; }

    /// <summary>How many sites could have told them.</summary>
    public int Sites { get; }

    /// <summary>The subgroups, in the order given.</summary>
    public ImmutableArray<ErrorSubgroup> Subgroups { get; }

    /// <summary>Of the mean absolute error.</summary>
    public ErrorGap? MeanAbsoluteError => Between(metrics => metrics.MeanAbsoluteError);

    /// <summary>Of the bias.</summary>
    public ErrorGap? Bias => Between(metrics => metrics.Bias);

    /// <summary>Every gap, by the name that people read; null where fewer than two subgroups are told.</summary>
    public IEnumerable<(string Measure, ErrorGap? Gap)> Gaps => [("MAE", MeanAbsoluteError), ("bias", Bias)];

    /// <summary>By how much mean absolute errors are further apart than a study allows, as far as the subgroups' own 95 % intervals are apart: what could be chance is no gap. 0 where they are not.</summary>
    /// <param name="allowed">In the outcome's unit; null: the study states none.</param>
    public double BeyondChance(double? allowed) => allowed is { } bound ? Estimate.Beyond(bound, Subgroups.Select(subgroup => subgroup.Metrics.MeanAbsoluteError)) : 0;

    /// <summary>JSON for scripts; undefined metrics and gaps are null.</summary>
    public JsonObject ToJson() => new()
    {
        ["feature"] = Feature,
        ["sites"] = Sites,
        ["subgroups"] = new JsonArray([.. Subgroups.Select(subgroup => new JsonObject { ["name"] = subgroup.Name, ["sites"] = subgroup.Sites, ["metrics"] = subgroup.Sites == 0 ? null : subgroup.Metrics.ToJson() })]),
        ["gaps"] = new JsonObject(Gaps.Select(gap => KeyValuePair.Create(gap.Measure, (JsonNode?)(gap.Gap is { } known ? new JsonObject { ["value"] = known.Value, ["low"] = known.Low, ["high"] = known.High } : null)))),
    };

    /// <summary>The tables of a study's partitions; empty where it declares none or predicts no number, or nothing was evaluated.</summary>
    /// <param name="study">The study.</param>
    /// <param name="evaluation">The evaluation of a site, or of several added up.</param>
    /// <exception cref="FormatException">The evaluation is of other subgroups than the study's.</exception>
    public static ImmutableArray<ErrorTable> Of(Study study, EvaluationReport? evaluation)
    {
        ArgumentNullException.ThrowIfNull(study);
        if (study.Data.Label.Number is null || study.Evaluation.Subgroups.IsEmpty || evaluation is null)
            return [];
        return OfErrors(study, evaluation.Number?.Subgroups ?? throw new FormatException("evaluation.subgroups must have the subgroups that the study declares."));
    }

    /// <summary>The tables of a study's partitions.</summary>
    /// <param name="study">The study.</param>
    /// <param name="counted">Errors by subgroup, of one or of several added up.</param>
    /// <exception cref="FormatException">They are of other subgroups than the study's.</exception>
    public static ImmutableArray<ErrorTable> OfErrors(Study study, SubgroupSums<RegressionSums> counted)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(counted);
        return counted.Fits(study)
            ? [.. study.Evaluation.Subgroups.Select((partition, i) => Of(partition.Feature, counted.Sites, partition.Groups.Zip(counted.Partitions[i])))]
            : throw new FormatException("evaluation.subgroups must have the subgroups that the study declares.");
    }

    /// <summary>The table of a partition.</summary>
    /// <param name="feature">By which feature rows are divided.</param>
    /// <param name="sites">How many sites could have told subgroups.</param>
    /// <param name="groups">Name and errors of each subgroup, over one site or merged over several.</param>
    public static ErrorTable Of(string feature, int sites, IEnumerable<(string Name, SubgroupSum<RegressionSums> Count)> groups) =>
        new(feature, sites, [.. groups.Select(group => new ErrorSubgroup(group.Name, group.Count.Sites, RegressionMetrics.Of(group.Count.Sum)))]);

    private ErrorGap? Between(Func<RegressionMetrics, Estimate?> metric)
    {
        Estimate[] defined = [.. Subgroups.Select(subgroup => metric(subgroup.Metrics)).OfType<Estimate>()];
        if (defined.Length < 2)
            return null;
        var (low, high) = Estimate.Apart(defined);
        return new ErrorGap(defined.Max(error => error.Value) - defined.Min(error => error.Value), defined.Length, low, high);
    }
}
