using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Tests.ClinicalData.Terminology.Mapping;

internal static class MappingText
{
    public const string Whole = """
        version: 3
        reviewed-by: Dr. Jane Roe
        reviewed-on: 2025-11-20
        codes:
          - from: {system: local, code: GLU}
            to: {system: loinc, code: 2345-7}
          - from: {system: "http://hospital.example/lab", code: "*K"}
            to: {system: loinc, code: 2823-3}
          - {from: {system: icd-10, code: I214}, to: {system: snomed, code: "22298006"}}
        units:
          - {from: mg/dl fasting, to: mg/dL}
          - {from: units, to: "[iU]/L"}
          - {from: units, to: mg/dL, for: {system: loinc, code: 2345-7}}
          - {from: K/uL, to: 10*3/uL, for: {system: loinc, code: 6690-2}}
        """;

    public static SiteMapping Read(string yaml)
    {
        var reading = SiteMappingReader.Read(yaml);
        Assert.Empty(reading.Faults);
        return reading.Mapping!;
    }
}
