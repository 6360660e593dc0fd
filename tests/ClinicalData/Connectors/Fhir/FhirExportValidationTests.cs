using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Tests.ClinicalData.Connectors.Fhir;

public sealed class FhirExportValidationTests : IDisposable
{
    private readonly FhirExport _export = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _export.Dispose();

    [Fact]
    public void Issues_are_told_by_file_line_and_element_and_no_value()
    {
        _export.With("Patient.ndjson", FhirExport.Patient, "", "{'resourceType':'Patient','id':'Meier','birthDate':'3.8.1956','Anna':1}")
            .With("Observation.ndjson.gz", FhirExport.Gzip(FhirExport.Json("{'resourceType':'Observation','id':'o','status':'final'}")));

        var report = Check();

        Assert.Equal((3L, 2L), (report.Checked, report.Faulty));
        Assert.Equal(
            ["Observation.ndjson.gz:1 .code required", "Patient.ndjson:3 Patient.? value", "Patient.ndjson:3 Patient.birthDate value"],
            report.Issues.Select(item => $"{item.File}:{item.Line} {item.Issue.Path} {item.Issue.Kind}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Only_so_many_resources_of_each_file_are_looked_at()
    {
        _export.With("Patient.ndjson", FhirExport.Patient, FhirExport.Patient, "{}").With("Encounter.ndjson", FhirExport.Encounter, "{}");

        Assert.Equal((4L, 1L), Check(2) is var report ? (report.Checked, report.Faulty) : default);
    }

    [Fact]
    public void What_cannot_be_read_is_an_issue_and_what_follows_is_looked_at()
    {
        var cut = FhirExport.Gzip(FhirExport.Json(FhirExport.Encounter + "\n" + FhirExport.Encounter));
        _export.With("Encounter.ndjson.gz", cut[..^12]).With("Patient.ndjson", FhirExport.Patient, new string('x', 500), FhirExport.Patient);

        var report = FhirExportValidation.Check(_export.Folder, new FhirLimits(LongestLine: 400), perFile: null, Stop);

        Assert.Equal(["Patient.ndjson:2 too-long", "Encounter.ndjson.gz:2 incomplete"], report.Issues.Select(item => $"{item.File}:{item.Line} {item.Issue.Kind}"));
    }

    [Fact]
    public void Folder_without_an_export_is_refused() => Assert.Throws<DatasetMissingException>(() => Check());

    private FhirExportReport Check(long? perFile = null) => FhirExportValidation.Check(_export.Folder, FhirLimits.Default, perFile, Stop);
}
