namespace FederatedClinicalMl.ClinicalData;

/// <summary>FHIR's Organization: the value of encounters, no event of its own.</summary>
internal static class OrganizationMapping
{
    public static void Map(FhirRecord record, ReadOnlySpan<byte> id)
    {
        record.Concepts.Organisation(id);
        record.Skip(SkipReason.KindNotKept);
    }
}
