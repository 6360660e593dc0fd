using System.Text.Json;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Reads one patient's Bundle: the online path, by the same mappings as the bulk export.</summary>
public static class FhirBundle
{
    /// <summary>
    /// Reads the entries of a Bundle, in whichever order they stand: what others refer to first. An entry with a fault is refused, its line being its number from 1;
    /// entries of types that are not kept are skipped.
    /// </summary>
    /// <param name="bundleJson">The Bundle, UTF-8.</param>
    /// <param name="sink">Takes what it says.</param>
    /// <param name="clock">What a date without time means at the hospital.</param>
    /// <exception cref="DatasetException">It is no Bundle in JSON at all.</exception>
    public static void Read(ReadOnlyMemory<byte> bundleJson, IEventSink sink, ClinicalClock clock)
    {
        ArgumentNullException.ThrowIfNull(sink);
        sink.BeginFile("Bundle");
        var json = bundleJson.Span;
        var parser = new FhirParser(sink, clock);
        foreach (var (type, line, place) in Entries(json, sink).OrderBy(entry => entry.Type))
            parser.Read(type, json[place], line);
    }

    private static List<(FhirType Type, long Line, Range Place)> Entries(ReadOnlySpan<byte> json, IEventSink sink)
    {
        var scratch = new FhirScratch();
        List<(FhirType, long, Range)> entries = [];
        var line = 0L;
        foreach (var entry in Bundle(json, scratch).Items(FhirElement.Entry))
        {
            line++;
            try
            {
                var resource = FhirObject.Read(entry, scratch).Raw(FhirElement.Resource);
                if (TypeOf(resource, line, sink, scratch) is { } type)
                    entries.Add((type, line, PlaceOf(resource, json)));
            }
            catch (JsonException)
            {
                sink.Refuse(line, RecordFault.NotJson);
            }
        }

        return entries;
    }

    private static FhirObject Bundle(ReadOnlySpan<byte> json, FhirScratch scratch)
    {
        try
        {
            var bundle = FhirObject.Read(json, scratch);
            if (bundle.Text(FhirElement.ResourceType).SequenceEqual("Bundle"u8))
                return bundle;
        }
        catch (JsonException)
        {
            throw new DatasetException("The Bundle is not JSON, or breaks off. Send the whole of it.");
        }

        throw new DatasetException("This is no FHIR Bundle: its resourceType is missing or another. Send the patient's resources as entries of one Bundle.");
    }

    private static FhirType? TypeOf(ReadOnlySpan<byte> resource, long line, IEventSink sink, FhirScratch scratch)
    {
        var name = resource.IsEmpty ? default : FhirObject.Read(resource, scratch).Text(FhirElement.ResourceType);
        var type = FhirTypes.Find(name);
        if (name.IsEmpty)
            sink.Refuse(line, RecordFault.ElementMissing, (resource.IsEmpty ? FhirElement.Resource : FhirElement.ResourceType).Name());
        else if (type is null)
            sink.Skip(new SourceRecord(EventKeys.Content(resource), EventKeys.Content(resource), line), SkipReason.KindNotKept);
        return type;
    }

    private static Range PlaceOf(ReadOnlySpan<byte> part, ReadOnlySpan<byte> whole)
    {
        whole.Overlaps(part, out var start);
        return start..(start + part.Length);
    }
}
