using System.Collections.Immutable;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// Codes of what only one sex can have: a short list, which finds charts that were mixed up, not every case. Sources: ICD-10 (WHO) C61, N40 to N42 and chapter XV,
/// O00 to O99; ICD-9-CM 185, 600 to 602 and 630 to 679; SNOMED CT, the concepts named beside their codes.
/// </summary>
internal static class SexCodes
{
    private static readonly ImmutableArray<EventType> s_types = [EventType.Condition, EventType.Procedure];

    /// <summary>Pregnancy and childbirth.</summary>
    public static EventSelection Female { get; } = new(s_types,
    [
        new("icd-10", "O*"), new("icd-10-cm", "O*"),
        new("icd-9", "63*"), new("icd-9", "64*"), new("icd-9", "65*"), new("icd-9", "66*"), new("icd-9", "67*"),
        new("snomed", "77386006"), // pregnant
        new("snomed", "72892002"), // normal pregnancy
        new("snomed", "398254007"), // pre-eclampsia
        new("snomed", "19169002"), // miscarriage in first trimester
        new("snomed", "11466000"), // caesarean section
    ]);

    /// <summary>The prostate.</summary>
    public static EventSelection Male { get; } = new(s_types,
    [
        new("icd-10", "C61*"), new("icd-10", "N40*"), new("icd-10", "N41*"), new("icd-10", "N42*"),
        new("icd-10-cm", "C61*"), new("icd-10-cm", "N40*"), new("icd-10-cm", "N41*"), new("icd-10-cm", "N42*"),
        new("icd-9", "185"), new("icd-9", "600*"), new("icd-9", "601*"), new("icd-9", "602*"),
        new("snomed", "399068003"), // malignant tumour of prostate
        new("snomed", "126906006"), // neoplasm of prostate
        new("snomed", "266569009"), // benign prostatic hyperplasia
        new("snomed", "90470006"), // prostatectomy
    ]);
}
