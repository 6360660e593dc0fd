using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>
/// Events and commands as canonical JSON: an object whose <c>kind</c> is the record's name. Reading is strict: unknown or missing members,
/// unknown kinds and enum values are refused. The shapes are locked by snapshots, for journals outlive versions.
/// </summary>
public static class RunEventCodec
{
    /// <summary>The event's canonical JSON.</summary>
    public static byte[] Write(RunEvent journaled) => Write(journaled, RunJson.Default.RunEvent);

    /// <summary>The command's canonical JSON.</summary>
    public static byte[] Write(RunCommand command) => Write(command, RunJson.Default.RunCommand);

    /// <summary>Reads an event.</summary>
    /// <exception cref="FormatException">The bytes are none.</exception>
    public static RunEvent ReadEvent(ReadOnlySpan<byte> json) => Read(json, RunJson.Default.RunEvent);

    /// <summary>Reads a command.</summary>
    /// <exception cref="FormatException">The bytes are none.</exception>
    public static RunCommand ReadCommand(ReadOnlySpan<byte> json) => Read(json, RunJson.Default.RunCommand);

    /// <summary>The event's name, as in its JSON.</summary>
    public static string Kind(RunEvent journaled)
    {
        ArgumentNullException.ThrowIfNull(journaled);
        return journaled.GetType().Name;
    }

    // Lists compare by their content only once written down.
    internal static bool SamePlan(RunPlan a, RunPlan b) =>
        Write(a, RunJson.Default.RunPlan).AsSpan().SequenceEqual(Write(b, RunJson.Default.RunPlan));

    private static byte[] Write<T>(T value, JsonTypeInfo<T> type) => CanonicalJson.Write(JsonSerializer.SerializeToNode(value, type));

    private static T Read<T>(ReadOnlySpan<byte> json, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return CanonicalJson.Read(json).Deserialize(type) ?? throw new FormatException("null is no event or command.");
        }
        catch (JsonException fault)
        {
            throw new FormatException($"This is no event or command of this version: {fault.Message}", fault);
        }
        catch (NotSupportedException fault) // a kind that is missing
        {
            throw new FormatException($"This is no event or command of this version: {fault.Message}", fault);
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    AllowOutOfOrderMetadataProperties = true,
    Converters =
    [
        typeof(TimeConverter), typeof(SpanConverter), typeof(DigestConverter), typeof(StudyConverter), typeof(RunConverter), typeof(StepConverter),
        typeof(SiteConverter), typeof(RoundConverter), typeof(NameConverter<RoundFault>), typeof(NameConverter<SiteReason>), typeof(NameConverter<GoneReason>),
        typeof(VersionConverter),
    ])]
[JsonSerializable(typeof(RunEvent))]
[JsonSerializable(typeof(RunCommand))]
internal sealed partial class RunJson : JsonSerializerContext;

internal abstract class TextConverter<T> : JsonConverter<T>
{
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.String)
            throw new JsonException($"{typeof(T).Name} is a text.");
        try
        {
            return Parse(reader.GetString()!);
        }
        catch (FormatException fault)
        {
            throw new JsonException(fault.Message, fault);
        }
    }

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStringValue(Format(value));
    }

    protected abstract T Parse(string text);

    protected virtual string Format(T value) => value!.ToString()!;
}

internal sealed class TimeConverter : TextConverter<DateTimeOffset>
{
    private const string Pattern = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    protected override DateTimeOffset Parse(string text) =>
        DateTimeOffset.ParseExact(text, Pattern, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    protected override string Format(DateTimeOffset value) => value.UtcDateTime.ToString(Pattern, CultureInfo.InvariantCulture);
}

internal sealed class SpanConverter : JsonConverter<TimeSpan>
{
    public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        TimeSpan.FromMilliseconds(reader.GetInt64());

    public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) =>
        writer.WriteNumberValue((long)value.TotalMilliseconds);
}

internal sealed class DigestConverter : TextConverter<Sha256Digest>
{
    protected override Sha256Digest Parse(string text) => Sha256Digest.Parse(text);
}

internal sealed class StudyConverter : TextConverter<StudyDigest>
{
    protected override StudyDigest Parse(string text) => new(Sha256Digest.Parse(text));
}

internal sealed class RunConverter : TextConverter<RunId>
{
    protected override RunId Parse(string text) => RunId.Parse(text);
}

internal sealed class StepConverter : TextConverter<StepId>
{
    protected override StepId Parse(string text) =>
        StepId.TryParse(text, out var step) ? step : throw new FormatException($"'{text}' is no step: run.round.kind.attempt is needed.");
}

internal sealed class SiteConverter : TextConverter<SiteId>
{
    protected override SiteId Parse(string text) => SiteId.Parse(text);
}

internal sealed class VersionConverter : TextConverter<ModelVersion>
{
    protected override ModelVersion Parse(string text) => ModelVersion.Parse(text);
}

internal sealed class RoundConverter : JsonConverter<RoundNumber>
{
    public override RoundNumber Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetInt32());

    public override void Write(Utf8JsonWriter writer, RoundNumber value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Value);
}

internal sealed class NameConverter<T> : TextConverter<T>
    where T : struct, Enum
{
    protected override T Parse(string text) =>
        Enum.TryParse<T>(text, ignoreCase: false, out var value) && Enum.IsDefined(value) && value.ToString() == text
            ? value
            : throw new FormatException($"'{text}' is no {typeof(T).Name}.");
}
