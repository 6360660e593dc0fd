using System.Text;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>The elements that are read, of all types of resources and of their parts; a name means itself wherever it stands. At most 64 (<see cref="FhirObject"/>).</summary>
internal enum FhirElement
{
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
    private static readonly string[] s_names = [.. Enum.GetNames<FhirElement>().Select(name => char.ToLowerInvariant(name[0]) + name[1..])];
    private static readonly Utf8Dictionary s_elements = Index();

    /// <summary>Its name in JSON.</summary>
    public static string Name(this FhirElement element) => s_names[(int)element];

    /// <summary>The element of a name; null: none that is read.</summary>
    public static FhirElement? Find(ReadOnlySpan<byte> name) => s_elements.Find(name) is var ordinal and >= 0 ? (FhirElement)ordinal : null;

    private static Utf8Dictionary Index()
    {
        var elements = new Utf8Dictionary();
        foreach (var name in s_names)
            elements.GetOrAdd(Encoding.UTF8.GetBytes(name), out _);
        return elements;
    }
}
