using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.Json;
using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>Reads calls of CDS Hooks 2.0. What else an EHR sends along is passed over, as the standard asks for; nothing of it is kept.</summary>
internal sealed class CardReader(ScoringKey key, SiteMapping mapping, ClinicalClock clock, TimeProvider time)
{
    private const int LongestText = 256;
    private const int MostFeedback = 1000;

    /// <summary>The patient of a hook: a row for a line, or why there is none.</summary>
    /// <exception cref="CallRefusedException">It is no call of a hook.</exception>
    public (ScoreRow? Row, string? Why) Read(JsonElement root)
    {
        ScoreReader.Object(root, "The call");
        if (ScoreReader.Text(root, "hook", LongestText) != "patient-view")
            throw Refused("The hook of this service is patient-view.");
        ScoreReader.Text(root, "hookInstance", LongestText);
        if (!root.TryGetProperty("context", out var context))
            throw Refused("The call must have a 'context'.");
        var patient = ScoreReader.Text(ScoreReader.Object(context, "'context'"), "patientId", LongestText);
        if (!root.TryGetProperty("prefetch", out var prefetch) || prefetch.ValueKind != JsonValueKind.Object)
            return (null, "The EHR sent no prefetch: the resources that the service's discovery asks for.");
        try
        {
            return (new ScoreRow(key.PseudonymOf(patient), time.GetUtcNow(), null, PatientBundle.Read(Bundle(prefetch), mapping, clock)), null);
        }
        catch (CallRefusedException fault)
        {
            return (null, fault.Message);
        }
    }

    /// <summary>What clinicians did with cards.</summary>
    /// <exception cref="CallRefusedException">It is no such call, or names a card that is none of ours.</exception>
    public static ImmutableArray<CardFeedback> ReadFeedback(string line, JsonElement root)
    {
        ScoreReader.Object(root, "The call");
        if (!root.TryGetProperty("feedback", out var list) || list.ValueKind != JsonValueKind.Array || list.GetArrayLength() is 0 or > MostFeedback)
            throw Refused($"The call must have the field 'feedback': a list of 1 to {MostFeedback} items.");
        return
        [
            .. list.EnumerateArray().Select(item =>
            {
                var outcome = ScoreReader.Text(ScoreReader.Object(item, "Every item"), "outcome", LongestText);
                if (outcome is not ("accepted" or "overridden"))
                    throw Refused("'outcome' must be accepted or overridden.");
                return new CardFeedback(CardIds.PredictionOf(ScoreReader.Text(item, "card", LongestText)) ?? throw Refused("'card' must be the uuid of a card of this service."), line, outcome == "accepted");
            }),
        ];
    }

    // Everything that was sent along, as entries of one Bundle.
    private static byte[] Bundle(JsonElement prefetch)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("resourceType", "Bundle");
            writer.WriteStartArray("entry");
            foreach (var resource in prefetch.EnumerateObject().SelectMany(item => Resources(item.Value)))
            {
                writer.WriteStartObject();
                writer.WritePropertyName("resource");
                writer.WriteRawValue(JsonMarshal.GetRawUtf8Value(resource));
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static IEnumerable<JsonElement> Resources(JsonElement sent)
    {
        if (sent.ValueKind != JsonValueKind.Object)
            return [];
        if (!sent.TryGetProperty("resourceType", out var type) || type.ValueKind != JsonValueKind.String || !type.ValueEquals("Bundle"u8))
            return [sent];
        return sent.TryGetProperty("entry", out var entries) && entries.ValueKind == JsonValueKind.Array
            ? entries.EnumerateArray().Where(entry => entry.ValueKind == JsonValueKind.Object).Select(entry => entry.TryGetProperty("resource", out var resource) ? resource : default)
                .Where(resource => resource.ValueKind == JsonValueKind.Object)
            : [];
    }

    private static CallRefusedException Refused(string message) => new(StatusCodes.Status400BadRequest, message);
}

/// <summary>A card's UUID (version 8, RFC 9562) from the id of its prediction, and back.</summary>
internal static class CardIds
{
    private const string Middle = "-8000-8000-";

    /// <summary>The UUID of a prediction's card.</summary>
    public static string UuidOf(string prediction) => $"{prediction[..8]}-{prediction[9..13]}{Middle}{prediction[13..]}";

    /// <summary>The prediction of a card; null: it is none of ours.</summary>
    public static string? PredictionOf(string uuid) =>
        Guid.TryParseExact(uuid, "D", out _) && uuid[13..24] == Middle && $"{uuid[..8]}-{uuid[9..13]}{uuid[24..]}" is var id && PredictionLog.DayOfId(id) is not null ? id : null;
}
