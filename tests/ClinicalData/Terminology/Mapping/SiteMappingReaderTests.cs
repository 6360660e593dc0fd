using CsCheck;
using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Tests.ClinicalData.Terminology.Mapping;

public sealed class SiteMappingReaderTests
{
    [Fact]
    public void Whole_mapping_is_read()
    {
        var mapping = MappingText.Read(MappingText.Whole);

        Assert.Equal((3, "Dr. Jane Roe", new DateOnly(2025, 11, 20)), (mapping.Version, mapping.ReviewedBy, mapping.ReviewedOn));
        Assert.Contains(new CodeMapping(new("", "GLU"), new(CodeSystems.Loinc, "2345-7")), mapping.Codes);
        Assert.Contains(new CodeMapping(new("http://hospital.example/lab", "*K"), new(CodeSystems.Loinc, "2823-3")), mapping.Codes);
        Assert.Contains(new UnitMapping("units", "mg/dL", new Coding(CodeSystems.Loinc, "2345-7")), mapping.Units);
        Assert.Equal((3, 4), (mapping.Codes.Length, mapping.Units.Length));
    }

    [Fact]
    public void Digest_is_of_what_the_mapping_says_and_not_of_its_layout()
    {
        const string first = "  - from: {system: local, code: GLU}\n    to: {system: loinc, code: 2345-7}\n";
        var moved = MappingText.Whole.ReplaceLineEndings("\n").Replace(first, "", StringComparison.Ordinal)
            .Replace("units:\n", "  - {to: {code: 2345-7, system: 'http://loinc.org'}, from: {code: GLU, system: local}}   # moved\nunits:\n", StringComparison.Ordinal);

        Assert.Equal(MappingText.Read(MappingText.Whole).Digest, MappingText.Read(moved).Digest);
        // SHA-256 of the page's canonical form, written by another program: logs will hold it.
        Assert.Equal("c7cb3ea134cd5122b47efa51ef1c97a3a0e2361995e3d99ba0ae4060bd482d45", MappingText.Read(MappingText.Whole).Digest.ToString());
    }

    [Theory]
    [InlineData("version: 3", "version: 4")]
    [InlineData("Jane", "John")]
    [InlineData("2025-11-20", "2025-11-21")]
    [InlineData("2823-3", "2823-4")]
    [InlineData("code: 6690-2", "code: 6690-3")]
    [InlineData("to: mg/dL}", "to: g/L}")]
    public void Digest_changes_with_everything_that_the_mapping_says(string text, string other) =>
        Assert.NotEqual(MappingText.Read(MappingText.Whole).Digest, MappingText.Read(MappingText.Whole.Replace(text, other, StringComparison.Ordinal)).Digest);

