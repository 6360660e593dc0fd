using FederatedClinicalMl.Learning;

namespace FederatedClinicalMl.Tests.Learning;

public sealed class LearningRuleTests
{
    [Theory]
    [InlineData("{name: age, unit: a, range: [0, 120], missing: mean}", null)]
    [InlineData("{name: logit, unit: a, range: [0, 120], missing: mean}", "data.features[0].name")]
    [InlineData("{name: age, unit: a, range: [0, 1e35], missing: mean}", "data.features[0].range")]
    [InlineData("{name: age, unit: a, range: [0, 1e-35], missing: mean}", "data.features[0].range")]
    [InlineData("{name: age, unit: a, range: [100000000, 100000001], missing: mean}", "data.features[0].range")]
    [InlineData("{name: age, type: category, levels: [100000000, 100000001], missing: no-level}", "data.features[0].levels")]
    [InlineData("{name: age, unit: a, range: [0, 120], missing: mean, constants: {mean: 1, sd: 1e-300}}", "data.features[0].constants.sd")]
    public void Check_a_feature_that_float32_cannot_carry_names_it(string feature, string? path) =>
        Assert.Equal(path is null ? [] : [path], new LearningRule().Check(StudyText.Of(feature)).Select(fault => fault.Path));

    [Fact]
    public void Check_an_encoding_whose_sum_might_overflow_shows_the_arithmetic()
    {
        var study = StudyText.Of("{name: age, unit: a, range: [0, 120], missing: mean}", encoding: "float32\n  maximum-weight: 8388608");
        var (path, message) = Assert.Single(new LearningRule().Check(study));
        Assert.Equal("federation.encoding", path);
        Assert.Contains("39 value bits + 25 weight bits = 64, not below 63", message, StringComparison.Ordinal);
    }
}
