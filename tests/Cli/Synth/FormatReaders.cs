using System.Globalization;
using System.Text.Json;

namespace FederatedClinicalMl.Tests.Cli.Synth;

/// <summary>Reads the three formats into lines that say the same of the same: who, what, when, from when on known, how much. Far simpler than the connectors, and apart from them.</summary>
internal static class FormatReaders
{
    private const string Loinc = "http://loinc.org";
    private const string Snomed = "http://snomed.info/sct";
    private const string RxNorm = "http://www.nlm.nih.gov/research/umls/rxnorm";
    private const string Local = "urn:fcml:synth:laboratory";
    private const string Iso = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    public static IEnumerable<string> Fhir(string folder)
    {
        foreach (var patient in Lines("Patient"))
            yield return $"patient {Text(patient, "id")} {Text(patient, "birthDate")} {Text(patient, "gender")} {Text(patient, "deceasedDateTime")}";
        foreach (var encounter in Lines("Encounter"))
        {
            var period = encounter.GetProperty("period");
            yield return $"encounter {Subject(encounter)} {Text(encounter.GetProperty("class"), "code")} {Text(period, "start")} {Text(period, "end")} {Reference(encounter, "serviceProvider", "Organization/")}";
        }

        foreach (var (type, code, time) in ((string, string, string)[])[("Condition", "code", "onsetDateTime"), ("MedicationRequest", "medicationCodeableConcept", "authoredOn"), ("Procedure", "code", "performedDateTime")])
        {
            foreach (var item in Lines(type))
                yield return $"{type} {Subject(item)} {Concept(item, code)} {Text(item, time)} {Available(item, type)}";
        }

        foreach (var item in Lines("Observation").Where(item => Text(item, "status") != "entered-in-error"))
        {
            foreach (var part in item.TryGetProperty("component", out var components) ? [.. components.EnumerateArray()] : (JsonElement[])[item])
                yield return $"Observation {Subject(item)} {Concept(part, "code")} {Text(item, "effectiveDateTime")} {Text(item, "issued")} {Value(part)}";
        }

        IEnumerable<JsonElement> Lines(string type) => File.ReadLines(Path.Combine(folder, $"{type}.ndjson")).Select(line => JsonDocument.Parse(line).RootElement);
        static string Available(JsonElement item, string type) => type switch { "Condition" => Text(item, "recordedDate"), "MedicationRequest" => Text(item, "authoredOn"), _ => "end" };
    }

    public static IEnumerable<string> Csv(string folder)
    {
        foreach (var row in Table(folder, "patients"))
            yield return $"patient {row["patient"]} {row["birth"]} {row["sex"]} {row["death"]}";
        foreach (var row in Table(folder, "encounters"))
            yield return $"encounter {row["patient"]} {row["class"]} {row["start"]} {row["end"]} {row["organisation"]}";
        var ends = Table(folder, "encounters").ToDictionary(row => row["encounter"], row => row["end"]);
        foreach (var (type, file, system) in ((string, string, string)[])[("Condition", "conditions", Snomed), ("MedicationRequest", "medications", RxNorm), ("Procedure", "procedures", Snomed)])
        {
            foreach (var row in Table(folder, file))
                yield return $"{type} {row["patient"]} {(row["code"].Length > 0 ? system : "")}|{row["code"]} {row["time"]} {(type == "Procedure" && row["available"] == ends[row["encounter"]] ? "end" : row["available"])}";
        }

        foreach (var (file, system) in ((string, string)[])[("observations", Loinc), ("local-observations", Local)])
        {
            if (!File.Exists(Path.Combine(folder, $"{file}.csv")))
                continue;
            foreach (var row in Table(folder, file))
                yield return $"Observation {row["patient"]} {system}|{row["code"]} {row["time"]} {row["available"]} {(row["number"].Length > 0 ? $"{row["number"]} {row["unit"]}" : $"{Snomed}|{row["answer"]}")}";
        }
    }

