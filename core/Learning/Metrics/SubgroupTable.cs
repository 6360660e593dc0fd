using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>How a model does in one subgroup, pooled from sums.</summary>
/// <param name="Name">The subgroup's name, from the study.</param>
/// <param name="Sites">How many sites tell it.</param>
/// <param name="Metrics">Its metrics; undefined ones where every site withheld it.</param>
/// <param name="At">Its counts at each of the table's thresholds; empty where it was withheld.</param>
/// <param name="Calibration">Null where it was withheld or is empty.</param>
public sealed record Subgroup(string Name, int Sites, ClassifierMetrics Metrics, ImmutableArray<OperatingPoint> At, CalibrationSummary? Calibration)
{
    /// <summary>The area under the ROC curve, combined from areas that sites told; null: none did.</summary>
    public Estimate? ToldArea { get; init; }

    /// <summary>The area with its 95 % interval: of what sites told, or else what pooled bins tell of it, which may be next to nothing.</summary>
    public Estimate? Area => ToldArea ?? Metrics.AurocInterval;
}

/// <summary>The greatest value of a metric over subgroups less the least, as far as merged bins tell.</summary>
/// <param name="Least">At least.</param>
/// <param name="Most">At most; the same where all values are exact.</param>
/// <param name="Subgroups">How many it is over: those whose metric is defined, two or more.</param>
/// <param name="Low">The least that the subgroups' own 95 % intervals leave: 0 where they have a value in common, and the gap can be chance.</param>
/// <param name="High">The most that they leave.</param>
public readonly record struct Gap(double Least, double Most, int Subgroups, double Low, double High)
{
    /// <summary>The gap for people, with the span that the intervals leave.</summary>
    public string Words => Least.Equals(Most) ? Text($"{Least:0.000} [{Low:0.000}, {High:0.000}]") : Text($"{Least:0.000} to {Most:0.000} [{Low:0.000}, {High:0.000}]");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A probability from which on a row is called positive.</summary>
/// <param name="Name">What people read for it: the study's name and the probability, or the probability alone.</param>
/// <param name="Threshold">The probability, in (0, 1).</param>
public readonly record struct NamedThreshold(string Name, double Threshold)
{
    /// <summary>The study's operating points, rising; where it states none, these.</summary>
    public static ImmutableArray<NamedThreshold> Of(Study study, params ReadOnlySpan<double> otherwise)
    {
        ArgumentNullException.ThrowIfNull(study);
        return study.Evaluation.OperatingPoints is { IsEmpty: false } points
            ? [.. points.Select(point => new NamedThreshold(string.Create(CultureInfo.InvariantCulture, $"{point.Name} ({point.Threshold})"), point.Threshold))]
            : [.. otherwise.ToArray().Select(threshold => new NamedThreshold(threshold.ToString("0.00", CultureInfo.InvariantCulture), threshold))];
    }
}

/// <summary>
/// A model's metrics by subgroup of one partition, and how far apart they are. All of it follows from histograms of scores, which add up over sites; those of one site come from
/// <see cref="SubgroupSuppression"/>. Where subgroups are small a gap is wide by chance alone: what their own intervals leave of it stands beside it.
/// </summary>
public sealed record SubgroupTable
{
    private SubgroupTable(string feature, int sites, ImmutableArray<NamedThreshold> thresholds, ImmutableArray<Subgroup> subgroups) =>
        (Feature, Sites, Thresholds, Subgroups) = (feature, sites, thresholds, subgroups);

    /// <summary>By which feature rows are divided.</summary>
    public string Feature { get; }

    /// <summary>How many sites could have told them.</summary>
    public int Sites { get; }

    /// <summary>Probabilities from which on a row is called positive: the study's operating points, or 0.5 where it states none.</summary>
    public ImmutableArray<NamedThreshold> Thresholds { get; }

    /// <summary>The subgroups, in the order given.</summary>
    public ImmutableArray<Subgroup> Subgroups { get; private init; }

    /// <summary>Of the area under the ROC curve: of what sites told, or within its ties (<see cref="ClassifierMetrics.AurocBound"/>).</summary>
    public Gap? Auroc => Between(subgroup => subgroup.ToldArea is { } told ? new BoundedShare(told.Value, told.Value, told.Low, told.High)
        : subgroup.Metrics is { Auroc: { } area, AurocBound: { } ties, AurocInterval: { } interval } ? new BoundedShare(Math.Max(0, area - ties), Math.Min(1, area + ties), interval.Low, interval.High) : null);

    /// <summary>Of the sensitivity at each threshold: the equal-opportunity difference (Hardt, Price and Srebro 2016, "Equality of opportunity in supervised learning", NeurIPS 29).</summary>
    public ImmutableArray<Gap?> EqualOpportunity => AtEach(point => point.Sensitivity);

    /// <summary>Of the share called positive at each threshold: the demographic-parity difference (Calders and Verwer 2010, "Three naive Bayes approaches for discrimination-free classification", Data Mining and Knowledge Discovery 21).</summary>
    public ImmutableArray<Gap?> DemographicParity => AtEach(point => point.PredictedPositive);

    /// <summary>Of calibration in the large; exact.</summary>
    public Gap? CalibrationInTheLarge => Between(subgroup => subgroup.Calibration?.InTheLarge is { } estimate ? new BoundedShare(estimate.Value, estimate.Value, estimate.Low, estimate.High) : null);

    /// <summary>Every gap, by the name that people read; null where fewer than two subgroups are told of which it is defined.</summary>
    public IEnumerable<(string Measure, Gap? Gap)> Gaps =>
    [
        ("AUROC", Auroc),
        .. Thresholds.Zip(EqualOpportunity, (threshold, gap) => ($"equal opportunity at {threshold.Name}", gap)),
        .. Thresholds.Zip(DemographicParity, (threshold, gap) => ($"demographic parity at {threshold.Name}", gap)),
        ("calibration in the large", CalibrationInTheLarge),
    ];

    /// <summary>By how much, of the metrics whose gap a study bounds, one is further apart than it allows, as far as the subgroups' own 95 % intervals (Wilson's for sensitivities) are apart: what could be chance is no gap. 0 where none is.</summary>
    public double BeyondChance(StudySubgroupGap allowed)
    {
        ArgumentNullException.ThrowIfNull(allowed);
        double[] beyond =
        [
            Beyond(allowed.Auroc, subgroup => subgroup.Area),
            .. Thresholds.Select((_, i) => Beyond(allowed.EqualOpportunity, subgroup => !subgroup.At.IsEmpty && subgroup.At[i].Sensitivity is { } share ? new Estimate(share.Least, share.Low, share.High) : null)),
            Beyond(allowed.InTheLarge, subgroup => subgroup.Calibration?.InTheLarge),
        ];
        return beyond.Max();
    }

    /// <summary>JSON for scripts; undefined metrics and gaps are null.</summary>
    public JsonObject ToJson() => new()
    {
        ["feature"] = Feature,
        ["sites"] = Sites,
        ["subgroups"] = new JsonArray([.. Subgroups.Select(subgroup => new JsonObject { ["name"] = subgroup.Name, ["sites"] = subgroup.Sites, ["metrics"] = subgroup.Sites == 0 ? null : subgroup.Metrics.ToJson(), ["area"] = subgroup.ToldArea is { } area ? new JsonArray(area.Value, area.Low, area.High) : null })]),
        ["gaps"] = new JsonObject(Gaps.Select(gap => KeyValuePair.Create(gap.Measure, (JsonNode?)(gap.Gap is { } known ? new JsonObject { ["least"] = known.Least, ["most"] = known.Most, ["low"] = known.Low, ["high"] = known.High } : null)))),
    };

    /// <summary>The tables of a study's partitions; empty where it declares none or predicts a number (<see cref="ErrorTable"/>), or nothing was evaluated.</summary>
    /// <param name="study">The study.</param>
    /// <param name="evaluation">The evaluation of a site, or of several added up.</param>
    /// <exception cref="FormatException">The evaluation is of other subgroups than the study's.</exception>
    public static ImmutableArray<SubgroupTable> Of(Study study, EvaluationReport? evaluation)
    {
        ArgumentNullException.ThrowIfNull(study);
        if (study.Evaluation.Subgroups.IsEmpty || study.Data.Label.Number is not null || evaluation is null)
            return [];
        return OfScores(study, evaluation.Subgroups ?? throw new FormatException("evaluation.subgroups must have the subgroups that the study declares."));
    }

    /// <summary>The tables of a study's partitions.</summary>
    /// <param name="study">The study.</param>
    /// <param name="counted">Scores by subgroup, of one or of several added up.</param>
    /// <param name="areas">The area in each subgroup, combined from areas that sites told; null: none did.</param>
    /// <exception cref="FormatException">They are of other subgroups than the study's.</exception>
    public static ImmutableArray<SubgroupTable> OfScores(Study study, SubgroupSums<ScoreHistogram> counted, ImmutableArray<ImmutableArray<Estimate?>>? areas = null)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(counted);
        if (!counted.Fits(study))
            throw new FormatException("evaluation.subgroups must have the subgroups that the study declares.");
        var thresholds = NamedThreshold.Of(study, 0.5);
        return [.. study.Evaluation.Subgroups.Select((partition, i) =>
        {
            var table = Of(partition.Feature, counted.Sites, partition.Groups.Zip(counted.Partitions[i]), thresholds);
            return areas is { } told ? table with { Subgroups = [.. table.Subgroups.Zip(told[i], (group, area) => group with { ToldArea = area })] } : table;
        })];
    }

    /// <summary>The table of a partition.</summary>
    /// <param name="feature">By which feature rows are divided.</param>
    /// <param name="sites">How many sites could have told subgroups.</param>
    /// <param name="groups">Name and scores of each subgroup, over one site or merged over several.</param>
    /// <param name="thresholds">Probabilities from which on a row is called positive.</param>
    public static SubgroupTable Of(string feature, int sites, IEnumerable<(string Name, SubgroupSum<ScoreHistogram> Count)> groups, ImmutableArray<NamedThreshold> thresholds)
    {
        ArgumentNullException.ThrowIfNull(groups);
        return new SubgroupTable(feature, sites, thresholds, [.. groups.Select(group => new Subgroup(
            group.Name,
            group.Count.Sites,
            ClassifierMetrics.Of(group.Count.Sum),
            group.Count.Sum is { } scores ? [.. thresholds.Select(threshold => OperatingPoint.Of(scores, threshold.Threshold))] : [],
            CalibrationSummary.Of(group.Count.Sum)))]);
    }

    private ImmutableArray<Gap?> AtEach(Func<OperatingPoint, BoundedShare?> share) =>
        [.. Thresholds.Select((_, i) => Between(subgroup => subgroup.At.IsEmpty ? null : share(subgroup.At[i])))];

    private double Beyond(double? allowed, Func<Subgroup, Estimate?> interval) => allowed is { } bound ? Estimate.Beyond(bound, Subgroups.Select(interval)) : 0;

    private Gap? Between(Func<Subgroup, BoundedShare?> bounds)
    {
        BoundedShare[] defined = [.. Subgroups.Select(bounds).OfType<BoundedShare>()];
        if (defined.Length < 2)
            return null;
        // At least: the greatest of what is certain, the lower bounds, is so far above the least upper bound. At most: the bounds apart.
        var least = Math.Max(0, defined.Max(value => value.Least) - defined.Min(value => value.Most));
        var (low, high) = Estimate.Apart(defined.Select(value => new Estimate(value.Least, value.Low, value.High)));
        return new Gap(least, defined.Max(value => value.Most) - defined.Min(value => value.Least), defined.Length, low, high);
    }
}
