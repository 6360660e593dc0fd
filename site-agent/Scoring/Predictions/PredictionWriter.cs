using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>Writes predictions as lines of the log. What many have in common, the fields of a batch above all, is turned into text once. Used by one thread at a time.</summary>
/// <param name="key">Its keys.</param>
internal sealed class PredictionWriter(ScoringKey key) : IDisposable
{
    private readonly IncrementalHash _fingerprints = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key.Fingerprints);
    private readonly Kept<DateTimeOffset> _made = new(CanonicalTime.Write);
    private readonly Kept<DateTimeOffset> _at = new(CanonicalTime.Write);
    private readonly Kept<ModelVersion> _version = new(version => version.ToString());
    private readonly Kept<Sha256Digest> _model = new(model => model.ToString());
    private Prediction? _before;

    /// <summary>The field of what a batch's prediction has in common with those that follow it.</summary>
    public const string Common = "common";

    /// <summary>Writes a prediction.</summary>
    public void Write(Utf8JsonWriter writer, Prediction item)
    {
        writer.WriteStartObject();
        WriteCommon(writer, item);
        WriteOwn(writer, item);
        writer.WriteEndObject();
    }

    /// <summary>Writes a prediction of a batch: what it has in common with the one before in the group is not said again.</summary>
    public void WriteOfBatch(Utf8JsonWriter writer, Prediction item)
    {
        writer.WriteStartObject();
        if (_before?.Model != item.Model)
        {
            writer.WriteStartObject(Common);
            WriteCommon(writer, item);
            writer.WriteEndObject();
        }

        _before = item;
        WriteOwn(writer, item);
        writer.WriteEndObject();
    }

    /// <summary>Begins a group of a batch's: it is read by itself.</summary>
    public void BeginGroup() => _before = null;

    private void WriteCommon(Utf8JsonWriter writer, Prediction item)
    {
        writer.WriteString("made"u8, _made.Text(item.Made));
        writer.WriteString("line"u8, item.Line);
        writer.WriteString("version"u8, _version.Text(item.Version));
        writer.WriteString("model"u8, _model.Text(item.Model));
        writer.WriteString("mode"u8, item.Mode);
        writer.WriteString("at"u8, _at.Text(item.At));
    }

    private void WriteOwn(Utf8JsonWriter writer, Prediction item)
    {
        writer.WriteString("id"u8, item.Id);
        writer.WriteString("patient"u8, item.Patient);
        if (item.Inputs is { } inputs)
        {
            Span<byte> fingerprint = stackalloc byte[2 * Sha256Digest.Length];
            Convert.TryToHexStringLower(FingerprintOf(item.Model, inputs.Values).Span, fingerprint, out _);
            writer.WriteString("inputs"u8, fingerprint);
            writer.WriteStartArray("groups"u8); // outcomes come later, and are told by them: the values are gone then
            foreach (var group in SubgroupIndex.Of(inputs.Model.Study, inputs.Values))
                writer.WriteNumberValue(group);
            writer.WriteEndArray();
        }

        if (item.Score.IsNone)
            writer.WriteString("reason"u8, item.Reason);
        Write(writer, item.Score);
        writer.WriteNumber("microseconds"u8, item.Elapsed.Ticks / TimeSpan.TicksPerMicrosecond);
        writer.WriteNumber("missing"u8, item.Missing);
        writer.WriteNumber("implausible"u8, item.Implausible);
    }

    /// <summary>A fingerprint of what a model was given: it tells whether two inputs are the same, and, without the key, nothing else.</summary>
    public Sha256Digest FingerprintOf(Sha256Digest model, ReadOnlySpan<float> values)
    {
        _fingerprints.AppendData(model.Span);
        _fingerprints.AppendData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values));
        return Sha256Digest.Of(_fingerprints);
    }

    /// <summary>Writes a score; the unit says what was predicted, of a row without a score too: what is told of it later is held against it.</summary>
    public static void Write(Utf8JsonWriter writer, ModelScore score)
    {
        if (!score.IsNone)
            writer.WriteNumber(score.IsNumber ? "number"u8 : "logit"u8, score.Output);
        if (score.IsNumber)
            writer.WriteString("unit"u8, score.Unit);
    }

    /// <summary>Adds lines to a group.</summary>
    /// <param name="group">The group.</param>
    /// <param name="items">What the lines say.</param>
    /// <param name="write">Writes one.</param>
    public static void Write<T>(ArrayBufferWriter<byte> group, IEnumerable<T> items, Action<Utf8JsonWriter, T> write)
    {
        using var writer = new Utf8JsonWriter(group);
        foreach (var item in items)
        {
            write(writer, item);
            writer.Flush();
            writer.Reset();
            group.Write("\n"u8);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _fingerprints.Dispose();

    // The text of a value, until another one comes.
    private sealed class Kept<T>(Func<T, string> text)
        where T : struct, IEquatable<T>
    {
        private (T Of, JsonEncodedText Text)? _last;

        public JsonEncodedText Text(T value)
        {
            if (_last is not { } last || !last.Of.Equals(value))
                _last = last = (value, JsonEncodedText.Encode(text(value)));
            return last.Text;
        }
    }
}
