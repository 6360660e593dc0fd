using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Studies;

public sealed class StudyDiffTests
{
    private const string Text = """
        protocol: 1
        name: heart
        title: A title
        purpose: A purpose
        ethics: None needed
        data:
          dataset: heart
          features:
            - {name: age, unit: a, range: [18, 110], missing: mean}
            - {name: oldpeak, unit: mm, range: [-5, 10], missing: mean}
          label: {name: num, above: 0}
        model: {kind: logistic-regression}
        training: {learning-rate: 0.5, local-steps: 2}
        federation: {rounds: 2, sites: [north, south], quorum: 2, aggregation: plain}
        """;

    [Fact]
    public void Study_does_not_differ_from_itself() => Assert.Empty(StudyDiff.Between(Study(Text), Study(Text)));

    [Theory]
    [InlineData("learning-rate: 0.5", "learning-rate: 0.25", "training.learning-rate: 0.5 -> 0.25")]
    [InlineData("range: [18, 110]", "range: [18, 90]", "data.features[age].range: [18,110] -> [18,90]")]
    [InlineData("sites: [north, south]", "sites: [north, west]", "federation.sites: [\"north\",\"south\"] -> [\"north\",\"west\"]")]
    [InlineData("title: A title", "title: Another title", "title: \"A title\" -> \"Another title\"")]
    public void Difference_is_told_by_its_path_and_both_texts(string from, string to, string difference) => Assert.Equal([difference], Differences(from, to));

    [Fact]
    public void Feature_that_is_new_or_gone_is_told_as_one_difference_and_another_order_as_one_of_the_list()
    {
        var added = Assert.Single(StudyDiff.Between(Study(Text), Study(Text.Replace("  label:", "    - {name: chol, unit: mg/dL, range: [50, 700], missing: mean}\n  label:", StringComparison.Ordinal))));
        Assert.Equal(("data.features[chol]", null), (added.Path, added.Before));
        Assert.Contains("\"mg/dL\"", added.After, StringComparison.Ordinal);

        var lines = Text.Split('\n');
        (lines[8], lines[9]) = (lines[9], lines[8]);
        Assert.Equal("data.features: age, oldpeak -> oldpeak, age", Assert.Single(StudyDiff.Between(Study(Text), Study(string.Join('\n', lines)))).ToString());
    }

    [Fact]
    public void Difference_one_way_is_the_difference_the_other_way_turned_round()
    {
        var (first, second) = (Study(Text), Study(Text.Replace("rounds: 2", "rounds: 3", StringComparison.Ordinal).Replace("missing: mean}\n    - {name: old", "missing: exclude-row}\n    - {name: old", StringComparison.Ordinal)));

        var there = StudyDiff.Between(first, second);

        Assert.True(there.Length >= 2);
        Assert.Equal(there, StudyDiff.Between(second, first).Select(change => new StudyChange(change.Path, change.After, change.Before)));
    }

    private static IEnumerable<string> Differences(string from, string to) =>
        StudyDiff.Between(Study(Text), Study(Text.Replace(from, to, StringComparison.Ordinal))).Select(change => change.ToString());

    private static Study Study(string yaml) => StudyChecker.CheckYaml(yaml) is { Study: { } study } ? study : throw new InvalidOperationException(StudyChecker.CheckYaml(yaml).Faults[0].ToString());
}
