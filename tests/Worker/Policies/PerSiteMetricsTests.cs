using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Worker.Policies;

public sealed class PerSiteMetricsTests
{
    private const string Default = "per-site-metrics: withhold";

    [Fact]
    public void Default_policy_withholds()
    {
        Assert.False(PolicyReader.Read(PolicyReader.Default).Policy!.PerSiteMetrics);
        Assert.True(Policy("per-site-metrics: release").Policy is { PerSiteMetrics: true, Comparisons: false });
        Assert.True(Policy("per-site-metrics: compare").Policy is { PerSiteMetrics: true, Comparisons: true });
    }

    [Theory]
    [InlineData("", "'per-site-metrics' is missing")]
    [InlineData("per-site-metrics: yes", "must be withhold or release")]
    [InlineData("per-site-metrics: Release", "must be withhold or release")]
    [InlineData("per-site-metrics: [release]", "must be a single value")]
    public void Policy_without_one_of_the_words_allows_nothing(string line, string fault)
    {
        var reading = Policy(line);

        Assert.Null(reading.Policy);
        Assert.Contains(fault, Assert.Single(reading.Faults).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("release", "the policy releases them")]
    [InlineData("withhold", "the policy withholds them")]
    public void Steward_reads_what_the_policy_does_and_the_study_is_within_it_either_way(string word, string sentence)
    {
        var finding = Assert.Single(PolicyCheck.Study(Policy($"per-site-metrics: {word}"), SmallStudy.Of(perSite: true)), finding => finding.Rule == "per-site-metrics");

        Assert.True(finding.Passed);
        Assert.Contains(sentence, finding.Sentence, StringComparison.Ordinal);
        Assert.DoesNotContain(PolicyCheck.Study(Policy($"per-site-metrics: {word}"), SmallStudy.Of(perSite: false)), finding => finding.Rule == "per-site-metrics");
    }

    private static PolicyReading Policy(string line)
    {
        Assert.Contains(Default, PolicyReader.Default, StringComparison.Ordinal);
        return PolicyReader.Read(PolicyReader.Default.Replace(Default, line, StringComparison.Ordinal));
    }
}
