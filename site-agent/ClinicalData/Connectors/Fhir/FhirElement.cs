using System.Text;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>The elements that are read, of all types of resources and of their parts; a name means itself wherever it stands. At most 64 (<see cref="FhirObject"/>).</summary>
internal enum FhirElement
{
    /// <summary>One that is not read.</summary>
    Other = -1,

    AbatementDateTime,
    AbatementPeriod,
    AuthoredOn,
    BirthDate,
    Class,
    Code,
    Coding,
    Comparator,
    Component,
    Contained,
    Context,
    DeceasedBoolean,
    DeceasedDateTime,
    Display,
    DoNotPerform,
    EffectiveDateTime,
    EffectiveInstant,
    EffectivePeriod,
    Encounter,
    End,
    Entry,
    Gender,
    Id,
    Intent,
    Issued,
    LastUpdated,
    MedicationCodeableConcept,
    MedicationReference,
    Meta,
    OnsetDateTime,
    OnsetPeriod,
    PerformedDateTime,
    PerformedPeriod,
    Period,
    RecordedDate,
    Reference,
    Resource,
    ResourceType,
    ServiceProvider,
    Start,
    Status,
    Subject,
    System,
    Text,
    Type,
    Unit,
    Value,
    ValueBoolean,
    ValueCodeableConcept,
    ValueInteger,
    ValueQuantity,
    VerificationStatus,
}

/// <summary>Names of <see cref="FhirElement"/>.</summary>
internal static class FhirElements
{
    private static readonly string[] s_names = [.. Enum.GetValues<FhirElement>().Where(element => element >= 0).Select(element => element.ToString()).Select(name => char.ToLowerInvariant(name[0]) + name[1..])];
    private static readonly (byte[] Name, FhirElement Element)[][] s_byLength = ByLength();

    /// <summary>Its name in JSON.</summary>
    public static string Name(this FhirElement element) => s_names[(int)element];

    /// <summary>Whether values of an element are the same in many resources: codes, and what is not read (categories, tags).</summary>
    public static bool Recurs(FhirElement element) => element is FhirElement.Other or FhirElement.Code or FhirElement.Class or FhirElement.Type or FhirElement.Meta
        or FhirElement.ValueCodeableConcept or FhirElement.MedicationCodeableConcept or FhirElement.VerificationStatus;

    /// <summary>The element of a name.</summary>
    public static FhirElement Find(ReadOnlySpan<byte> name)
    {
        if (name.Length >= s_byLength.Length)
            return FhirElement.Other;
        foreach (ref readonly var candidate in s_byLength[name.Length].AsSpan())
        {
            if (candidate.Name[0] == name[0] && name.SequenceEqual(candidate.Name))
                return candidate.Element;
        }

        return FhirElement.Other;
    }

    // Few names are of the same length: to compare with those is quicker than to hash.
    private static (byte[] Name, FhirElement Element)[][] ByLength()
    {
        var names = Enumerable.Range(0, s_names.Length).ToLookup(element => s_names[element].Length, element => (Encoding.UTF8.GetBytes(s_names[element]), (FhirElement)element));
        return [.. Enumerable.Range(0, names.Max(length => length.Key) + 1).Select(length => names[length].ToArray())];
    }
}
