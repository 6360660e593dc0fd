namespace FederatedClinicalMl.ClinicalData;

/// <summary>FHIR's Encounter: known from its beginning.</summary>
internal static class EncounterMapping
{
    public static void Map(FhirRecord record, in FhirObject encounter, ReadOnlySpan<byte> id)
    {
        if (!record.IsEvent(encounter.Text(FhirElement.Status), "planned"u8, "cancelled"u8))
            return;
        var (start, end) = record.Period(encounter, FhirElement.Period);
        if (!start.IsKnown)
            record.Refuse(RecordFault.ElementMissing, FhirElement.Period, FhirElement.Start);
        var provider = FhirRecord.Reference(encounter, FhirElement.ServiceProvider);
        record.Add(new ClinicalEvent(
            EventKind.Encounter,
            record.Patient(encounter),
            EventKeys.EncounterKey(id),
            start.Time,
            record.EndOf(start, end, FhirElement.Period),
            start.Time,
            start.Flags,
            record.Concepts.Encounter(encounter.Raw(FhirElement.Class), encounter.Raw(FhirElement.Type)),
            double.NaN,
            provider.IsTo(FhirType.Organization) ? record.Concepts.Organisation(provider.Id) : -1,
            -1));
    }
}
