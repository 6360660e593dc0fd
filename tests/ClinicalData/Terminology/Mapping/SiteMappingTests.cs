using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Tests.ClinicalData.Terminology.Mapping;

public sealed class SiteMappingTests
{
    private static readonly Coding s_local = new("", "GLU");
    private static readonly Coding s_glucose = new(CodeSystems.Loinc, "2345-7");
    private static readonly Coding s_leukocytes = new(CodeSystems.Loinc, "6690-2");

    private readonly SiteMapping _mapping = MappingText.Read(MappingText.Whole);

    [Fact]
    public void Standard_code_stands_behind_the_sites_own_codes_which_stay()
    {
        Assert.Equal([s_local, new("", "other"), s_glucose], _mapping.Apply([s_local, new("", "other")]));
        Assert.Equal([new(CodeSystems.Icd10, "I21.4"), new(CodeSystems.Snomed, "22298006")], _mapping.Apply([new(CodeSystems.Icd10, "I21.4")]));
    }

    [Fact]
    public void Concept_that_has_the_standard_code_or_is_not_mapped_stays_as_it_is()
    {
        Assert.Equal([s_local, s_glucose], _mapping.Apply([s_local, s_glucose]));
        Assert.Equal([new("", "glu")], _mapping.Apply([new("", "glu")]));
        Assert.Equal([s_local], SiteMapping.Empty.Apply([s_local]));
    }

    [Fact]
    public void Mapping_is_applied_once_and_not_to_what_it_added()
    {
        var mapping = MappingText.Read("""
            {version: 1, reviewed-by: J, reviewed-on: 2025-01-01, units: [], codes: [
              {from: {system: local, code: A}, to: {system: icd-9, code: "250.00"}}, {from: {system: icd-9, code: "25000"}, to: {system: icd-10, code: E11.9}}]}
            """);

        Assert.Equal([new("", "A"), new(CodeSystems.Icd9, "250.00")], mapping.Apply([new("", "A")]));
    }

    [Theory]
    [InlineData("", "mg/dl fasting", "mg/dL")]
    [InlineData("", " mg/dl fasting ", "mg/dL")]
    [InlineData("", "units", "mg/dL")]
    [InlineData(CodeSystems.Ucum, "units", "mg/dL")]
    public void Unit_is_what_the_mapping_says_for_the_concept(string system, string text, string unit) =>
        Assert.Equal(new Coding(CodeSystems.Ucum, unit), _mapping.Unit(new(system, text), [s_local, s_glucose]));

    [Fact]
    public void Unit_is_what_the_mapping_says_for_all_where_it_says_nothing_for_the_concept()
    {
        Assert.Equal(new Coding(CodeSystems.Ucum, "[iU]/L"), _mapping.Unit(new("", "units"), [s_leukocytes]));
        Assert.Equal(new Coding(CodeSystems.Ucum, "10*3/uL"), _mapping.Unit(new(CodeSystems.Ucum, "K/uL"), [s_leukocytes]));
    }

    [Theory]
    [InlineData("", "UNITS")]
    [InlineData(CodeSystems.Ucum, "K/uL")]
    [InlineData(CodeSystems.Ucum, "mg/dL")]
    [InlineData("http://hospital.example/units", "units")]
    public void Unit_that_is_not_mapped_stays_as_it_is(string system, string text) => Assert.Equal(new Coding(system, text), _mapping.Unit(new(system, text), [s_glucose]));

    [Fact]
    public void Unit_for_which_two_codes_of_a_concept_say_different_things_is_not_mapped()
    {
        var mapping = MappingText.Read("""
            {version: 1, reviewed-by: J, reviewed-on: 2025-01-01, codes: [], units: [
              {from: weight, to: g, for: {system: loinc, code: 1-8}}, {from: weight, to: mg, for: {system: loinc, code: 2-6}}, {from: weight, to: kg}]}
            """);
        var (one, two) = (new Coding(CodeSystems.Loinc, "1-8"), new Coding(CodeSystems.Loinc, "2-6"));

        Assert.Equal(new Coding(CodeSystems.Ucum, "g"), mapping.Unit(new("", "weight"), [one]));
        Assert.Equal(new Coding("", "weight"), mapping.Unit(new("", "weight"), [one, two]));
    }

    [Fact]
    public void Mapping_follows_one_of_a_smaller_version_or_itself()
    {
        var next = MappingText.Read(MappingText.Whole.Replace("version: 3", "version: 4", StringComparison.Ordinal));
        var changed = MappingText.Read(MappingText.Whole.Replace("2823-3", "2823-4", StringComparison.Ordinal));

        Assert.Null(next.FaultAfter(_mapping.Mark));
        Assert.Null(_mapping.FaultAfter(MappingText.Read(MappingText.Whole).Mark));
        Assert.Null(_mapping.FaultAfter(SiteMapping.Empty.Mark));
        Assert.NotNull(_mapping.FaultAfter(next.Mark));
        Assert.NotNull(changed.FaultAfter(_mapping.Mark));
        Assert.Null(SiteMapping.Empty.FaultAfter(_mapping.Mark));
    }

    [Fact]
    public void Difference_names_each_line_that_came_or_went()
    {
        var changed = MappingText.Read(MappingText.Whole.Replace("version: 3", "version: 4", StringComparison.Ordinal).Replace("2823-3", "2823-4", StringComparison.Ordinal)
            .Replace("  - {from: mg/dl fasting, to: mg/dL}\n", "", StringComparison.Ordinal));

        var difference = MappingDifference.Between(_mapping, changed);

        Assert.Equal(["code http://hospital.example/lab|*K is http://loinc.org|2823-4"], difference.Added);
        Assert.Equal(["code http://hospital.example/lab|*K is http://loinc.org|2823-3", "unit 'mg/dl fasting' is mg/dL"], difference.Removed);
        Assert.Equal(7, MappingDifference.Between(SiteMapping.Empty, _mapping).Added.Length);
        Assert.Contains("code 'GLU' is http://loinc.org|2345-7", MappingDifference.Between(SiteMapping.Empty, _mapping).Added);
        Assert.Contains("unit 'units' is mg/dL for http://loinc.org|2345-7", MappingDifference.Between(SiteMapping.Empty, _mapping).Added);
    }
}
