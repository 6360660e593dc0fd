using System.Collections.Immutable;
using System.Globalization;

namespace FederatedClinicalMl.Cli.Synth;

/// <summary>A patient's record while it is being written: gives names, and says when what is written becomes known (<see cref="Lags"/>).</summary>
internal sealed class Chart(Hospital hospital, string patient)
{
    private readonly ImmutableArray<SynthEncounter>.Builder _encounters = ImmutableArray.CreateBuilder<SynthEncounter>();
    private readonly ImmutableArray<SynthEvent>.Builder _events = ImmutableArray.CreateBuilder<SynthEvent>();

    private string Encounter => _encounters[^1].Id;

    private DateTime EncounterEnd => _encounters[^1].End!.Value;

    /// <summary>From here on everything belongs to this encounter.</summary>
    public void Begin(PlannedEncounter encounter, int organisation) => _encounters.Add(new SynthEncounter(
        string.Create(CultureInfo.InvariantCulture, $"{patient}-e{_encounters.Count + 1}"), encounter.Class, encounter.Start, encounter.End, organisation));

    /// <summary>A diagnosis, recorded at the encounter's end.</summary>
    public void Diagnose(SynthCode code, DateTime onset) => Add(SynthKind.Condition, onset, EncounterEnd, code, []);

    /// <summary>A result.</summary>
    public void Result(SynthCode code, double number, SynthCode unit, DateTime time, bool amended)
    {
        var written = hospital.Write(code);
        Add(SynthKind.Measurement, time, time.AddHours(amended ? Lags.ObservationHours : Lags.MeasurementHours), written, [SynthValue.Of(written, number, unit)], amended);
    }

    /// <summary>A vital sign, or several that were taken as one.</summary>
    public void Sign(SynthCode code, DateTime time, params ImmutableArray<SynthValue> values) =>
        Add(SynthKind.Measurement, time, time.AddHours(Lags.MeasurementHours), code, values);

    /// <summary>An answer.</summary>
    public void Answer(SynthCode question, SynthCode answer, DateTime time) =>
        Add(SynthKind.Answer, time, time.AddHours(Lags.ObservationHours), question, [SynthValue.Of(question, answer)]);

    /// <summary>A medication, known when it is ordered.</summary>
    public void Order(SynthCode code, DateTime time) => Add(SynthKind.Medication, time, time, code, []);

    /// <summary>A procedure, recorded at the encounter's end.</summary>
    public void Do(SynthCode code, DateTime time) => Add(SynthKind.Procedure, time, EncounterEnd, code, []);

    /// <summary>The whole.</summary>
    public SynthPatient Close(DateOnly birth, bool male, DateTime? death) => new(patient, birth, male, death, _encounters.ToImmutable(), _events.ToImmutable());

    private void Add(SynthKind kind, DateTime time, DateTime available, SynthCode code, ImmutableArray<SynthValue> values, bool amended = false) => _events.Add(new SynthEvent(
        string.Create(CultureInfo.InvariantCulture, $"{patient}-r{_events.Count + 1}"), kind, Encounter, time, available, code, values) { Amended = amended });
}
