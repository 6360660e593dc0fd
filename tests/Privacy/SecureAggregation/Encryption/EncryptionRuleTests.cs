using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class EncryptionRuleTests
{
    [Theory]
    [InlineData("encrypted-consortium", 32, 8_000, 4, null)]
    [InlineData("encrypted-threshold", 24, 1000, 4, null)]
    [InlineData("encrypted-threshold", 32, 8_000, 4, "No parameters of 128 bits of security carry Threshold sums of 31 value bits")] // no room for noise that floods a million values
    [InlineData("encrypted-consortium", 32, 100_000, 4, "31 value bits + 17 weight bits + 2 bits for 4 sites + 1 for the sign + 1 guard bit = 52, above 48")]
    [InlineData("encrypted-threshold", 32, 10_000, 100, "31 value bits + 14 weight bits + 7 bits for 100 sites + 1 for the sign + 1 guard bit = 54, above 48")]
    [InlineData("secure", 32, 100_000, 100, null)]
    public void Study_whose_sums_no_parameters_carry_is_refused_with_the_arithmetic(string aggregation, int bits, int weight, int sites, string? fault)
    {
        var check = StudyChecker.CheckYaml(Text(aggregation, bits, weight, sites), new EncryptionRule(_ => 1_000_000));

        Assert.Equal(fault is null, check.Study is not null);
        if (fault is not null)
            Assert.Contains(fault, Assert.Single(check.Faults, found => found.Path == "federation.aggregation").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_follows_from_the_study_and_its_members_and_is_made_once()
    {
        var study = StudyChecker.CheckYaml(Text("encrypted-consortium", 24, 1000, 4)).Study!;
        var members = MemberList.Of(Enumerable.Range(0, 4).Select(i => new Member(Consortium.NameOf(i), Consortium.KeyOf(i).PublicKey.Fingerprint)));
        var terms = StudyTerms.Of(study, members, new StepId(RunId.Parse("00112233445566aa"), new RoundNumber(1), StepKind.Decryption, 1), Consortium.DigestOf("parameters"), 1000);

        Assert.Equal((4, 1, 4), (terms.Threshold, terms.Declared.Colluders, terms.LeastSurvivors)); // every member
        Assert.Equal(23 + 10 + 2 + 1 + 1, StudyTerms.PlanOf(study, 4, 1000)!.PlaintextBits);
        Assert.Same(StudyTerms.PlanOf(study, 4, 1000), StudyTerms.PlanOf(study, 4, 1000));
        Assert.Null(StudyTerms.PlanOf(StudyChecker.CheckYaml(Text("secure", 24, 1000, 4)).Study!, 4, 1000));
    }

    private static string Text(string aggregation, int bits, int weight, int sites) => $$$"""
        protocol: 1
        name: encrypted
        title: Sums that are encrypted
        purpose: Tests
        ethics: none
        model: {kind: benchmark, parameters: 1000}
        training: {optimizer: sgd, learning-rate: 0.1, batch-size: 1, local-steps: 1}
        federation:
          rounds: 1
          sites: [{{{string.Join(", ", Enumerable.Range(0, sites).Select(i => $"site-{i}"))}}}]
          quorum: {{{sites}}}
          maximum-weight: {{{weight}}}
          encoding: {fixed: {bits: {{{bits}}}}}
          aggregation: {{{aggregation}}}
        evaluation: {every: 0}
        """;
}
