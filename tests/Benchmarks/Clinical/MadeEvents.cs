using System.Text;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Benchmarks;

/// <summary>Patients with measurements of two years, made for measuring, as a source of events.</summary>
/// <param name="patients">How many.</param>
/// <param name="perPatient">Measurements of each.</param>
/// <param name="codes">Codes that the measurements have, <see cref="MadeExport.Code"/>.</param>
internal sealed class MadeEvents(int patients, int perPatient, int codes) : IEventSource
{
    /// <summary>The last moment of the two years.</summary>
    public static readonly ClinicalTime End = ClinicalTime.Of(new DateTimeOffset(2022, 1, 1, 0, 0, 0, TimeSpan.Zero));

    /// <inheritdoc/>
    public string Description => "made for measuring";

    /// <inheritdoc/>
    public void ReadInto(IEventSink sink, CancellationToken cancel)
    {
        var random = DeterministicRandom.Of("benchmarks", "events");
        var unit = sink.Concept(new Coding(CodeSystems.Ucum, "mg/dL"));
        var concepts = Enumerable.Range(0, codes).Select(code => sink.Concept(new Coding(CodeSystems.Loinc, MadeExport.Code(code)))).ToArray();
        sink.BeginFile("made");
        for (var record = 0; record < patients * perPatient; record++)
        {
            cancel.ThrowIfCancellationRequested();
            var time = End - TimeSpan.FromSeconds(random.NextInt(730 * 86_400));
            sink.Add(
                new SourceRecord(EventKeys.RecordKey(EventKind.Observation, record), 1, record + 1),
                new ClinicalEvent(
                    EventKind.Observation, sink.DeclarePatient(Encoding.ASCII.GetBytes($"p{record / perPatient}")), 0, time, ClinicalTime.None, time, EventFlags.None,
                    concepts[random.NextInt(codes)], random.NextInt(20000) / 100.0, -1, unit));
        }
    }
}
