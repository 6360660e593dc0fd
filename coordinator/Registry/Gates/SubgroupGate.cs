using System.Globalization;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>
/// The gate <c>subgroup-gap</c>, once for each of a study's partitions: by how much metrics differ between the subgroups that are told. It refuses what is certain, the least gap that merged bins leave; what fewer than
/// two subgroups are told of is not decided, and has not passed. Errors of a number are exact, and so is their gap.
/// </summary>
internal static class SubgroupGate
{
    private const string Name = "subgroup-gap";

    private static readonly GateResult s_notMeasured = new(Name, false, "Not measured: nothing was evaluated.");

    public static IEnumerable<GateResult> Of(StudySubgroupGap rules, Study study, EvaluationReport? evaluation) =>
        evaluation is null ? [s_notMeasured] : SubgroupTable.Of(study, evaluation).Select(table => Of(rules, table));

    /// <summary>The same of a number.</summary>
    /// <param name="allowed">Most by which mean absolute errors may differ, in the outcome's unit.</param>
    /// <param name="study">The study.</param>
    /// <param name="evaluation">Its evaluation; null: nothing was evaluated.</param>
    public static IEnumerable<GateResult> Of(double allowed, Study study, EvaluationReport? evaluation) =>
        evaluation is null ? [s_notMeasured] : ErrorTable.Of(study, evaluation).Select(table => new GateResult(Name, table.MeanAbsoluteError?.Value <= allowed,
            $"by {table.Feature}: {Words("mean absolute error", table.MeanAbsoluteError is { } gap ? (gap.Words, gap.Subgroups) : null, $"{RegressionMetrics.Text(allowed)}{study.Data.Label.Number!.AfterNumber}")}."));

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

    private static string Words((string Measure, Gap? Gap, double Allowed) gap) =>
        Words(gap.Measure, gap.Gap is { } known ? (known.Words, known.Subgroups) : null, gap.Allowed.ToString("0.000", CultureInfo.InvariantCulture));

    private static string Words(string measure, (string Words, int Subgroups)? gap, string allowed) => string.Create(CultureInfo.InvariantCulture,
        $"{measure} {(gap is { } known ? $"{known.Words} apart over {known.Subgroups} subgroups" : "not decided, as it is told of fewer than two subgroups")}, at most {allowed} is needed");
}
