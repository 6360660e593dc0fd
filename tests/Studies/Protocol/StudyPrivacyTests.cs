using System.Text.Json.Nodes;
using CsCheck;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Studies.Protocol;

public sealed class StudyPrivacyTests
{
    [Fact]
    public void CheckYaml_privateStudy_isReadWhole()
    {
        var study = Sound(StudyTexts.Private);

        Assert.Equal(
            new StudyPrivacy(1.25, 0.5, 0.0625, 800, 4, NoisePlacement.Site, new AdaptiveNorm(0.6, 0.3, 10, 0.125, 3), new PrivateEvaluation(8, 32)), study.Privacy);
    }

    [Fact]
    public void CheckYaml_leastPrivateStudy_hasTheDefaults()
    {
        var text = StudyTexts.Private;
        text = text[..text.IndexOf("privacy:", StringComparison.Ordinal)] + "privacy: {dp: {noise-multiplier: 1, clipping-norm: 1, sampling-rate: 1, patients: 1, evaluation: {noise-multiplier: 1}}}";

        Assert.Equal(new StudyPrivacy(1, 1, 1, 1, 1, NoisePlacement.Site, null, new PrivateEvaluation(1, 16)), Sound(text).Privacy);
        Assert.Null(Sound(text.Replace("{every: 6}", "{every: 0}", StringComparison.Ordinal).Replace(", evaluation: {noise-multiplier: 1}", "", StringComparison.Ordinal)).Privacy!.Evaluation);
    }

    [Theory]
    [InlineData("distributed", NoisePlacement.Distributed)]
    [InlineData("central", NoisePlacement.Central)]
    public void CheckYaml_noiseInTheSum_isAStudyWhereOneStepOfSgdIsMasked(string placement, NoisePlacement read)
    {
        var text = StudyTexts.Private.Replace("placement: site", $"placement: {placement}", StringComparison.Ordinal).Replace("local-steps: 5", "local-steps: 1", StringComparison.Ordinal);
        text = text[..text.IndexOf("    adaptive:", StringComparison.Ordinal)] + text[text.IndexOf("    evaluation:", StringComparison.Ordinal)..];

        Assert.Equal(read, Sound(text).Privacy!.Placement);
        Assert.True(Sound(text).SumsGradients);
    }

    [Fact]
    public void CheckYaml_anyOtherValueOfPrivacy_givesAnotherDigest()
    {
        (string, string)[] changes =
        [
            ("multiplier: 1.25", "multiplier: 1.5"), ("norm: 0.5", "norm: 0.25"), ("rate: 0.0625", "rate: 0.125"), ("patients: 800", "patients: 801"), ("patient: 4", "patient: 5"),
            ("quantile: 0.6", "quantile: 0.5"), ("rate: 0.3", "rate: 0.2"), ("deviation: 10", "deviation: 11"), ("minimum: 0.125", "minimum: 0.25"), ("maximum: 3", "maximum: 4"),
            ("multiplier: 8", "multiplier: 9"), ("bins: 32", "bins: 64"),
        ];
        var digests = changes.Select(change => Sound(StudyTexts.Private.Replace(change.Item1, change.Item2, StringComparison.Ordinal)).Digest).Append(Sound(StudyTexts.Private).Digest);

        Assert.Equal(changes.Length + 1, digests.Distinct().Count());
    }

    [Theory]
    [InlineData(1, 1 << 20)]
    [InlineData(1.0000001, 1 << 19)] // the next float32 above 1
    [InlineData(0.99999994, 1 << 20)] // the one below
    [InlineData(1024, 1 << 10)]
    [InlineData(1024.0000000000002, 1 << 10)] // rounds to 1024 in float32, and its logarithm to 10
    [InlineData(3, 1 << 18)]
    [InlineData(1e6, 1)]
    public void CodesPerUnit_isThePowerOfTwoWithWhichTheGreatestNormHasAtMost2To20Codes(double norm, double codes) =>
        Assert.Equal(codes, Of(norm, greatest: null).CodesPerUnit);

    [Fact]
    public void CodesPerUnit_isTheGreatestSuchPowerOfTwoWhateverTheNorm() => Gen.Select(Gen.Double[-6, 6], Gen.Double[0, 1], Gen.Bool).Sample((exponent, part, isAdaptive) =>
    {
        var greatest = (float)Math.Clamp(Math.Pow(10, exponent), 1e-6, 1e6);
        var codes = Of(isAdaptive ? greatest * part : greatest, isAdaptive ? greatest : null).CodesPerUnit;

        Assert.Equal(1, codes / Math.ScaleB(1, Math.ILogB(codes)));
        Assert.InRange(codes * greatest, Math.BitIncrement((1 << 20) / 2.0), 1 << 20);
    });

