using System.Collections.Immutable;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// What a site allows, whatever its stewards approve: <c>policy.yaml</c>, described in docs/reference/site-policy.md. Every key must be there, so
/// that nobody allows by leaving out.
/// </summary>
/// <param name="Datasets">Datasets that studies may read; null: every one that datasets.yaml maps.</param>
/// <param name="Models">Kinds of models: logistic-regression, linear-regression, mlp, benchmark.</param>
/// <param name="Encodings">How updates may travel: fixed, float32.</param>
/// <param name="Aggregation">How updates may be summed. <c>plain</c>: the coordinator sees this site's update by itself before it sums; <c>secure</c>: under masks, the sum alone; <c>encrypted-consortium</c>, <c>encrypted-threshold</c>: the same, and encrypted besides.</param>
/// <param name="MinimumTrainingRows">Least number of training rows from which anything is computed.</param>
/// <param name="MinimumCell">Least count that is released; smaller ones are merged or withheld.</param>
/// <param name="PerSiteMetrics">Whether the site's own metrics of a final model are released where a study asks for them.</param>
/// <param name="Profile">Whether the profile of its rows is released where the consortium asks for one.</param>
/// <param name="MaximumRounds">Most rounds of one study, over all its runs, that are trained here.</param>
/// <param name="MaximumParametersPerRow">Most parameters of a model for each training row: a model with many can memorise rows. Null: no limit.</param>
/// <param name="MaximumFaultyRows">Greatest share of faulty rows in a dataset, in [0, 1].</param>
public sealed record SitePolicy(
    ImmutableArray<string>? Datasets,
    ImmutableArray<string> Models,
    ImmutableArray<string> Encodings,
    ImmutableArray<string> Aggregation,
    int MinimumTrainingRows,
    int MinimumCell,
    bool PerSiteMetrics,
    ProfileRule Profile,
    int MaximumRounds,
    double? MaximumParametersPerRow,
    double MaximumFaultyRows)
{
    /// <summary>Whose worker keys a masked round is joined with.</summary>
    public MembersRule Members { get; init; } = MembersRule.Confirmed;

    /// <summary>Whether two models are compared on the site's test rows, and the result released: exact, of rows and not of merged bins.</summary>
    public bool Comparisons { get; init; }

    /// <summary>Fewest sites in the sum of a masked round beyond those that are assumed to collude.</summary>
    public int MinimumHonestSurvivors { get; init; } = AggregationTerms.LeastMinimum;

    /// <summary>What may be spent of the privacy of one population's patients; null: nothing, and a study that would is not let in.</summary>
    public PrivacyCeilings? Privacy { get; init; }

    /// <summary>Whose noise may protect patients: site, distributed, central.</summary>
    public ImmutableArray<string> Noise { get; init; } = ["site", "distributed"];
}

/// <summary>What becomes of a profile that the consortium asks for.</summary>
public enum ProfileRule
{
    /// <summary><c>withhold</c>: none leaves.</summary>
    Withhold,

    /// <summary><c>ask</c>: each leaves once a steward has approved exactly it.</summary>
    Ask,

    /// <summary><c>release</c>: the first of a study leaves; one that differs from it, only once a steward has approved it: what differs tells of few patients.</summary>
    Release,
}

/// <summary>A policy, or why there is none: then nothing is allowed.</summary>
/// <param name="Policy">The policy; null where there are faults.</param>
/// <param name="Faults">Every fault, in the order of the text.</param>
public sealed record PolicyReading(SitePolicy? Policy, ImmutableArray<ConfigurationFault> Faults);
