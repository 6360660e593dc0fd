using CsCheck;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Learning;

public sealed class ModelVersionTests
{
    private static readonly Gen<ModelVersion> s_versions = Gen.Select(Gen.Int[1, 30], Gen.Int[0, 30], Gen.Int[0, 30], (major, minor, patch) => new ModelVersion(major, minor, patch));

    [Fact]
    public void Version_is_read_as_it_is_written_and_the_next_one_is_greater_by_each_part() => s_versions.Sample(version =>
    {
        Assert.Equal(version, ModelVersion.Parse(version.ToString()));
        Assert.All(Enum.GetValues<VersionPart>(), part => Assert.True(version.Next(part) > version));
        Assert.True(version.Next(VersionPart.Major) > version.Next(VersionPart.Minor) && version.Next(VersionPart.Minor) > version.Next(VersionPart.Patch));
    });

    /// <summary>Order of https://semver.org, item 11.</summary>
    [Fact]
    public void Versions_follow_one_another_by_number_and_not_by_letter() =>
        Assert.Equal(["1.0.0", "2.0.0", "2.1.0", "2.1.1", "2.10.0", "10.0.0"], new[] { "10.0.0", "2.10.0", "2.1.1", "2.1.0", "2.0.0", "1.0.0" }.Select(ModelVersion.Parse).Order().Select(version => version.ToString()));

    [Theory]
    [InlineData("")]
    [InlineData("1.0")]
    [InlineData("0.1.0")]
    [InlineData("01.0.0")]
    [InlineData("1.0.0 ")]
    [InlineData("1.0.-1")]
    [InlineData("1.0.0-rc.1")]
    [InlineData("1.0.1000000")]
    public void What_is_no_version_is_refused(string text) => Assert.False(ModelVersion.TryParse(text, out _));

    [Theory]
    [InlineData("title: A small study", "title: Other words", true, VersionPart.Patch)]
    [InlineData("title: A small study", "title: Other words", false, VersionPart.Minor)]
    [InlineData("aggregation: plain}", "aggregation: plain, deadline: 30m}", true, VersionPart.Patch)]
    [InlineData("quorum: 2, aggregation: plain}", "quorum: 2, aggregation: plain}\nevaluation: {every: 1, gates: {ece: 0.1}}", true, VersionPart.Patch)] // judged otherwise, trained the same
    [InlineData("quorum: 2, aggregation: plain}", "quorum: 2, aggregation: plain}\nevaluation: {every: 1, gates: {ece: 0.1}}", false, VersionPart.Minor)]
    [InlineData("rounds: 2", "rounds: 3", true, VersionPart.Minor)] // a hyperparameter, whatever came of it
    [InlineData("local-epochs: 1", "local-epochs: 2", false, VersionPart.Minor)]
    [InlineData("range: [0, 120]", "range: [0, 100]", false, VersionPart.Minor)]
    [InlineData("kind: logistic-regression", "kind: mlp, hidden: [4]", false, VersionPart.Major)]
    [InlineData("label: {name: outcome}", "label: {name: death}", false, VersionPart.Major)]
    [InlineData("dataset: test", "dataset: other", false, VersionPart.Major)]
    [InlineData("sites: [north, south]", "sites: [north, south, west]", false, VersionPart.Major)]
    public void Part_that_is_proposed_follows_from_what_changed(string from, string to, bool sameParameters, VersionPart part)
    {
        var changed = Text.Replace(from, to, StringComparison.Ordinal);
        Assert.NotEqual(Text, changed);

        var proposal = VersionProposal.After(ModelVersion.Parse("1.2.3"), Study(Text), Sha256Digest.Of([1]), Study(changed), Sha256Digest.Of([sameParameters ? (byte)1 : (byte)2]));

        Assert.Equal((part, ModelVersion.Parse("1.2.3").Next(part)), (proposal.Part!.Value, proposal.Version));
        Assert.NotEmpty(proposal.Reasons);
        Assert.Equal(part == VersionPart.Major, VersionProposal.PartOf(proposal.Reasons[0].Path) == VersionPart.Major);
    }

    [Fact]
    public void Same_study_trained_again_is_a_minor_version_and_the_same_parameters_a_patch()
    {
        Assert.Equal("1.1.0", After(Sha256Digest.Of([2])).Version.ToString());
        Assert.Equal("1.0.1", After(Sha256Digest.Of([1])).Version.ToString());

        static VersionProposal After(Sha256Digest parameters) => VersionProposal.After(ModelVersion.First, Study(Text), Sha256Digest.Of([1]), Study(Text), parameters);
    }

    [Fact]
    public void Person_may_confirm_a_greater_part_and_never_a_smaller_one()
    {
        var before = ModelVersion.Parse("1.2.3");
        var proposal = VersionProposal.After(before, Study(Text), Sha256Digest.Of([1]), Study(Text), Sha256Digest.Of([2]));

        Assert.Equal(["1.3.0", "2.0.0"], new[] { "1.2.4", "1.3.0", "1.4.0", "2.0.0", "2.1.0", "3.0.0" }.Where(version => proposal.Allows(ModelVersion.Parse(version), before)));
        Assert.True(VersionProposal.First.Allows(ModelVersion.First, null));
        Assert.False(VersionProposal.First.Allows(ModelVersion.Parse("2.0.0"), null));
    }

    private const string Text = """
        protocol: 1
        name: small
        title: A small study
        purpose: A test of this software
        ethics: Made-up data; no approval needed
        data:
          dataset: test
          features:
            - {name: age, range: [0, 120], missing: mean}
          label: {name: outcome}
        model: {kind: logistic-regression}
        training: {learning-rate: 0.1, local-epochs: 1}
        federation: {rounds: 2, sites: [north, south], quorum: 2, aggregation: plain}
        """;

    private static Study Study(string yaml) => StudyChecker.CheckYaml(yaml) is { Study: { } study } ? study : throw new InvalidOperationException(StudyChecker.CheckYaml(yaml).Faults[0].ToString());
}
