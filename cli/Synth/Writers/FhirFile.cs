using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace FederatedClinicalMl.Cli.Synth;

/// <summary>One NDJSON file of FHIR resources of one type (https://hl7.org/fhir/R4).</summary>
internal sealed class FhirFile : IDisposable
{
    private const int FlushAt = 1 << 16;

    private static readonly JsonEncodedText s_type = JsonEncodedText.Encode("resourceType");
    private static readonly JsonEncodedText s_id = JsonEncodedText.Encode("id");
    private static readonly JsonEncodedText s_reference = JsonEncodedText.Encode("reference");

    private readonly Stream _stream;
    private readonly string _resourceType;
    private readonly ArrayBufferWriter<byte> _buffer = new(FlushAt * 2);

    public FhirFile(OutputFolder folder, string resourceType)
    {
        (_stream, _resourceType) = (folder.Create($"{resourceType}.ndjson"), resourceType);
        Json = new Utf8JsonWriter(_buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }

    /// <summary>Takes the elements of the resource that was begun.</summary>
    public Utf8JsonWriter Json { get; }

    public void Begin(string id)
    {
        Json.WriteStartObject();
        Json.WriteString(s_type, _resourceType);
        Json.WriteString(s_id, id);
    }

    public void End()
    {
        Json.WriteEndObject();
        Json.Flush();
        Json.Reset();
        _buffer.Write("\n"u8);
        if (_buffer.WrittenCount > FlushAt)
            Flush();
    }

    /// <summary>A dateTime or instant, with offset and seconds; nothing where it is not recorded.</summary>
    public void Time(ReadOnlySpan<byte> name, DateTime? time)
    {
        if (time is not { } known)
            return;
        Span<byte> text = stackalloc byte[32];
        known.TryFormat(text, out var length, "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        Json.WriteString(name, text[..length]);
    }

    public void Reference(ReadOnlySpan<byte> name, string target)
    {
        Json.WriteStartObject(name);
        Json.WriteString(s_reference, target);
        Json.WriteEndObject();
    }

    /// <summary>A CodeableConcept; nothing where it is not recorded.</summary>
    public void Concept(ReadOnlySpan<byte> name, SynthCode? code)
    {
        if (code is null)
            return;
        Json.WriteStartObject(name);
        Json.WriteStartArray("coding"u8);
        Json.WriteStartObject();
        Json.WriteString("system"u8, code.System);
        Json.WriteString("code"u8, code.Code);
        Json.WriteEndObject();
        Json.WriteEndArray();
        Json.WriteEndObject();
    }

    public void Dispose()
    {
        Flush();
        Json.Dispose();
        _stream.Dispose();
    }

    private void Flush()
    {
        _stream.Write(_buffer.WrittenSpan);
        _buffer.ResetWrittenCount();
    }
}
