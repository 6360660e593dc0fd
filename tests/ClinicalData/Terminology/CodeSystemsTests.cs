using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Tests.ClinicalData.Terminology;

public sealed class CodeSystemsTests
{
    [Fact]
    public void Short_names_and_addresses_stand_for_each_other() => Assert.All(CodeSystems.Names, pair =>
    {
        Assert.Equal(pair.Address, CodeSystems.AddressOf(pair.Name));
        Assert.Equal(pair.Name, CodeSystems.NameOf(pair.Address));
        Assert.Equal(pair.Address, CodeSystems.Canonical(pair.Address));
    });

    [Theory]
    [InlineData("LOINC")]
    [InlineData("http://loinc.org")]
    [InlineData("")]
    public void Name_that_is_none_stands_for_nothing(string name) => Assert.Null(CodeSystems.AddressOf(name));

    [Theory]
    [InlineData("urn:oid:2.16.840.1.113883.6.1", CodeSystems.Loinc)]
    [InlineData("urn:oid:2.16.840.1.113883.6.103", CodeSystems.Icd9)]
    [InlineData("http://hl7.org/fhir/sid/icd-10-us", CodeSystems.Icd10Cm)]
    [InlineData("http://snomed.info/sct/731000124108/version/20230901", CodeSystems.Snomed)]
    [InlineData("http://snomed.info/sctfake", "http://snomed.info/sctfake")]
    [InlineData("urn:oid:2.16.840.1.113883.6.104", "urn:oid:2.16.840.1.113883.6.104")]
    [InlineData("http://hospital.example/lab", "http://hospital.example/lab")]
    public void Alias_stands_for_its_system_and_what_is_unknown_for_itself(string address, string canonical) => Assert.Equal(canonical, CodeSystems.Canonical(address));

    [Fact]
    public void Alias_has_the_short_name_of_its_system() => Assert.Equal("snomed", CodeSystems.NameOf("urn:oid:2.16.840.1.113883.6.96"));
}
