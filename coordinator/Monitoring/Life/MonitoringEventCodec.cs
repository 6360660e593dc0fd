using System.Text.Json;
using System.Text.Json.Serialization;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>Events as canonical JSON: an object whose <c>kind</c> is the record's name. Reading is strict.</summary>
public static class MonitoringEventCodec
{
    /// <summary>The event's canonical JSON.</summary>
    public static byte[] Write(MonitoringEvent happened) => CanonicalJson.Write(JsonSerializer.SerializeToNode(happened, MonitoringJson.Default.MonitoringEvent));

    /// <summary>Reads an event.</summary>
    /// <exception cref="FormatException">The bytes are none of this version.</exception>
    public static MonitoringEvent Read(ReadOnlySpan<byte> json)
    {
        try
        {
            return CanonicalJson.Read(json).Deserialize(MonitoringJson.Default.MonitoringEvent) ?? throw new FormatException("null is no event.");
        }
        catch (Exception fault) when (fault is JsonException or NotSupportedException)
        {
            throw new FormatException($"This is no event of this version: {fault.Message}", fault);
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    AllowOutOfOrderMetadataProperties = true,
    Converters = [typeof(TimeConverter), typeof(SubjectConverter), typeof(NameConverter<Severity>)])]
[JsonSerializable(typeof(MonitoringEvent))]
internal sealed partial class MonitoringJson : JsonSerializerContext;

internal sealed class SubjectConverter : TextConverter<Subject>
{
    protected override Subject Parse(string text) => Subject.Parse(text);

    protected override string Format(Subject value) => value.Text;
}
