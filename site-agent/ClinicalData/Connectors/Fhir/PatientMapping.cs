namespace FederatedClinicalMl.ClinicalData;

/// <summary>FHIR's Patient: birth, sex and death.</summary>
internal static class PatientMapping
{
    // The sex of somebody whose birth nobody knows. Before all that is told of them, so that it is known at every prediction, yet a year that any calendar and store can hold.
    private static readonly ClinicalTime s_beforeAll = ClinicalTime.Of(new DateTimeOffset(1900, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public static void Map(FhirRecord record, in FhirObject patient, ReadOnlySpan<byte> id)
    {
        var birth = record.Time(patient, FhirElement.BirthDate);
        var death = record.Time(patient, FhirElement.DeceasedDateTime);
        var sex = Sex(record, patient);
        var blank = new ClinicalEvent(
            EventKind.Birth, record.Declare(id), 0, birth.Time, ClinicalTime.None, birth.Time, birth.Flags, -1, double.NaN, -1, -1);
        if (birth.IsKnown)
            record.Add(blank);
        if (sex >= 0)
        {
            var since = birth.IsKnown ? birth.Time : s_beforeAll;
            record.Add(blank with { Kind = EventKind.Sex, Time = since, Available = since, Value = sex });
        }

        if (death.IsKnown)
            record.Add(blank with { Kind = EventKind.Death, Time = death.Time, Available = death.Time, Flags = death.Flags });
        else if (patient.Raw(FhirElement.DeceasedBoolean).SequenceEqual("true"u8))
            record.Note(RecordNote.AvailabilityUnknown, FhirElement.DeceasedBoolean);
    }

    private static int Sex(FhirRecord record, in FhirObject patient)
    {
        if (!patient.Has(FhirElement.Gender))
            return -1;
        var gender = patient.Text(FhirElement.Gender);
        var code = gender.SequenceEqual("male"u8) ? "male"
            : gender.SequenceEqual("female"u8) ? "female"
            : gender.SequenceEqual("other"u8) ? "other"
            : gender.SequenceEqual("unknown"u8) ? "unknown" : null;
        if (code is not null)
            return record.Concepts.Gender(code);
        record.Refuse(RecordFault.CodeUnknown, FhirElement.Gender);
        return -1;
    }
}
