using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// What a report leaves to be mapped, as lines for <c>mapping.yaml</c> in which only the meaning is missing. A file in which a meaning is still missing has a
/// fault in that line, so that a line which was forgotten maps nothing.
/// </summary>
public static class TerminologySnippet
{
    /// <summary>Writes it; empty: there is nothing that a mapping could mend.</summary>
    public static string Write(TerminologyReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var text = new StringBuilder();
        foreach (var (i, code) in report.Codes.Where(code => !TerminologyReport.IsCut(code.Code)).GroupBy(code => code.Code).Index())
        {
            var uses = string.Join(", ", code.Select(use => string.Create(CultureInfo.InvariantCulture, $"{use.Count} {use.Kind}")));
            text.Append(i == 0 ? "codes:\n" : "").Append($"  - from: {Text(code.Key)} # {uses}\n    to: {{system: \"\", code: \"\"}}\n");
        }

        foreach (var (i, unit) in report.Units.Where(IsMappable).DistinctBy(unit => (unit.Concept, unit.Unit)).Index())
        {
            text.Append(i == 0 ? "units:\n" : "").Append(CultureInfo.InvariantCulture,
                $"  - {{from: {Text(unit.Unit.Code)}, to: \"\", for: {Text(unit.Concept)}}} # {unit.Count} numbers; wanted: {unit.Wanted}\n");
        }

        return text.ToString();
    }

    // What is a unit, and the right one, converts only by what a definition says; where it is the wrong one, only the steward can know it.
    private static bool IsMappable(UnmappedUnit unit) =>
        unit.Fault is UnitFault.NotUcum or UnitFault.Unparsable or UnitFault.OtherDimension && unit.Unit != SiteConcepts.NoUnit
        && !TerminologyReport.IsCut(unit.Unit) && !TerminologyReport.IsCut(unit.Concept);

    private static string Text(Coding coding) => $"{{system: {(coding.System.Length == 0 ? "local" : Text(CodeSystems.NameOf(coding.System) ?? coding.System))}, code: {Text(coding.Code)}}}";

    // Canonical JSON of a text is a text of YAML in double quotes.
    private static string Text(string text) => Encoding.UTF8.GetString(CanonicalJson.Write(JsonValue.Create(text)));
}
