using System.Collections.Immutable;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// A FHIR R4 bulk export (https://hl7.org/fhir/uv/bulkdata): a folder of <c>*.ndjson</c> and <c>*.ndjson.gz</c>, a resource a line. Organization, Patient,
/// Encounter, Condition, Observation, Medication, MedicationRequest, MedicationAdministration and Procedure are read, in this order, the files of a type in
/// ordinal order of their names; a file's type is the part of its name that is one.
/// </summary>
/// <param name="folder">The folder.</param>
/// <param name="clock">What a date without time means at the hospital.</param>
/// <param name="limits">What a file may ask of this machine.</param>
public sealed class FhirBulkSource(string folder, ClinicalClock clock, FhirLimits limits) : IEventSource
{
    /// <inheritdoc/>
    public string Description => "FHIR R4 bulk export";

    /// <summary>Names of the folder's <c>.ndjson</c> files that are not read, because no part of their name, or more than one, is a type that is.</summary>
    /// <exception cref="DatasetException">The folder cannot be read.</exception>
    public ImmutableArray<string> IgnoredFiles => FhirFiles.Of(folder).Ignored;

    /// <inheritdoc/>
    public void ReadInto(IEventSink sink, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(sink);
        var files = FhirFiles.In(folder).Read;
        var parser = new FhirParser(sink, clock);
        foreach (var (type, name) in files)
        {
            sink.BeginFile(name);
            ReadFile(parser, type, Path.Combine(folder, name), sink, cancel);
        }
    }

    private void ReadFile(FhirParser parser, FhirType type, string path, IEventSink sink, CancellationToken cancel)
    {
        using var bytes = new NdjsonBytes(path, limits);
        using var lines = new NdjsonLines(bytes, limits.LongestLine);
        while (lines.TryNext(out var line, out var isTooLong))
        {
            cancel.ThrowIfCancellationRequested();
            if (isTooLong)
                sink.Refuse(lines.Number, RecordFault.TooLong);
            else if (line.ContainsAnyExcept(" \t\r"u8))
                parser.Read(type, line, lines.Number);
        }

        if (bytes.Fault is { } fault)
            sink.Refuse(lines.Number, fault);
    }
}
