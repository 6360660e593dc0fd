using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Cli.Synth;

/// <summary>The tables that describe: which version this is, which concepts are used, which departments there are.</summary>
internal static class OmopVocabulary
{
    private static readonly (string Class, long Concept, string Code, string Name)[] s_visits =
        [("IMP", 9201, "IP", "Inpatient Visit"), ("AMB", 9202, "OP", "Outpatient Visit"), ("EMER", 9203, "ER", "Emergency Room Visit")];

    public static long VisitConcept(string @class) => s_visits.First(visit => visit.Class == @class).Concept;

    public static void Write(OutputFolder folder, Hospital hospital)
    {
        using (var source = new CsvFile(
            folder, "cdm_source", "cdm_source_name", "cdm_source_abbreviation", "cdm_holder", "source_release_date", "cdm_release_date", "cdm_version", "vocabulary_version"))
            source.Add($"Synthetic hospital {hospital.Name}").Add(hospital.Name).Add("FederatedClinicalMl").Add("2021-01-01").Add("2021-01-01").Add("5.4").Add("made up").End();
        using (var sites = new CsvFile(folder, "care_site", "care_site_id", "care_site_name", "place_of_service_concept_id", "care_site_source_value"))
        {
            foreach (var organisation in hospital.Organisations)
                sites.Add((long)organisation).Add($"Department {organisation} of {hospital.Name}").Add(0L).Add((long)organisation).End();
        }

        using var concepts = new CsvFile(
            folder, "concept", "concept_id", "concept_name", "domain_id", "vocabulary_id", "concept_class_id", "standard_concept", "concept_code",
            "valid_start_date", "valid_end_date", "invalid_reason");
        foreach (var code in Codes.All)
            Add(concepts, code.Concept, code.Name, code.Domain, VocabularyOf(code.System), code.Code);
        foreach (var visit in s_visits)
            Add(concepts, visit.Concept, visit.Name, "Visit", "Visit", visit.Code);
        Add(concepts, 8507, "MALE", "Gender", "Gender", "M");
        Add(concepts, 8532, "FEMALE", "Gender", "Gender", "F");
        Add(concepts, 32817, "EHR", "Type Concept", "Type Concept", "OMOP4976890");
    }

    private static void Add(CsvFile concepts, long id, string name, string domain, string vocabulary, string code) =>
        concepts.Add(id).Add(name).Add(domain).Add(vocabulary).Add(domain).Add("S").Add(code).Add("1970-01-01").Add("2099-12-31").Add((string?)null).End();

    private static string VocabularyOf(string system) => system switch
    {
        CodeSystems.Loinc => "LOINC",
        CodeSystems.Snomed => "SNOMED",
        CodeSystems.RxNorm => "RxNorm",
        CodeSystems.Ucum => "UCUM",
        _ => throw new ArgumentOutOfRangeException(nameof(system)),
    };
}
