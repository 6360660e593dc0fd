using System.Text.Json;
using System.Text.Unicode;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Reads resources, one at a time, into a _sink. Files and bundles are read by the same.</summary>
internal sealed class FhirParser
{
    private readonly IEventSink _sink;
    private readonly FhirScratch _scratch = new();
    private readonly FhirRecord _record;

    /// <summary>A parser for one import.</summary>
    public FhirParser(IEventSink sink, ClinicalClock clock)
    {
        _sink = sink;
        _record = new FhirRecord(sink, clock, _scratch);
    }

    /// <summary>Reads a resource. A fault in it refuses it.</summary>
    /// <param name="type">What it must be.</param>
    /// <param name="json">Its JSON; white space after it does not belong to it.</param>
    /// <param name="line">Where it stands.</param>
    public void Read(FhirType type, ReadOnlySpan<byte> json, long line)
    {
        json = json.TrimEnd(" \t\r"u8);
        if (!Utf8.IsValid(json))
        {
            _sink.Refuse(line, RecordFault.NotUtf8);
            return;
        }

        _scratch.Used = 0;
        try
        {
            Read(type, FhirObject.Read(json, _scratch), EventKeys.Content(json), line);
        }
        catch (JsonException)
        {
            _sink.Refuse(line, FhirObject.BreaksOff(json) ? RecordFault.Truncated : RecordFault.NotJson);
        }
    }

    private void Read(FhirType type, in FhirObject resource, ulong content, long line)
    {
        var id = resource.Text(FhirElement.Id);
        if (!resource.Has(FhirElement.ResourceType))
            _sink.Refuse(line, RecordFault.ElementMissing, FhirElement.ResourceType.Name());
        else if (!resource.Text(FhirElement.ResourceType).SequenceEqual(type.Name()))
            _sink.Refuse(line, RecordFault.OtherResourceType, FhirElement.ResourceType.Name());
        else if (id.IsEmpty)
            _sink.Refuse(line, RecordFault.ElementMissing, FhirElement.Id.Name());
        else
            Map(type, resource, id, content, line);
    }

    private void Map(FhirType type, in FhirObject resource, ReadOnlySpan<byte> id, ulong content, long line)
    {
        _record.Begin();
        switch (type)
        {
            case FhirType.Organization:
                OrganizationMapping.Map(_record, id);
                break;
            case FhirType.Patient:
                PatientMapping.Map(_record, resource, id);
                break;
            case FhirType.Encounter:
                EncounterMapping.Map(_record, resource, id);
                break;
            case FhirType.Condition:
                ConditionMapping.Map(_record, resource);
                break;
            case FhirType.Observation:
                ObservationMapping.Map(_record, resource);
                break;
            case FhirType.Medication:
                MedicationMapping.MapMedication(_record, resource, id);
                break;
            case FhirType.MedicationRequest:
                MedicationMapping.MapRequest(_record, resource);
                break;
            case FhirType.MedicationAdministration:
                MedicationMapping.MapAdministration(_record, resource);
                break;
            case FhirType.Procedure:
                ProcedureMapping.Map(_record, resource);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type));
        }

        _record.End(new SourceRecord(EventKeys.RecordKey(KindOf(type), id), content, line));
    }

    // What names a record among those of its type. Organisations and medications make no event, and must not be taken for patients of the same identifier.
    private static EventKind KindOf(FhirType type) => type switch
    {
        FhirType.Encounter => EventKind.Encounter,
        FhirType.Condition => EventKind.Condition,
        FhirType.Observation => EventKind.Observation,
        FhirType.MedicationRequest => EventKind.MedicationOrder,
        FhirType.MedicationAdministration => EventKind.MedicationAdministration,
        FhirType.Procedure => EventKind.Procedure,
        FhirType.Patient => EventKind.Birth,
        _ => (EventKind)(byte.MaxValue - (int)type),
    };
}
