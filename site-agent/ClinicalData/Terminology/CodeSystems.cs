using System.Collections.Frozen;
using System.Collections.Immutable;

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

    /// <summary>A code that only its site knows: no system. Not for units.</summary>
    public const string Local = "";

    /// <summary>The short names that authors of definitions and mappings write, with the addresses for which they stand.</summary>
    public static ImmutableArray<(string Name, string Address)> Names { get; } =
    [
        ("loinc", Loinc), ("snomed", Snomed), ("icd-9", Icd9), ("icd-10", Icd10), ("icd-10-cm", Icd10Cm), ("rxnorm", RxNorm), ("cpt", Cpt),
        ("omop", OmopConcept), ("act-code", ActCode), ("gender", Gender), ("local", Local),
    ];

    private static readonly FrozenDictionary<string, string> s_addresses = Names.ToFrozenDictionary(pair => pair.Name, pair => pair.Address, StringComparer.Ordinal);
    private static readonly FrozenDictionary<string, string> s_names = Names.ToFrozenDictionary(pair => pair.Address, pair => pair.Name, StringComparer.Ordinal);

    // Other addresses of the same systems that occur in data. Object identifiers: https://hl7.org/fhir/R4/namingsystem-terminologies.html
    // and, for what HL7 defines, https://hl7.org/fhir/R4/v3/ActCode/cs.html.
    private static readonly FrozenDictionary<string, string> s_aliases = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["urn:oid:2.16.840.1.113883.6.1"] = Loinc,
        ["urn:oid:2.16.840.1.113883.6.96"] = Snomed,
        ["urn:oid:2.16.840.1.113883.6.103"] = Icd9, // ICD-9-CM's diagnoses (volumes 1 and 2); its procedures (volume 3) are .104
        ["urn:oid:2.16.840.1.113883.6.3"] = Icd10,
        ["urn:oid:2.16.840.1.113883.6.90"] = Icd10Cm,
        ["urn:oid:2.16.840.1.113883.6.88"] = RxNorm,
        ["urn:oid:2.16.840.1.113883.6.12"] = Cpt,
        ["urn:oid:2.16.840.1.113883.6.8"] = Ucum,
        ["urn:oid:2.16.840.1.113883.5.4"] = ActCode,
        // FHIR DSTU 2 named the variants of ICD-10 by country: https://hl7.org/fhir/DSTU2/terminologies-systems.html
        ["http://hl7.org/fhir/sid/icd-10-us"] = Icd10Cm,
        // FHIR STU 3 and earlier: https://hl7.org/fhir/STU3/v3/ActCode/cs.html
        ["http://hl7.org/fhir/v3/ActCode"] = ActCode,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The address for which a short name stands; null: there is no such name.</summary>
    public static string? AddressOf(string name) => s_addresses.GetValueOrDefault(name);

    /// <summary>The short name of an address, or of an alias of it; null: it has none.</summary>
    public static string? NameOf(string address) => s_names.GetValueOrDefault(Canonical(address));

    /// <summary>The address that this class gives to a system which a source may name otherwise; one that is not known stays as it is.</summary>
    public static string Canonical(string address) =>
        s_aliases.TryGetValue(address, out var canonical) ? canonical
        // An edition, or a version of one: http://snomed.info/sct/900000000000207008/version/20240101 (SNOMED CT URI Standard, section 2.1).
        : address.StartsWith(Snomed + "/", StringComparison.Ordinal) ? Snomed
        : address;

    /// <summary>Whether codes of a system, given by its canonical address, form a hierarchy by their first characters.</summary>
    public static bool IsIcd(string address) => address is Icd9 or Icd10 or Icd10Cm;

    /// <summary>
    /// A coding in the form in which codings are compared: with the canonical address, and for ICD without the point, which HL7 wants and many
    /// exports lack. No two codes become one by that: the point stands always behind the category, whose length is fixed.
    /// </summary>
    public static Coding Comparable(Coding coding)
    {
        var system = Canonical(coding.System);
        return new(system, IsIcd(system) ? coding.Code.Replace(".", "", StringComparison.Ordinal) : coding.Code);
    }
}
