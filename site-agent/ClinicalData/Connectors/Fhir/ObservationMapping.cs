namespace FederatedClinicalMl.ClinicalData;

/// <summary>FHIR's Observation: one event for its value and one for each component's, known when it was issued.</summary>
internal static class ObservationMapping
{
    public static void Map(FhirRecord record, in FhirObject observation)
    {
        var status = observation.Text(FhirElement.Status);
        if (!record.IsEvent(status, "cancelled"u8, "registered"u8))
            return;
        var time = record.Time(observation, FhirElement.EffectiveDateTime).Or(record.Time(observation, FhirElement.EffectiveInstant));
        if (!time.IsKnown)
        {
            var (start, end) = record.Period(observation, FhirElement.EffectivePeriod);
            time = end.Or(start);
        }

        if (!time.IsKnown)
            record.Refuse(RecordFault.ElementMissing, FhirElement.EffectiveDateTime);
        var blank = new ClinicalEvent(
            EventKind.Observation, record.Patient(observation), record.Encounter(observation), time.Time, ClinicalTime.None,
            Issued(record, observation, status), time.Flags, -1, double.NaN, -1, -1);
        AddValue(record, observation, blank);
        if (observation.Has(FhirElement.Component))
            AddComponents(record, observation.Items(FhirElement.Component), blank);
        if (!record.HasEvents)
            record.Skip(SkipReason.KindNotKept);
    }

    private static void AddComponents(FhirRecord record, FhirItems components, in ClinicalEvent blank)
    {
        foreach (var component in components)
            AddValue(record, record.Read(component), blank);
    }

    // An amendment exists from when it was issued, or else from when the server took it.
    private static ClinicalTime Issued(FhirRecord record, in FhirObject observation, ReadOnlySpan<byte> status)
    {
        var issued = record.Time(observation, FhirElement.Issued);
        if (!issued.IsKnown && (status.SequenceEqual("amended"u8) || status.SequenceEqual("corrected"u8)))
            issued = record.Time(observation.Object(FhirElement.Meta), FhirElement.LastUpdated);
        if (!issued.IsKnown)
            record.Note(RecordNote.AvailabilityUnknown, FhirElement.Issued);
        return issued.Time;
    }

    private static void AddValue(FhirRecord record, in FhirObject from, in ClinicalEvent blank)
    {
        if (from.Has(FhirElement.ValueQuantity))
        {
            var quantity = from.Object(FhirElement.ValueQuantity);
            if (!quantity.Has(FhirElement.Value))
                return;
            var isBound = quantity.Has(FhirElement.Comparator);
            if (isBound)
                record.Note(RecordNote.Bound, FhirElement.ValueQuantity, FhirElement.Comparator);
            record.Add(blank with
            {
                Concept = record.Concept(from, FhirElement.Code),
                Number = record.Number(quantity, FhirElement.Value, FhirElement.ValueQuantity),
                Unit = record.Concepts.Unit(quantity),
                Flags = blank.Flags | (isBound ? EventFlags.Bound : EventFlags.None),
            });
        }
        else if (record.Concepts.Concept(from.Raw(FhirElement.ValueCodeableConcept)) is var value and >= 0)
        {
            record.Add(blank with { Concept = record.Concept(from, FhirElement.Code), Value = value });
        }
        else if (from.Has(FhirElement.ValueInteger))
        {
            record.Add(blank with { Concept = record.Concept(from, FhirElement.Code), Number = record.Number(from, FhirElement.ValueInteger) });
        }
        else if (from.Has(FhirElement.ValueBoolean))
        {
            record.Add(blank with { Concept = record.Concept(from, FhirElement.Code), Number = record.Truth(from, FhirElement.ValueBoolean) });
        }
    }
}
