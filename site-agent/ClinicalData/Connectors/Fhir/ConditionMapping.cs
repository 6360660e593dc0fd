namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// FHIR's Condition: known when it was recorded. Where that is not said, one of an encounter (its category may say <c>encounter-diagnosis</c> or nothing)
/// is known at the encounter's end.
/// </summary>
internal static class ConditionMapping
{
    public static void Map(FhirRecord record, in FhirObject condition)
    {
        if (!Holds(record, condition))
            return;
        var recorded = record.Time(condition, FhirElement.RecordedDate);
        var onset = record.Time(condition, FhirElement.OnsetDateTime).Or(record.Period(condition, FhirElement.OnsetPeriod).Start).Or(recorded);
        if (!onset.IsKnown)
            record.Refuse(RecordFault.ElementMissing, FhirElement.OnsetDateTime);
        var (from, to) = record.Period(condition, FhirElement.AbatementPeriod);
        var abatement = record.Time(condition, FhirElement.AbatementDateTime).Or(to).Or(from);
        var encounter = record.Encounter(condition);
        if (!recorded.IsKnown && encounter == 0)
            record.Note(RecordNote.AvailabilityUnknown, FhirElement.RecordedDate);
        record.Add(new ClinicalEvent(
            EventKind.Condition,
            record.Patient(condition),
            encounter,
            onset.Time,
            record.EndOf(onset, abatement, condition.Has(FhirElement.AbatementPeriod) ? FhirElement.AbatementPeriod : FhirElement.AbatementDateTime),
            recorded.Time,
            onset.Flags | (!recorded.IsKnown && encounter != 0 ? EventFlags.AvailableAtEncounterEnd : EventFlags.None),
            record.Concept(condition, FhirElement.Code),
            double.NaN,
            -1,
            -1));
    }

    private static bool Holds(FhirRecord record, in FhirObject condition)
    {
        foreach (var coding in condition.Object(FhirElement.VerificationStatus).Items(FhirElement.Coding))
        {
            if (!record.IsEvent(record.Read(coding).Text(FhirElement.Code), "refuted"u8))
                return false;
        }

        return true;
    }
}
