using System.Text.Json.Nodes;
using CsCheck;
using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Tests.ClinicalData.Connectors.Fhir;

/// <summary>Whatever stands in a line, it is taken, skipped or refused, once, and the line after it is read.</summary>
public sealed class FhirFuzzTests
{
    private static readonly (string Type, string Line)[] s_seeds =
    [
        ("Patient", FhirExport.Patient),
        ("Encounter", FhirExport.Encounter),
        ("Observation", "{'resourceType':'Observation','id':'o1','status':'amended','meta':{'lastUpdated':'2020-01-01T09:00:00.5+01:00','tag':[{'system':'urn:tags','code':'synthea'}]},"
            + "'category':[{'coding':[{'system':'http://terminology.hl7.org/CodeSystem/observation-category','code':'laboratory','display':'laboratory'}]}],"
            + "'code':{'coding':[{'system':'http://loinc.org','code':'2339-0','display':'Glucose \\u00e4'}],'text':'Glucose'},'subject':{'reference':'Patient/p1'},"
            + "'encounter':{'reference':'Encounter\\/e1'},'effectiveDateTime':'2020-01-01T08:30:00Z','valueQuantity':{'value':77.26,'comparator':'>','unit':'mg','system':'http://unitsofmeasure.org','code':'mg'},"
            + "'component':[{'code':{'text':'a'},'valueInteger':-1},{'code':{'text':'b'},'valueBoolean':true},{'code':{'text':'c'},'valueCodeableConcept':{'coding':[{'code':'x'}]}}]}"),
        ("Condition", "{'resourceType':'Condition','id':'c1','code':{'text':'a'},'subject':{'reference':'urn:uuid:p1'},'onsetPeriod':{'start':'2020','end':'2021-01'},'recordedDate':'2020-01-01',"
            + "'verificationStatus':{'coding':[{'code':'confirmed'}]}}"),
        ("MedicationRequest", "{'resourceType':'MedicationRequest','id':'m1','contained':[{'id':'m','code':{'text':'a'}}],'medicationReference':{'reference':'#m'},'subject':{'reference':'http://x/Patient/p1'},'authoredOn':'2020-01-01'}"),
        ("MedicationAdministration", "{'resourceType':'MedicationAdministration','id':'m1','medicationReference':{'reference':'Medication/7'},'subject':{'reference':'Patient/p1'},'effectivePeriod':{'start':'2020-01-01'}}"),
        ("Procedure", "{'resourceType':'Procedure','id':'x1','code':{'text':'a'},'subject':{'reference':'Patient/p1'},'performedDateTime':'2020-01-01T00:00:00-03:00','encounter':{'reference':'Encounter/e9'}}"),
    ];

    private static readonly Gen<(int Kind, int At, int Other, byte Value)> s_mutation = Gen.Select(Gen.Int[0, 6], Gen.Int[0, 5000], Gen.Int[0, 5000],
        Gen.OneOf(Gen.Byte, Gen.Char["{}[]\":,\\0.-+eTZ /#?\t"].Select(mark => (byte)mark)));

    [Fact]
    public void Mutated_line_is_taken_skipped_or_refused_once() =>
        Gen.Select(Gen.Int[0, s_seeds.Length - 1], s_mutation.Array[1, 4]).Sample((seed, mutations) =>
        {
            var line = mutations.Aggregate(FhirExport.Json(s_seeds[seed].Line), Mutate).Where(value => value != '\n').ToArray();
            using var export = new FhirExport().With("Patient.ndjson", FhirExport.Patient).With("Encounter.ndjson", FhirExport.Encounter)
                .With($"0.{s_seeds[seed].Type}.ndjson", [.. line, (byte)'\n', .. FhirExport.Json(s_seeds[seed].Line)]);

            var sink = export.Read();

            var isEmpty = !line.AsSpan().ContainsAnyExcept(" \t\r"u8);
            Assert.Equal(isEmpty ? 3 : 4, sink.Added.Count + sink.Skipped.Count + sink.Refused.Count + sink.Retracted.Count);
            Assert.Contains(sink.Added, added => added.File.StartsWith("0.", StringComparison.Ordinal) && added.Record.Line == 2);
            Assert.All(sink.Refused, refused => Assert.Equal(1, refused.Line));
            FhirValidation.Check(line);
        }, iter: 1500);

    [Fact]
    public void Line_is_read_alike_whatever_stood_before_it()
    {
        var elements = JsonNode.Parse(FhirExport.Json(s_seeds[2].Line))!.AsObject().ToArray();
        var line = Gen.Select(Gen.Shuffle(elements), Gen.Int[elements.Length - 3, elements.Length], Gen.Bool).Select((order, count, isWide) =>
            "{" + string.Join(',', order.Take(count).Select(element => $"\"{element.Key}\"{(isWide ? " : " : ":")}{element.Value!.ToJsonString()}")) + "}");
        line.Array[2, 6].Sample(
            lines => Assert.Equal(lines.SelectMany(alone => Said([alone])), Said(lines)),
            iter: 100);

        static IEnumerable<string> Said(string[] lines)
        {
            using var export = new FhirExport().With("Patient.ndjson", FhirExport.Patient).With("Encounter.ndjson", FhirExport.Encounter).With("0.Observation.ndjson", lines);
            var sink = export.Read();
            return [.. Enumerable.Range(1, lines.Length).Select(line => Line(sink, line))];
        }

        static string Line(RecordingSink sink, int line) =>
            string.Join(' ', sink.Added.Where(added => added.File.StartsWith('0') && added.Record.Line == line).SelectMany(added => added.Events)
                .Select(item => $"{item with { Concept = 0, Unit = 0, Value = 0 }} {sink.Text(item.Concept)} {sink.Text(item.Unit)} {sink.Text(item.Value)}"))
            + string.Join(' ', sink.Refused.Where(refused => refused.Line == line).Select(refused => $"{refused.Fault} {refused.Element}"));
    }

    [Fact]
    public void Line_cut_anywhere_breaks_off()
    {
        foreach (var (type, line) in s_seeds)
        {
            using var export = new FhirExport().With("Patient.ndjson", FhirExport.Patient)
                .With($"0.{type}.ndjson", [.. Enumerable.Range(1, line.Length - 1).Select(length => line[..length])]);

            var sink = export.Read();

            Assert.Equal(line.Length - 1, sink.Refused.Count);
            Assert.All(sink.Refused, refused => Assert.Equal(RecordFault.Truncated, refused.Fault));
        }
    }

    private static byte[] Mutate(byte[] line, (int Kind, int At, int Other, byte Value) mutation)
    {
        if (line.Length == 0)
            return [mutation.Value];
        var (at, other) = (mutation.At % line.Length, mutation.Other % line.Length);
        var (first, last) = (Math.Min(at, other), Math.Max(at, other));
        return mutation.Kind switch
        {
            0 => [.. line[..at], mutation.Value, .. line[(at + 1)..]],
            1 => [.. line[..at], mutation.Value, .. line[at..]],
            2 => [.. line[..at], .. line[(at + 1)..]],
            3 => line[..at],
            4 => [.. line[..first], .. line[last..]],
            5 => [.. line[..last], .. line[first..]],
            _ => [.. line[..first], .. line[first..last].Reverse(), .. line[last..]],
        };
    }
}
