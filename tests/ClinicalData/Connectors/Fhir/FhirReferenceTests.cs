using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Tests.ClinicalData.Connectors.Fhir;

public sealed class FhirReferenceTests
{
    [Theory]
    [InlineData("{'reference':'Patient/p1'}")]
    [InlineData("{ 'reference' : 'Patient/p1' }")]
    [InlineData("{'type':'Patient','reference':'Patient/p1','display':'x'}")]
    [InlineData("{'reference':'Patient\\/p1'}")]
    [InlineData("{'reference':'Patient\\u002fp1'}")]
    [InlineData("{'reference':'Patient/p1/_history/3'}")]
    [InlineData("{'reference':'https://hospital.example/fhir/Patient/p1'}")]
    [InlineData("{'reference':'https://hospital.example/fhir/Patient/p1/_history/3'}")]
    [InlineData("{'reference':'urn:uuid:p1'}")]
    public void Patient_is_found(string subject) => Assert.Equal("p1", Read(subject) is var sink ? sink.PatientName(sink.Only(EventKind.Procedure).Patient) : "");

    [Theory]
    [InlineData("{'reference':'Patient/p2'}")]
    [InlineData("{'reference':'Patient/P1'}")]
    [InlineData("{'reference':'Patient/'}")]
    [InlineData("{'reference':'p1'}")]
    [InlineData("{'reference':''}")]
    [InlineData("{'reference':'#p1'}")]
    [InlineData("{'reference':'Patient?identifier=p1'}")]
    [InlineData("{'reference':'Patient/p1#x'}")]
    [InlineData("{'reference':7}")]
    [InlineData("{'display':'a name'}")]
    [InlineData("'Patient/p1'")]
    public void Patient_whom_nothing_describes_refuses_the_record(string subject) => Assert.Equal((RecordFault.PatientUnknown, "subject"), Read(subject).Refusal());

    [Theory]
    [InlineData("Group/p1")]
    [InlineData("Device/p1")]
    public void What_is_said_of_something_else_than_a_patient_is_skipped(string reference) => Assert.Equal([SkipReason.KindNotKept], Read($"{{'reference':'{reference}'}}").Skipped);

    [Fact]
    public void Missing_patient_refuses_the_record() => Assert.Equal((RecordFault.ElementMissing, "subject"), Read("null").Refusal());

    private static RecordingSink Read(string subject) =>
        FhirExport.ReadOne("Procedure", $"{{'resourceType':'Procedure','id':'x','code':{{'text':'a'}},'performedDateTime':'2020','subject':{subject}}}");
}
