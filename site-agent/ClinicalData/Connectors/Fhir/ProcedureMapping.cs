namespace FederatedClinicalMl.ClinicalData;

/// <summary>FHIR's Procedure: known at its encounter's end, or when it ended where it belongs to none.</summary>
internal static class ProcedureMapping
{
    public static void Map(FhirRecord record, in FhirObject procedure)
    {
        if (!record.IsEvent(procedure.Text(FhirElement.Status), "not-done"u8, "preparation"u8))
            return;
        var moment = record.Time(procedure, FhirElement.PerformedDateTime);
        var (start, end) = record.Period(procedure, FhirElement.PerformedPeriod);
        var time = moment.Or(start);
        if (!time.IsKnown)
            record.Refuse(RecordFault.ElementMissing, FhirElement.PerformedDateTime);
        var ended = record.EndOf(time, end, FhirElement.PerformedPeriod);
        var encounter = record.Encounter(procedure);
        var available = procedure.Has(FhirElement.Encounter) ? ClinicalTime.None : ended.IsKnown ? ended : moment.Time;
        if (encounter == 0 && !available.IsKnown)
            record.Note(RecordNote.AvailabilityUnknown, procedure.Has(FhirElement.Encounter) ? FhirElement.Encounter : FhirElement.PerformedPeriod);
        record.Add(new ClinicalEvent(
            EventKind.Procedure, record.Patient(procedure), encounter, time.Time, ended, available,
            time.Flags | (encounter != 0 ? EventFlags.AvailableAtEncounterEnd : EventFlags.None), record.Concept(procedure, FhirElement.Code), double.NaN, -1, -1));
    }
}
