using System.Globalization;
using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Cli.Synth;

/// <summary>A bulk export of FHIR R4 (https://hl7.org/fhir/R4): one NDJSON file for each type of resource.</summary>
internal sealed class FhirWriter : ISiteWriter
{
    private const string ClinicalStatus = "http://terminology.hl7.org/CodeSystem/condition-clinical";
    private const string VerificationStatus = "http://terminology.hl7.org/CodeSystem/condition-ver-status";

    private static readonly SynthCode s_active = new(ClinicalStatus, "active", 0, "", "");
    private static readonly SynthCode s_confirmed = new(VerificationStatus, "confirmed", 0, "", "");
    private static readonly SynthCode s_error = new(VerificationStatus, "entered-in-error", 0, "", "");

    private readonly FhirFile _patients;
    private readonly FhirFile _encounters;
    private readonly FhirFile _conditions;
    private readonly FhirFile _observations;
    private readonly FhirFile _requests;
    private readonly FhirFile _procedures;

    public FhirWriter(OutputFolder folder, Hospital hospital)
    {
        (_patients, _encounters, _conditions) = (new(folder, "Patient"), new(folder, "Encounter"), new(folder, "Condition"));
        (_observations, _requests, _procedures) = (new(folder, "Observation"), new(folder, "MedicationRequest"), new(folder, "Procedure"));
        using var organisations = new FhirFile(folder, "Organization");
        foreach (var organisation in hospital.Organisations)
        {
            organisations.Begin(Text(organisation));
            organisations.Json.WriteBoolean("active"u8, true);
            organisations.Json.WriteString("name"u8, $"Department {Text(organisation)} of {hospital.Name}");
            organisations.End();
        }
    }

    /// <inheritdoc/>
    public void Write(SynthPatient patient)
    {
        WritePatient(patient);
        var subject = $"Patient/{patient.Id}";
        foreach (var encounter in patient.Encounters)
            WriteEncounter(encounter, subject);
        foreach (var item in patient.Events)
        {
            switch (item.Kind)
            {
                case SynthKind.Condition:
                    WriteCondition(item, subject);
                    break;
                case SynthKind.Medication:
                    WriteRequest(item, subject);
                    break;
                case SynthKind.Procedure:
                    WriteProcedure(item, subject);
                    break;
                default:
                    WriteObservation(item, subject);
                    break;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var file in (FhirFile[])[_patients, _encounters, _conditions, _observations, _requests, _procedures])
            file.Dispose();
    }

    private void WritePatient(SynthPatient patient)
    {
        _patients.Begin(patient.Id);
        if (patient.Male is { } male)
            _patients.Json.WriteString("gender"u8, male ? "male"u8 : "female"u8);
        if (patient.Birth is { } birth)
            _patients.Json.WriteString("birthDate"u8, birth.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        _patients.Time("deceasedDateTime"u8, patient.Death);
        _patients.End();
    }

    private void WriteEncounter(SynthEncounter encounter, string subject)
    {
        var json = _encounters.Json;
        _encounters.Begin(encounter.Id);
        json.WriteString("status"u8, "finished"u8);
        json.WriteStartObject("class"u8);
        json.WriteString("system"u8, CodeSystems.ActCode);
        json.WriteString("code"u8, encounter.Class);
        json.WriteEndObject();
        _encounters.Reference("subject"u8, subject);
        json.WriteStartObject("period"u8);
        _encounters.Time("start"u8, encounter.Start);
        _encounters.Time("end"u8, encounter.End);
        json.WriteEndObject();
        _encounters.Reference("serviceProvider"u8, $"Organization/{Text(encounter.Organisation)}");
        _encounters.End();
    }

    private void WriteCondition(SynthEvent item, string subject)
    {
        _conditions.Begin(item.Id);
        if (!item.Retracted) // R4's con-5
            _conditions.Concept("clinicalStatus"u8, s_active);
        _conditions.Concept("verificationStatus"u8, item.Retracted ? s_error : s_confirmed);
        WriteEvent(_conditions, item, subject, "code"u8);
        _conditions.Time("onsetDateTime"u8, item.Time);
        _conditions.Time("recordedDate"u8, item.Available);
        _conditions.End();
    }

    private void WriteObservation(SynthEvent item, string subject)
    {
        var json = _observations.Json;
        _observations.Begin(item.Id);
        json.WriteString("status"u8, item.Retracted ? "entered-in-error"u8 : item.Amended ? "amended"u8 : "final"u8);
        WriteEvent(_observations, item, subject, "code"u8);
        _observations.Time("effectiveDateTime"u8, item.Time);
        _observations.Time("issued"u8, item.Available);
        if (item.Values is [var only])
        {
            WriteValue(only);
        }
        else
        {
            json.WriteStartArray("component"u8);
            foreach (var value in item.Values)
            {
                json.WriteStartObject();
                _observations.Concept("code"u8, value.Code);
                WriteValue(value);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        _observations.End();
    }

    private void WriteValue(SynthValue value)
    {
        if (value.Number is not { } number)
        {
            _observations.Concept("valueCodeableConcept"u8, value.Answer);
            return;
        }

        var json = _observations.Json;
        json.WriteStartObject("valueQuantity"u8);
        json.WriteNumber("value"u8, number);
        json.WriteString("unit"u8, value.Unit!.Code);
        json.WriteString("system"u8, CodeSystems.Ucum);
        json.WriteString("code"u8, value.Unit.Code);
        json.WriteEndObject();
    }

    private void WriteRequest(SynthEvent item, string subject)
    {
        _requests.Begin(item.Id);
        _requests.Json.WriteString("status"u8, item.Retracted ? "entered-in-error"u8 : "completed"u8);
        _requests.Json.WriteString("intent"u8, "order"u8);
        WriteEvent(_requests, item, subject, "medicationCodeableConcept"u8);
        _requests.Time("authoredOn"u8, item.Time);
        _requests.End();
    }

    private void WriteProcedure(SynthEvent item, string subject)
    {
        _procedures.Begin(item.Id);
        _procedures.Json.WriteString("status"u8, item.Retracted ? "entered-in-error"u8 : "completed"u8);
        WriteEvent(_procedures, item, subject, "code"u8);
        _procedures.Time("performedDateTime"u8, item.Time);
        _procedures.End();
    }

    private static void WriteEvent(FhirFile file, SynthEvent item, string subject, ReadOnlySpan<byte> code)
    {
        file.Concept(code, item.Code);
        file.Reference("subject"u8, subject);
        file.Reference("encounter"u8, $"Encounter/{item.Encounter}");
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
