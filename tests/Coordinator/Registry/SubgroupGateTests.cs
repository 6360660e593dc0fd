using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Learning;

namespace FederatedClinicalMl.Tests.Coordinator.Registry;

public sealed class SubgroupGateTests
{
    // Of women 20 of 20 in need are called at 0.5, of men 10 of 20; half of those without are called of both. Areas 0.75 and 0.5.
    private static readonly EvaluationReport s_unequal = Report((20, 0, 10, 10), (10, 10, 10, 10));
    private static readonly EvaluationReport s_oneIsTold = Report((20, 0, 10, 10), (2, 1, 1, 1), (2, 1, 1, 1));

    [Theory]
    [InlineData("{equal-opportunity: 0.5}", true)]
    [InlineData("{equal-opportunity: 0.49}", false)]
    [InlineData("{auroc: 0.25}", true)]
    [InlineData("{auroc: 1, equal-opportunity: 0.49}", false)]
    [InlineData("{in-the-large: 0.116}", true)] // half of all are in need, of men half are called, of women three quarters: 0.25 · (p(1) - p(-1)) = 0.1155 apart
    [InlineData("{in-the-large: 0.115}", false)]
    public void Gap_that_is_certain_and_greater_than_allowed_does_not_pass(string allowed, bool passes)
    {
        var gate = Assert.Single(Gates(allowed, s_unequal));

        Assert.Equal(("subgroup-gap", passes), (gate.Name, gate.Passed));
        Assert.StartsWith("by sex: ", gate.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Gap_between_fewer_than_two_subgroups_is_not_decided_and_has_not_passed()
    {
        var gate = Assert.Single(Gates("{equal-opportunity: 1}", s_oneIsTold));

        Assert.False(gate.Passed);
        Assert.Contains("equal opportunity at 0.50 not decided, as it is told of fewer than two subgroups, at most 1.000 is needed", gate.Sentence, StringComparison.Ordinal);
        Assert.Equal((false, "Not measured: nothing was evaluated."), Gates("{auroc: 1}", null).Select(one => (one.Passed, one.Sentence)).Single());
    }

    [Fact]
    public void Study_without_the_gate_is_not_asked() => Assert.Empty(Gates(null, s_unequal));

    private static Study Study(string? gap) => StudyText.Of(
        "{name: sex, type: category, levels: [0, 1], missing: no-level}", evaluation: $"{{subgroups: [{{feature: sex, names: [women, men]}}]{(gap is null ? "" : $", gates: {{subgroup-gap: {gap}}}")}}}");

    private static GateResult[] Gates(string? gap, EvaluationReport? evaluation) => [.. ModelGates.Check(
        new ModelFacts(new ModelEntry(default, "test", RunId.Parse("0123456789abcdef"), Study(gap).Digest, DateTimeOffset.UnixEpoch, "1.0.0", [], default), Study(gap), evaluation, null), null).Gates.Where(gate => gate.Name == "subgroup-gap")];

    // True and false positives of each subgroup: (called and in need, not called and in need, called without, not called without).
    private static EvaluationReport Report(params (int, int, int, int)[] groups)
    {
        var rows = groups.SelectMany((group, sex) => Rows(group, sex)).ToArray();
        return EvaluationReport.Of(Study(null), [.. rows.Select(row => row.Logit)], [.. rows.Select(row => row.Label ? 1f : 0)], [.. rows.Select(row => row.Sex)], 5);

        static IEnumerable<(double Logit, bool Label, double Sex)> Rows((int, int, int, int) group, int sex) =>
            new[] { (group.Item1, 1.0, true), (group.Item2, -1.0, true), (group.Item3, 1.0, false), (group.Item4, -1.0, false) }.SelectMany(part => Enumerable.Repeat((part.Item2, part.Item3, (double)sex), part.Item1));
    }
}
