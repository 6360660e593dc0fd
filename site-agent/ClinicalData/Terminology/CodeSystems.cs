namespace FederatedClinicalMl.ClinicalData;

/// <summary>Canonical addresses of the code systems that clinical data use (https://terminology.hl7.org).</summary>
public static class CodeSystems
{
    /// <summary>LOINC: laboratory and clinical observations.</summary>
    public const string Loinc = "http://loinc.org";

    /// <summary>SNOMED CT.</summary>
    public const string Snomed = "http://snomed.info/sct";

    /// <summary>ICD-9-CM, diagnoses.</summary>
    public const string Icd9 = "http://hl7.org/fhir/sid/icd-9-cm";

    /// <summary>ICD-10-CM.</summary>
    public const string Icd10Cm = "http://hl7.org/fhir/sid/icd-10-cm";

    /// <summary>ICD-10.</summary>
    public const string Icd10 = "http://hl7.org/fhir/sid/icd-10";

    /// <summary>RxNorm: medications.</summary>
    public const string RxNorm = "http://www.nlm.nih.gov/research/umls/rxnorm";

    /// <summary>CPT: procedures.</summary>
    public const string Cpt = "http://www.ama-assn.org/go/cpt";

    /// <summary>UCUM: units.</summary>
    public const string Ucum = "http://unitsofmeasure.org";

    /// <summary>HL7 ActCode: classes of encounters.</summary>
    public const string ActCode = "http://terminology.hl7.org/CodeSystem/v3-ActCode";

    /// <summary>FHIR's administrative gender.</summary>
    public const string Gender = "http://hl7.org/fhir/administrative-gender";

    /// <summary>Concepts of the OMOP vocabularies, by concept_id.</summary>
    public const string OmopConcept = "urn:omop:concept";

    /// <summary>Organisations of a source, by their identifier there.</summary>
    public const string Organisation = "urn:fcml:organisation";
}
