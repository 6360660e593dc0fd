namespace FederatedClinicalMl.ClinicalData;

/// <summary>FHIR's MedicationRequest, known when it was written, and MedicationAdministration, known when it was given.</summary>
internal static class MedicationMapping
{
    /// <summary>FHIR's Medication: what orders and administrations refer to, no event of its own. One without a code describes nothing.</summary>
    public static void MapMedication(FhirRecord record, in FhirObject medication, ReadOnlySpan<byte> id)
    {
        if (record.IsEvent(medication.Text(FhirElement.Status), default) && record.Concepts.Concept(medication.Raw(FhirElement.Code)) is var concept and >= 0)
            record.DeclareMedication(id, concept);
        record.Skip(SkipReason.KindNotKept);
    }

    public static void MapRequest(FhirRecord record, in FhirObject request)
    {
        if (!record.IsEvent(request.Text(FhirElement.Status), "cancelled"u8, "draft"u8) || !record.IsEvent(request.Text(FhirElement.Intent), "proposal"u8, "plan"u8))
            return;
        if (request.Raw(FhirElement.DoNotPerform).SequenceEqual("true"u8))
        {
            record.Skip(SkipReason.NotAnEvent);
            return;
        }

        var authored = record.Time(request, FhirElement.AuthoredOn);
        if (!authored.IsKnown)
            record.Refuse(RecordFault.ElementMissing, FhirElement.AuthoredOn);
        record.Add(new ClinicalEvent(
            EventKind.MedicationOrder, record.Patient(request), record.Encounter(request), authored.Time, ClinicalTime.None, authored.Time, authored.Flags,
            Medication(record, request), double.NaN, -1, -1));
    }

    public static void MapAdministration(FhirRecord record, in FhirObject administration)
    {
        if (!record.IsEvent(administration.Text(FhirElement.Status), "not-done"u8))
            return;
        var (start, end) = record.Period(administration, FhirElement.EffectivePeriod);
        var time = record.Time(administration, FhirElement.EffectiveDateTime).Or(start);
        if (!time.IsKnown)
            record.Refuse(RecordFault.ElementMissing, FhirElement.EffectiveDateTime);
        var ended = record.EndOf(time, end, FhirElement.EffectivePeriod);
        record.Add(new ClinicalEvent(
            EventKind.MedicationAdministration, record.Patient(administration), record.Encounter(administration, FhirElement.Context), time.Time, ended,
            ended.IsKnown ? ended : time.Time, time.Flags, Medication(record, administration), double.NaN, -1, -1));
    }

    // A code, or a reference: to a medication inside the resource, which has one, or to another resource, read before.
    private static int Medication(FhirRecord record, in FhirObject resource)
    {
        if (!resource.Has(FhirElement.MedicationReference))
            return record.Concept(resource, FhirElement.MedicationCodeableConcept);
        var reference = FhirRecord.Reference(resource, FhirElement.MedicationReference);
        if (reference.IsTo(FhirType.Medication))
            return record.Medication(reference.Id, FhirElement.MedicationReference);
        foreach (var item in resource.Items(FhirElement.Contained))
        {
            var contained = record.Read(item);
            if (!reference.Id.IsEmpty && contained.Text(FhirElement.Id).SequenceEqual(reference.Id))
                return record.Concept(contained, FhirElement.Code);
        }

        record.Refuse(RecordFault.ElementMissing, FhirElement.MedicationReference);
        return -1;
    }
}
