namespace FederatedClinicalMl.Studies;

/// <summary>Short names of code systems, as studies and feature definitions write them. What addresses they stand for is known where clinical data is read.</summary>
public static class CodeSystemNames
{
    /// <summary>All of them, in the order in which they are explained.</summary>
    public static IReadOnlyList<string> All { get; } = ["loinc", "snomed", "icd-9", "icd-10", "icd-10-cm", "rxnorm", "cpt", "act-code", "gender", "omop"];

    /// <summary>What a name stands for, in words.</summary>
    public static string MeaningOf(string name) => name switch
    {
        "loinc" => "LOINC: laboratory and clinical observations.",
        "snomed" => "SNOMED CT.",
        "icd-9" => "ICD-9-CM.",
        "icd-10" => "ICD-10.",
        "icd-10-cm" => "ICD-10-CM.",
        "rxnorm" => "RxNorm: medications.",
        "cpt" => "CPT: procedures.",
        "act-code" => "HL7 ActCode: classes of encounters, such as IMP and EMER.",
        "gender" => "FHIR's administrative gender.",
        "omop" => "Concepts of the OMOP vocabularies, by concept_id.",
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };
}

/// <summary>A code as a study names it.</summary>
/// <param name="System">Short name or absolute address of the code system.</param>
/// <param name="Code">The code; in the ICD systems <c>I21*</c> is every code that begins so.</param>
public readonly record struct StudyCode(string System, string Code);
