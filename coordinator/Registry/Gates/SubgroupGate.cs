using System.Globalization;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>
/// The gate <c>subgroup-gap</c>, once for each of a study's partitions: by how much metrics differ between the subgroups that are told. It refuses what is certain, the least gap that merged bins leave; what fewer than
/// two subgroups are told of is not decided, and has not passed.
/// </summary>
internal static class SubgroupGate
{
    private const string Name = "subgroup-gap";

    public static IEnumerable<GateResult> Of(StudySubgroupGap rules, Study study, EvaluationReport? evaluation) =>
        evaluation is null ? [new GateResult(Name, false, "Not measured: nothing was evaluated.")] : SubgroupTable.Of(study, evaluation).Select(table => Of(rules, table));

    private static GateResult Of(StudySubgroupGap rules, SubgroupTable table)
    {
        List<(string Measure, Gap? Gap, double Allowed)> gaps = [];
        if (rules.Auroc is { } auroc)
            gaps.Add(("AUROC", table.Auroc, auroc));
        if (rules.EqualOpportunity is { } opportunity)
            gaps.AddRange(table.Thresholds.Zip(table.EqualOpportunity, (threshold, gap) => ($"equal opportunity at {threshold.Name}", gap, opportunity)));
        if (rules.InTheLarge is { } large)
            gaps.Add(("calibration in the large", table.CalibrationInTheLarge, large));
        return new GateResult(Name, gaps.TrueForAll(gap => gap.Gap?.Least <= gap.Allowed), $"by {table.Feature}: {string.Join("; ", gaps.Select(Words))}. What is certain counts, the least.");
    }

    private static string Words((string Measure, Gap? Gap, double Allowed) gap) => string.Create(CultureInfo.InvariantCulture,
        $"{gap.Measure} {(gap.Gap is { } known ? $"{known.Words} apart over {known.Subgroups} subgroups" : "not decided, as it is told of fewer than two subgroups")}, at most {gap.Allowed:0.000} is needed");
}