    public static IEnumerable<string> Omop(string folder)
    {
        var concepts = Table(folder, "concept").ToDictionary(row => row["concept_id"], row => $"{System(row["vocabulary_id"])}|{row["concept_code"]}");
        var persons = Table(folder, "person").ToDictionary(row => row["person_id"], row => row["person_source_value"]);
        var deaths = Table(folder, "death").ToDictionary(row => row["person_id"], row => Zoned(row["death_datetime"]));
        foreach (var row in Table(folder, "person"))
        {
            var birth = row["year_of_birth"].Length == 0 ? "" : $"{row["year_of_birth"]}-{row["month_of_birth"].PadLeft(2, '0')}-{row["day_of_birth"].PadLeft(2, '0')}";
            yield return $"patient {row["person_source_value"]} {birth} {row["gender_concept_id"] switch { "8507" => "male", "8532" => "female", _ => "" }} {deaths.GetValueOrDefault(row["person_id"], "")}";
        }

        foreach (var row in Table(folder, "visit_occurrence"))
        {
            var type = row["visit_concept_id"] switch { "9201" => "IMP", "9202" => "AMB", _ => "EMER" };
            yield return $"encounter {persons[row["person_id"]]} {type} {Zoned(row["visit_start_datetime"])} {Zoned(row["visit_end_datetime"])} {row["care_site_id"]}";
        }

        var ends = Table(folder, "visit_occurrence").ToDictionary(row => row["visit_occurrence_id"], row => Zoned(row["visit_end_datetime"]));
        foreach (var row in Table(folder, "condition_occurrence"))
            yield return $"Condition {persons[row["person_id"]]} {Code(row, "condition")} {Zoned(row["condition_start_datetime"])} {ends[row["visit_occurrence_id"]]}";
        foreach (var row in Table(folder, "drug_exposure"))
            yield return $"MedicationRequest {persons[row["person_id"]]} {Code(row, "drug")} {Zoned(row["drug_exposure_start_datetime"])} {Zoned(row["drug_exposure_start_datetime"])}";
        foreach (var row in Table(folder, "procedure_occurrence"))
            yield return $"Procedure {persons[row["person_id"]]} {Code(row, "procedure")} {Zoned(row["procedure_datetime"])} end";
        foreach (var (table, lag) in ((string, int)[])[("measurement", 2), ("observation", 24)]) // as datasets.yaml declares
        {
            foreach (var row in Table(folder, table))
            {
                var value = row["value_as_number"].Length > 0 ? $"{row["value_as_number"]} {concepts[row["unit_concept_id"]].Split('|')[1]}" : concepts[row["value_as_concept_id"]];
                yield return $"Observation {persons[row["person_id"]]} {Code(row, table)} {Zoned(row[$"{table}_datetime"])} {Zoned(row[$"{table}_datetime"], lag)} {value}";
            }
        }

        string Code(Dictionary<string, string> row, string prefix) => row[$"{prefix}_concept_id"] == "0" ? $"{(row[$"{prefix}_source_value"].Length > 0 ? Local : "")}|{row[$"{prefix}_source_value"]}" : concepts[row[$"{prefix}_concept_id"]];
    }

    private static IEnumerable<Dictionary<string, string>> Table(string folder, string name)
    {
        using var lines = File.ReadLines(Path.Combine(folder, $"{name}.csv")).GetEnumerator();
        lines.MoveNext();
        var columns = lines.Current.Split(',');
        while (lines.MoveNext())
            yield return columns.Zip(lines.Current.Split(',')).ToDictionary(pair => pair.First, pair => pair.Second);
    }

    private static string System(string vocabulary) => vocabulary switch
    {
        "LOINC" => Loinc,
        "SNOMED" => Snomed,
        "RxNorm" => RxNorm,
        _ => vocabulary,
    };

    private static string Zoned(string local, int hours = 0) => local.Length == 0 ? "" : DateTime.ParseExact(local, "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture).AddHours(hours).ToString(Iso, CultureInfo.InvariantCulture);

    private static string Text(JsonElement item, string name) => item.TryGetProperty(name, out var value) ? value.GetString()! : "";

    private static string Subject(JsonElement item) => Reference(item, "subject", "Patient/");

    private static string Reference(JsonElement item, string name, string type) => item.GetProperty(name).GetProperty("reference").GetString()!.Replace(type, "", StringComparison.Ordinal);

    private static string Concept(JsonElement item, string name) => item.TryGetProperty(name, out var concept) ? Coding(concept.GetProperty("coding")[0]) : "|";

    private static string Coding(JsonElement coding) => $"{Text(coding, "system")}|{Text(coding, "code")}";

    private static string Value(JsonElement item) => item.TryGetProperty("valueQuantity", out var quantity)
        ? $"{quantity.GetProperty("value").GetRawText()} {Text(quantity, "code")}"
        : Concept(item, "valueCodeableConcept");
}
