using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Tests.ClinicalData.Connectors.Fhir;

public sealed class FhirValidationTests
{
    [Theory]
    [InlineData("{'resourceType':'Patient','id':'a'}", "")]
    [InlineData("{'resourceType':'Patient','id':'a','birthDate':'03.08.1956'}", "Patient.birthDate value")]
    [InlineData("{'resourceType':'Patient','id':'a','name':[{'family':5}]}", "Patient.name[0].family value")]
    [InlineData("{'resourceType':'Patient','id':'a','John Smith':'x'}", "Patient.? value")]
    [InlineData("{'resourceType':'Patient','id':'a','name[John]':'x'}", "Patient.? value")]
    [InlineData("{'resourceType':'Smith','id':'a'}", " value")]
    [InlineData("{'resourceType':'Pati", " structure")]
    [InlineData("[1]", " structure")]
    [InlineData("7", " structure")]
    [InlineData("{'resourceType':'Patient','id':'a','':'x'}", " exception")]
    public void Issues_name_the_element_and_no_value(string json, string issues) =>
        Assert.Equal(issues, string.Join(';', FhirValidation.Check(FhirExport.Json(json)).Select(issue => $"{issue.Path} {issue.Kind}")));

    [Fact]
    public void Missing_elements_are_named() =>
        Assert.Contains(new FhirIssue(".code", "required"), FhirValidation.Check(FhirExport.Json("{'resourceType':'Observation','id':'a','status':'final'}")));

    [Fact]
    public void What_is_not_utf8_is_no_resource() => Assert.Equal([new FhirIssue("", "structure")], FhirValidation.Check([(byte)'{', 0xE4, (byte)'}']));
}
