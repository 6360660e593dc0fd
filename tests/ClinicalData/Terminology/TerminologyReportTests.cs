using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Tests.ClinicalData.Terminology.Mapping;
using FederatedClinicalMl.Tests.ClinicalData.Terminology.Units;

namespace FederatedClinicalMl.Tests.ClinicalData.Terminology;

public sealed class TerminologyReportTests
{
    private static readonly Coding s_glucose = new(CodeSystems.Loinc, "2345-7");

    private readonly TerminologyReportBuilder _report = new(MappingText.Read(MappingText.Whole));

    [Fact]
    public void Codes_that_nobody_mapped_are_reported_with_their_counts_the_most_frequent_first()
    {
        _report.AddConcept(EventKind.Observation, [new("", "NA")], 5);
        _report.AddConcept(EventKind.Observation, [new("http://hospital.example/lab", "NA"), new("", "sodium")], 7);
        _report.AddConcept(EventKind.Observation, [new("", "NA")], 6);
        _report.AddConcept(EventKind.Condition, [new("", "NA")], 11);

        Assert.Equal(
            [
                new(EventKind.Condition, new("", "NA"), 11),
                new(EventKind.Observation, new("", "NA"), 11),
                new(EventKind.Observation, new("http://hospital.example/lab", "NA"), 7),
                new UnmappedCode(EventKind.Observation, new("", "sodium"), 7),
            ],
            _report.Build().Codes);
    }

    [Fact]
    public void Code_that_is_standard_or_mapped_is_not_reported()
    {
        _report.AddConcept(EventKind.Observation, [new("", "GLU")], 1);
        _report.AddConcept(EventKind.Observation, [new("", "other"), s_glucose], 1);
        _report.AddConcept(EventKind.Condition, [new("urn:oid:2.16.840.1.113883.6.103", "250.00")], 1);

        Assert.Empty(_report.Build().Codes);
    }

    [Fact]
    public void Units_that_are_none_or_do_not_convert_are_reported_by_concept_with_the_reason()
    {
        var converter = new UnitConverter(UnitText.Unit("mmol/L"));
        _report.AddUnit([s_glucose], new("", "mmol/l"), 3);
        _report.AddUnit([s_glucose], new(CodeSystems.Ucum, "mg/dL"), 9, converter, "mmol/L");
        _report.AddUnit([s_glucose], new(CodeSystems.Ucum, "mg/dL"), 9);
        _report.AddUnit([new("", "GLU")], new("", "units"), 4, converter); // mapped to mg/dL by the code that is added
        _report.AddUnit([s_glucose], new("", "mg/dl fasting"), 4);
        _report.AddUnit([s_glucose], new(CodeSystems.Ucum, "mmol/L"), 4, converter);

        Assert.Equal(
            [
                new(s_glucose, new(CodeSystems.Ucum, "mg/dL"), UnitFault.MolarMassNeeded, "mmol/L", 9),
                new(new("", "GLU"), new("", "units"), UnitFault.MolarMassNeeded, "", 4),
                new UnmappedUnit(s_glucose, new("", "mmol/l"), UnitFault.NotUcum, "", 3),
            ],
            _report.Build().Units);
    }

    [Fact]
    public void Long_text_is_shown_by_its_beginning_and_counts_with_those_that_look_the_same()
    {
        var prose = "Patient Anna Meier, " + new string('x', 60);
        _report.AddConcept(EventKind.Condition, [new("", prose)], 1);
        _report.AddConcept(EventKind.Condition, [new("", prose[..^1] + "y")], 1);
        _report.AddConcept(EventKind.Condition, [new("", new string('k', 64))], 1);
        _report.AddUnit([s_glucose], new("", prose), 1);
        var report = _report.Build();

        Assert.Equal([("Patient Anna Mei... (80 characters)", 2L), (new string('k', 64), 1L)], report.Codes.Select(code => (code.Code.Code, code.Count)));
        Assert.Equal("Patient Anna Mei... (80 characters)", Assert.Single(report.Units).Unit.Code);
    }
}
