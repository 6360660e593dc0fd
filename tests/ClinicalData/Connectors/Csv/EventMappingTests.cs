using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Tests.ClinicalData.Connectors.Csv;

public sealed class EventMappingTests
{
    private const string Labs = """
        files:
          - path: labs.csv
            kind: observation
            patient: pid
            time: t
            availability: same
            code: {column: test, system: "urn:site:lab"}
            value: result
            unit: mg/dL
        """;

    [Fact]
    public void Mapping_without_fault_is_read()
    {
        var reading = EventMappingReader.Read(Labs);

        Assert.Empty(reading.Faults);
        Assert.NotNull(reading.Mapping);
    }

    [Theory]
    [InlineData("path: labs.csv", "path: ../labs.csv", "2:11: 'path' must be a path below the export's folder that ends in .csv, .csv.gz, .parquet.")]
    [InlineData("path: labs.csv", "path: /labs.csv", "2:11: 'path' must be a path below the export's folder")]
    [InlineData("path: labs.csv", "path: labs.xlsx", "2:11: 'path' must be")]
    [InlineData("kind: observation", "kind: vitals", "3:11: 'kind' must be one of patient, encounter, condition, observation, medication, administration, procedure.")]
    [InlineData("patient: pid", "person: pid", "2:5: The key 'patient' is missing.")]
    [InlineData("patient: pid", "person: pid", "4:5: There is no key 'person' here.")]
    [InlineData("time: t", "time: {column: t, format: DD.MM.YYYY}", "5:31: 'format' must be a format made of yyyy")]
    [InlineData("time: t", "time: {column: t, format: yyyy-dd}", "5:31: 'format' must be")]
    [InlineData("time: t", "time: {column: t, format: dd.MM.yyyy hh:mm}", "5:31: 'format' must be")]
    [InlineData("time: t", "time: {column: t, format: yyyy-MM-dd, formats: x}", "5:43: There is no key 'formats' here. Known: column, format.")]
    [InlineData("availability: same", "availability: soon", "6:19: 'availability' must be same, encounter-end, or {lag: 2h}.")]
    [InlineData("availability: same", "availability: {lag: 2 hours}", "6:25: 'lag' must be a whole number of s, m, h or d, such as 2h.")]
    [InlineData("    availability: same\n", "", "2:5: 'availability' or available must be there, and not both")]
    [InlineData("availability: same", "availability: same\n    available: t2", "6:19: 'availability' or available must be there, and not both")]
    [InlineData("system: \"urn:site:lab\"", "system: lab", "'system' must be the address of a code system")]
    [InlineData("code: {column: test, system: \"urn:site:lab\"}", "code: test", "7:11: 'code' must be a map.")]
    [InlineData("unit: mg/dL", "unit: {column: u, ucum: perhaps}", "9:29: 'ucum' must be true or false.")]
    [InlineData("value: result", "class: result", "8:5: There is no key 'class' here.")]
    [InlineData("value: result", "value: result\n    delimiter: ;;", "9:16: 'delimiter' must be one character")]
    [InlineData("files:", "tables:", "1:1: The key 'files' is missing.")]
    public void Fault_is_named_with_its_place(string text, string other, string fault)
    {
        Assert.Contains(text, Labs, StringComparison.Ordinal);

        var reading = EventMappingReader.Read(Labs.Replace(text, other, StringComparison.Ordinal));

        Assert.Null(reading.Mapping);
        Assert.Contains(reading.Faults, found => found.ToString().Contains(fault, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_fault_is_named_at_once()
    {
        var faults = EventMappingReader.Read("""
            files:
              - {path: p.csv, kind: patient, patient: p, sex: {column: s, map: {M: man, W: female}}, availability: same}
              - {path: v.csv, kind: encounter, patient: p, encounter: v, time: t, availability: {lag: x}, class: {column: c, map: {S: IMP, X: ?}}, id: v}
              - {path: w.csv, kind: observation, patient: p, time: t, availability: encounter-end, observations: [{column: hr, unit: /min}], value: x}
            """).Faults;

        (long Line, string Message)[] expected =
        [
            (2, "'M' must be one of male, female, other, unknown."), (2, "'availability' must be there where death is, and only there"), (3, "'lag' must be a whole number"),
            (3, "'X' must be one of AMB,"), (3, "There is no key 'id' here."), (4, "The key 'code' is missing."), (4, "There is no key 'value' here."),
        ];
        Assert.Equal(expected.Select(fault => fault.Line), faults.Select(fault => fault.Line));
        Assert.All(expected.Zip(faults), pair => Assert.StartsWith(pair.First.Message, pair.Second.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Mapping_of_the_reference_page_has_no_fault() =>
        Assert.Empty(EventMappingReader.Read(File.ReadAllText(SharedData.Fixture("../../docs/reference/event-mapping.md")).Split("```yaml\n")[1].Split("```")[0]).Faults);
}
