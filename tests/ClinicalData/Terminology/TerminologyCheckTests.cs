using System.Collections.Immutable;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.ClinicalData.Quality;
using FederatedClinicalMl.Tests.ClinicalData.Terminology.Mapping;

namespace FederatedClinicalMl.Tests.ClinicalData.Terminology;

public sealed class TerminologyCheckTests
{
    private const string Laboratory = "http://hospital.example/lab";

    private static readonly Study s_study = ClinicalStudyText.Of(
        """
        glucose: {kind: number, of: [observation], codes: {loinc: [2345-7]}, unit: mg/dL, plausible: [20, 1000], molar-mass: 180.156}
        smoking: {kind: coded, of: [observation], codes: {loinc: [72166-2]}, levels: [{level: 0, codes: {snomed: ["266919005"]}}, {level: 1, codes: {snomed: ["8517006"]}}]}
        """,
        """
        index: {event: encounter}
        outcome: {name: outcome, of: [condition], codes: {snomed: ["77386006"]}, within: 365d, follow-up: assumed}
        """);

    // Two glucoses without unit, one in a text of the site's, one that converts; and what a study of these does not ask for.
    private readonly Ward _ward = new Ward()
        .Number("a", 1, "2345-7", 5, unit: null).Number("b", 1, "2345-7", 5, unit: null).Number("a", 2, "2345-7", 5, unit: "mmol/L")
        .Number("a", 1, "718-7", 9, unit: "g/dL")
        .Add("a", sink => Observed(sink, new(CodeSystems.Loinc, "2345-7"), sink.Concept(new Coding("", "mg/dl nuechtern"))))
        .Add("a", sink => Observed(sink, new("", "GLU"), sink.Concept(new Coding(CodeSystems.Ucum, "mg/dL"))))
        .Add("a", sink => Observed(sink, new(Laboratory, "x\"y"), -1))
        .Add("a", sink => Answered(sink, new("", "raucht"))).Add("b", sink => Answered(sink, new("", "raucht")))
        .Add("b", sink => Answered(sink, new(CodeSystems.Snomed, "8517006")))
        .Add("a", EventKind.Condition, 3, "", "Schnupfen")
        .Add("a", EventKind.Procedure, 3, "", "OP 7");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public void What_a_study_asks_for_and_nobody_mapped_is_counted_and_nothing_else()
    {
        var report = Report(SiteMapping.Empty, TerminologyScope.Of(s_study.Data));

        Assert.Equal(
            [
                new(EventKind.Observation, new("", "raucht"), 2),
                new(EventKind.Condition, new("", "Schnupfen"), 1),
                new(EventKind.Observation, new(Laboratory, "x\"y"), 1),
                new UnmappedCode(EventKind.Observation, new("", "GLU"), 1),
            ],
            report.Codes.OrderByDescending(code => code.Count).ThenBy(code => code.Kind).ThenByDescending(code => code.Code.System, StringComparer.Ordinal));
        Assert.Equal(
            [
                new(new(CodeSystems.Loinc, "2345-7"), SiteConcepts.NoUnit, UnitFault.OtherDimension, "mg/dL", 2),
                new UnmappedUnit(new(CodeSystems.Loinc, "2345-7"), new("", "mg/dl nuechtern"), UnitFault.NotUcum, "mg/dL", 1),
            ],
            report.Units);
        Assert.Equal((4, 2), (report.DifferentCodes, report.DifferentUnits));
    }

    [Fact]
    public void Library_asks_for_every_kind_and_loses_a_number_once_however_many_features_want_it()
    {
        var report = Report(SiteMapping.Empty, TerminologyScope.Library);

        Assert.Contains(report.Codes, code => code.Code.Code == "OP 7");
        // glucose-last, -mean and -slope all want it.
        Assert.Equal(2, Assert.Single(report.Units, unit => unit.Unit == SiteConcepts.NoUnit).Count);
        Assert.DoesNotContain(report.Units, unit => unit.Concept.Code == "718-7");
    }

    [Fact]
    public void Snippet_with_its_meanings_filled_in_leaves_nothing_that_a_mapping_can_mend()
    {
        var scope = TerminologyScope.Of(s_study.Data);
        var snippet = TerminologySnippet.Write(Report(SiteMapping.Empty, scope));
        const string Head = "version: 1\nreviewed-by: Ann\nreviewed-on: 2026-01-31\n";
        Assert.NotEmpty(SiteMappingReader.Read(Head + snippet).Faults); // as it is, it maps nothing

        var mapping = MappingText.Read(Head + snippet
            .Replace("to: {system: \"\", code: \"\"}", "to: {system: snomed, code: \"1\"}", StringComparison.Ordinal)
            .Replace("to: \"\"", "to: mg/dL", StringComparison.Ordinal));

        var report = Report(mapping, scope);
        Assert.Empty(report.Codes);
        Assert.Equal(SiteConcepts.NoUnit, Assert.Single(report.Units).Unit);
        Assert.Equal("", TerminologySnippet.Write(report));
    }

    [Fact]
    public void Text_that_is_shown_by_its_beginning_stands_in_no_snippet()
    {
        var ward = new Ward().Add("a", EventKind.Condition, 3, "", "Frau Anna Meier klagt " + new string('x', 80));

        Assert.Equal("", TerminologySnippet.Write(TerminologyCheck.Of(ward.Open().Snapshot, SiteMapping.Empty, TerminologyScope.Library, null, Stop)));
    }

    [Fact]
    public void Import_is_looked_at_by_what_it_added()
    {
        Assert.Equal(5, TerminologyCheck.Of(_ward.Open().Snapshot, SiteMapping.Empty, TerminologyScope.Library, 1, Stop).DifferentCodes);
        Assert.Empty(TerminologyCheck.Of(_ward.Open().Snapshot, SiteMapping.Empty, TerminologyScope.Library, 2, Stop).Codes);
    }

    private static ClinicalEvent Observed(IEventSink sink, Coding code, int unit) => Ward.Event(EventKind.Observation, Ward.Hour(1), Ward.Hour(1)) with
    {
        Concept = sink.Concept(code), Number = 90, Unit = unit,
    };

    private static ClinicalEvent Answered(IEventSink sink, Coding answer) => Ward.Event(EventKind.Observation, Ward.Hour(1), Ward.Hour(1)) with
    {
        Concept = sink.Concept(new Coding(CodeSystems.Loinc, "72166-2")), Value = sink.Concept(answer),
    };

    private TerminologyReport Report(SiteMapping mapping, TerminologyScope scope) => TerminologyCheck.Of(_ward.Open().Snapshot, mapping, scope, import: null, Stop);
}
