using CsCheck;
using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Tests.ClinicalData.Configuration;

public sealed class YamlFieldsTests
{
    // What YamlDotNet's scanner and tree builder look at.
    private const string Marks = "ab: -\n\t{}[]?,#&*!|>'\"%@`~<=.0\0\u0085\uFEFF\uD800\\";

    [Fact]
    public void Any_text_is_a_map_or_has_a_fault_with_its_line() =>
        Gen.String[Gen.Char[Marks], 0, 40].Sample(
            text =>
            {
                var faults = new List<ConfigurationFault>();
                var fields = YamlFields.Parse(text, faults);
                Assert.Equal(fields is null, faults.Count > 0);
                Assert.All(faults, fault => Assert.InRange(fault.Line, 0, 41));
            },
            iter: 20_000);

    [Fact]
    public void Text_that_nests_without_end_is_a_fault_and_no_end_of_the_process()
    {
        var faults = new List<ConfigurationFault>();

        Assert.Null(YamlFields.Parse("a: " + new string('[', 100_000), faults));

        Assert.Contains("nest deeper than 64", Assert.Single(faults).Message, StringComparison.Ordinal);
    }
}