    [Theory]
    [InlineData("version: 3", "version: 0", 1, "'version' must be a whole number")]
    [InlineData("version: 3", "version: three", 1, "'version' must be a whole number")]
    [InlineData("reviewed-by: Dr. Jane Roe", "reviewed-by: \"\"", 2, "'reviewed-by' must be a person's name")]
    [InlineData("reviewed-by: Dr. Jane Roe", "reviewed: yes", 2, "no key 'reviewed'")]
    [InlineData("2025-11-20", "20.11.2025", 3, "'reviewed-on' must be a date")]
    [InlineData("2025-11-20", "2025-02-30", 3, "'reviewed-on' must be a date")]
    [InlineData("codes:", "codes: {}\nmore:", 4, "'codes' must be a list of maps")]
    [InlineData("- {from: units, to: \"[iU]/L\"}", "- units", 12, "'units' must be a list of maps")]
    [InlineData("{system: loinc, code: 2345-7}\n  - from", "{system: lionc, code: 2345-7}\n  - from", 6, "'system' must be one of loinc")]
    [InlineData("{system: loinc, code: 2823-3}", "{system: local, code: 2823-3}", 8, "'system' must be one of loinc")]
    [InlineData("{system: loinc, code: 2823-3}", "{system: \"http://hospital.example/lab\", code: 2823-3}", 8, "'system' must be one of loinc")]
    [InlineData("{system: loinc, code: 2823-3}", "{system: loinc, code: 2823-3, display: Potassium}", 8, "no key 'display'")]
    [InlineData("{system: loinc, code: 2823-3}", "{system: loinc}", 8, "'code' is missing")]
    [InlineData("{system: local, code: GLU}", "{system: lab, code: GLU}", 5, "'system' must be local")]
    [InlineData("code: I214}", "code: \"I21*\"}", 9, "'code' must be one code")]
    [InlineData("code: GLU}", "code: \" GLU\"}", 5, "'code' must be one code")]
    [InlineData("code: GLU}", "code: \"\\ud800\"}", 5, "")]
    [InlineData("{system: snomed, code: \"22298006\"}", "{system: icd-10, code: I21.4}", 9, "'to' must be another code than 'from'")]
    [InlineData("{system: \"http://hospital.example/lab\", code: \"*K\"}", "{system: local, code: GLU}", 7, "'from' stands above already")]
    [InlineData("to: mg/dL}", "to: mg%%}", 11, "'to' must be a unit of UCUM")]
    [InlineData("to: mg/dL}", "to: \"{\\ud800}\"}", 11, "")]
    [InlineData("from: mg/dl fasting", "from: units", 12, "'from' stands above already")]
    [InlineData("from: mg/dl fasting", "from: g/L", 11, "'from' is itself another unit of UCUM")]
    [InlineData("to: mg/dL, for: {system: loinc, code: 2345-7}", "to: mg/dL, for: 2345-7", 13, "'for' must be a map")]
    [InlineData("codes:", "codes: &all", 4, "Anchors, aliases and tags are not allowed")]
    [InlineData("version: 3", "version: 3\nversion: 4", 2, "not valid YAML")]
    public void Mapping_with_a_fault_maps_nothing_and_says_where_and_what(string text, string faulty, int line, string message)
    {
        var yaml = MappingText.Whole.ReplaceLineEndings("\n");
        Assert.Contains(text, yaml, StringComparison.Ordinal);

        var reading = SiteMappingReader.Read(yaml.Replace(text, faulty, StringComparison.Ordinal));

        Assert.Null(reading.Mapping);
        Assert.Contains(reading.Faults, fault => fault.Line == line && fault.Column > 0 && fault.Message.Contains(message, StringComparison.Ordinal));
    }

    [Fact]
    public void All_faults_are_reported_at_once_in_the_order_of_the_text_and_none_quotes_a_code()
    {
        var reading = SiteMappingReader.Read("""
            version: -1
            reviewed-on: yesterday
            codes:
              - from: {system: local, code: Meier Anna}
                to: {system: nowhere, code: Meier Anna}
              - from: {system: local, code: Meier Anna}
              - {from: {system: local, code: "Meier Anna"}, to: {system: loinc, code: "Meier*"}}
            units:
              - {from: Meier, to: Meier}
            """);

        Assert.Null(reading.Mapping);
        Assert.Equal([1, 1, 2, 5, 6, 7, 9], reading.Faults.Select(fault => fault.Line));
        Assert.All(reading.Faults, fault => Assert.DoesNotContain("Meier", fault.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Mapping_of_codes_alone_has_an_empty_list_of_units() => Assert.Empty(MappingText.Read("version: 1\nreviewed-by: J\nreviewed-on: 2025-01-01\ncodes: []\nunits: []\n").Units);

    [Fact]
    public void Mapping_cut_off_anywhere_is_a_fault_or_a_smaller_mapping() =>
        Gen.Int[0, MappingText.Whole.Length].Sample(length =>
        {
            var reading = SiteMappingReader.Read(MappingText.Whole[..length]);
            Assert.Equal(reading.Faults.IsEmpty, reading.Mapping is not null);
        });
}
