using System.Text.Json;

namespace FederatedClinicalMl.Cli.Demo.Splitting;

/// <summary>What a line of a bulk export says of where it belongs.</summary>
/// <param name="Type">Its resource type.</param>
/// <param name="Patient">Id of the patient that it is, or refers to as its subject; null: none.</param>
/// <param name="Organisation">Id of the organisation that gave the care; null: it does not say.</param>
internal sealed record FhirLine(string Type, string? Patient, string? Organisation)
{
    /// <summary>Reads a line; null: it is no resource.</summary>
    public static FhirLine? Read(ReadOnlySpan<byte> line)
    {
        var (type, id, patient, organisation) = (default(string), default(string), default(string), default(string));
        var json = new Utf8JsonReader(line);
        try
        {
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
                return null;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (json.ValueTextEquals("resourceType"u8))
                    type = Text(ref json);
                else if (json.ValueTextEquals("id"u8))
                    id = Text(ref json);
                else if (json.ValueTextEquals("subject"u8) || json.ValueTextEquals("patient"u8))
                    patient = Reference(ref json, "Patient") ?? patient;
                else if (json.ValueTextEquals("serviceProvider"u8))
                    organisation = Reference(ref json, "Organization");
                else
                    json.Skip();
            }

            json.Read(); // a fault where more follows
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return null; // no JSON, or no text in it
        }

        return type is null ? null : new FhirLine(type, type == "Patient" ? id : patient, organisation);
    }

    private static string? Text(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType == JsonTokenType.String)
            return json.GetString();
        json.Skip();
        return null;
    }

    private static string? Reference(ref Utf8JsonReader json, string type)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject)
        {
            json.Skip();
            return null;
        }

        string? reference = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("reference"u8))
                reference = Text(ref json);
            else
                json.Skip();
        }

        return reference is null ? null : IdOf(reference, type);
    }

    // Patient/1, https://server/fhir/Patient/1, either with /_history/2, urn:uuid:1 (https://hl7.org/fhir/R4/references.html).
    private static string? IdOf(string reference, string type)
    {
        const string Uuid = "urn:uuid:";
        if (reference.StartsWith(Uuid, StringComparison.Ordinal))
            return reference[Uuid.Length..];
        var parts = reference.Split('/');
        if (parts is [.., "_history", _])
            parts = parts[..^2];
        return parts is [.., var target, var id] && target == type && id.Length > 0 ? id : null;
    }
}
