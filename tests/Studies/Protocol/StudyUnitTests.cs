using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Studies.Protocol;

/// <summary>Units from UCUM's own examples (ucum.org, version 2.2, tables of section 4 and annotated forms of section 2).</summary>
public sealed class StudyUnitTests
{
    [Theory]
    [InlineData("1")]
    [InlineData("a")]
    [InlineData("%")]
    [InlineData("mm[Hg]")]
    [InlineData("mg/dL")]
    [InlineData("/min")]
    [InlineData("{beats}/min")]
    [InlineData("10*3/uL")]
    [InlineData("10*-3")]
    [InlineData("kg/m2")]
    [InlineData("m.s-2")]
    [InlineData("kg/(m.s2)")]
    [InlineData("[in_i'Hg]")]
    [InlineData("[degF]")]
    [InlineData("[m/s2/Hz^0.5]")]
    [InlineData("g{creat}")]
    [InlineData("umol/L")]
    public void CheckYaml_ucumUnit_isAccepted(string unit) => Assert.Equal(unit, Check(unit).Study?.Data.Features[0].Unit);

    [Theory]
    [InlineData("")]
    [InlineData("mm Hg")]
    [InlineData("mg//dL")]
    [InlineData("mg/")]
    [InlineData("[Hg")]
    [InlineData("{beats")]
    [InlineData("(m.s2")]
    [InlineData("µmol/L")]
    [InlineData("mg^")]
    [InlineData("mmHg\n")]
    public void CheckYaml_otherText_isAFault(string unit) => Assert.Contains(Check(unit).Faults, fault => fault.Path == "data.features[0].unit");

    private static StudyCheck Check(string unit) => StudyChecker.CheckYaml(
        StudyTexts.Smallest.Replace("{name: age,", $"{{name: age, unit: {System.Text.Json.JsonSerializer.Serialize(unit)},", StringComparison.Ordinal));
}
