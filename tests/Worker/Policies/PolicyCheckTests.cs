using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Learning;

namespace FederatedClinicalMl.Tests.Worker.Policies;

public sealed class PolicyCheckTests
{
    private const string Feature = "{name: age, range: [0, 120]}";
    private const string Network = "{kind: mlp, hidden: [2]}";

    [Theory]
    [InlineData("datasets", "[other]", "[other, test]")]
    [InlineData("datasets", "[]", "mapped")]
    [InlineData("models", "[logistic-regression, benchmark]", "[mlp]")]
    [InlineData("models", "[]", "[mlp]")]
    [InlineData("encodings", "[float32]", "[fixed]")]
    [InlineData("aggregation", "[]", "[plain]")]
    [InlineData("maximum-rounds", "6", "7")]
    public void Rule_refuses_what_it_does_not_name_and_only_that(string rule, string refusing, string allowing)
    {
        var study = StudyText.Of(Feature, Network, rounds: 7);

        Assert.Equal([rule], RefusedBy(PolicyText.With(rule, refusing), study));
        Assert.Empty(RefusedBy(PolicyText.With(rule, allowing), study));
    }

    [Fact]
    public void Float32_must_be_allowed_by_name() =>
        Assert.Equal(["encodings"], RefusedBy(PolicyText.With("encodings", "[fixed]"), StudyText.Of(Feature, encoding: "float32")));

    [Fact]
    public void Benchmark_must_be_allowed_by_name()
    {
        Assert.Equal(["models"], RefusedBy(PolicyReader.Default, StudyText.Benchmark(10)));
        Assert.Empty(RefusedBy(PolicyText.With("models", "[benchmark]"), StudyText.Benchmark(10)));
    }

    [Fact]
    public void Policy_with_faults_passes_nothing_and_names_each()
    {
        var findings = PolicyCheck.Study(PolicyReader.Read(PolicyReader.Default + "more: 1\nand-more: 1\n"), Site.Study);

        Assert.Equal(2, findings.Length);
        Assert.All(findings, finding => Assert.True(finding is { Passed: false, Rule: "policy" }));
        Assert.Contains("'more'", findings[0].Sentence, StringComparison.Ordinal);
    }

    private static IEnumerable<string> RefusedBy(string policy, Study study)
    {
        var reading = PolicyReader.Read(policy);
        Assert.Empty(reading.Faults);
        return PolicyCheck.Study(reading, study).Where(finding => !finding.Passed).Select(finding => finding.Rule);
    }
}