    [Theory]
    [InlineData(0, 20, new int[0])]
    [InlineData(6, 20, new[] { 6, 12, 18, 20 })]
    [InlineData(5, 20, new[] { 5, 10, 15, 20 })]
    [InlineData(30, 20, new[] { 20 })]
    [InlineData(1, 3, new[] { 1, 2, 3 })]
    public void EvaluatesAfter_everyNthRoundAndTheLast(int every, int rounds, int[] after)
    {
        var study = Sound(StudyTexts.Private.Replace("{every: 6}", $"{{every: {every}}}", StringComparison.Ordinal).Replace("rounds: 20", $"rounds: {rounds}", StringComparison.Ordinal));

        Assert.Equal(after, Enumerable.Range(0, rounds + 1).Where(round => study.EvaluatesAfter(new RoundNumber(round))));
    }

    /// <summary>Whatever a study declares: where it is under differential privacy and sound, nothing of it has to be learned from patients before it starts.</summary>
    [Fact]
    public void CheckYaml_anyPrivateStudyThatIsSound_needsNoPreparation()
    {
        var sound = 0;
        StudyGen.Json.Sample(json =>
        {
            var declared = JsonNode.Parse(json)!.AsObject();
            declared["privacy"] = new JsonObject { ["dp"] = new JsonObject { ["noise-multiplier"] = 1, ["clipping-norm"] = 1, ["sampling-rate"] = 0.5, ["patients"] = 10, ["evaluation"] = new JsonObject { ["noise-multiplier"] = 1 } } };
            declared["federation"]!["weighting"] = "equal";
            declared["training"] = new JsonObject { ["local-steps"] = 1 };
            declared.Remove("evaluation");
            if (declared["model"]!.AsObject().ContainsKey("dropout"))
                declared["model"]!["dropout"] = 0;
            var check = StudyChecker.CheckYaml(declared.ToJsonString());

            Assert.All(check.Faults, fault => Assert.EndsWith(".constants", fault.Path, StringComparison.Ordinal));
            Assert.True(check.Study is null || check.Study.Data.Features.All(feature => !feature.NeedsPreparation));
            Interlocked.Add(ref sound, check.Study is null ? 0 : 1);
        });
        Assert.True(sound > 10, $"{sound} sound");
    }

    [Fact]
    public void CheckYaml_privateStudyOverEvents_givesTheConstantsOfEveryFeatureThatWouldNeedThem()
    {
        var declared = CanonicalJson.Read(StudyChecker.CheckYaml(Repository.Read("docs/how-to/examples/synthetic-hospitals.yaml")).Study!.Canonical.Span)!;
        var open = StudyChecker.CheckCanonical(CanonicalJson.Write(declared)).Study!;
        declared["privacy"] = JsonNode.Parse("""{"dp": {"noise-multiplier": 1, "clipping-norm": 1, "sampling-rate": 0.5, "patients": 10, "evaluation": {"noise-multiplier": 1}}}""");
        declared["federation"]!["weighting"] = "equal";
        declared["training"] = new JsonObject { ["local-steps"] = 1 };
        declared["evaluation"] = new JsonObject();
        if (declared["model"]!.AsObject().ContainsKey("dropout"))
            declared["model"]!["dropout"] = 0;

        var faults = StudyChecker.CheckYaml(declared.ToJsonString()).Faults;

        Assert.NotEmpty(faults);
        Assert.All(faults, fault => Assert.EndsWith(".constants", fault.Path, StringComparison.Ordinal));
        foreach (var feature in open.Data.Features.Where(feature => feature.NeedsPreparation))
            Assert.Contains(faults, fault => fault.Message.Contains($"'{feature.Name}'", StringComparison.Ordinal));
    }

    private static StudyPrivacy Of(double norm, double? greatest) =>
        new(1, norm, 1, 1, 1, NoisePlacement.Site, greatest is { } maximum ? new AdaptiveNorm(0.5, 0.2, 10, 1e-6, maximum) : null, null);

    private static Study Sound(string yaml)
    {
        var check = StudyChecker.CheckYaml(yaml);
        Assert.Empty(check.Faults);
        return check.Study!;
    }
}
