using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>A patient who is to be scored, as of a moment: values of features by name, or what a FHIR Bundle says.</summary>
/// <param name="Patient">Pseudonym.</param>
/// <param name="At">As of when.</param>
/// <param name="Values">Values in the features' units; what is not there is missing. Null: <paramref name="Bundle"/> is given.</param>
/// <param name="Bundle">The patient's events. Null: <paramref name="Values"/> are given.</param>
internal sealed record ScoreRow(string Patient, DateTimeOffset At, Dictionary<string, double>? Values, PatientBundle? Bundle)
{
    /// <summary>Roughly, how many bytes it keeps in memory.</summary>
    public int Size => (Bundle?.Length ?? 0) + 1024;

    /// <summary>A model's inputs: one value for each feature, float32 as the model takes them; NaN where missing.</summary>
    public float[] InputsOf(LoadedModel model)
    {
        var inputs = new float[model.Features.Length];
        if (Bundle is { } bundle)
        {
            var row = bundle.Compute(model, ClinicalTime.Of(At));
            for (var i = 0; i < inputs.Length; i++)
                inputs[i] = (float)row[i];
            return inputs;
        }

        for (var i = 0; i < inputs.Length; i++)
            inputs[i] = Values!.TryGetValue(model.Features[i].Name, out var value) ? (float)value : float.NaN;
        return inputs;
    }
}

/// <summary>One patient's FHIR Bundle, and the features of it: the online path, by the definitions and the code of training.</summary>
internal sealed class PatientBundle
{
    private readonly PatientEvents _events;
    private readonly SiteConcepts _concepts;
    private readonly PatientTimeline _timeline;
    private readonly ClinicalClock _clock;

    private PatientBundle(PatientEvents events, SiteMapping mapping, ClinicalClock clock, int length) =>
        (_events, _concepts, _timeline, _clock, Length) = (events, new SiteConcepts(events.Concepts, mapping), events.Timeline(), clock, length);

    /// <summary>Bytes of the Bundle.</summary>
    public int Length { get; }

    /// <summary>How many of its entries could not be read.</summary>
    public int Refused => _events.Refused.Count;

    /// <summary>Reads a Bundle.</summary>
    /// <exception cref="CallRefusedException">It is none, or not of one patient.</exception>
    public static PatientBundle Read(ReadOnlyMemory<byte> json, SiteMapping mapping, ClinicalClock clock)
    {
        var events = new PatientEvents();
        try
        {
            FhirBundle.Read(json, events, clock);
        }
        catch (DatasetException fault)
        {
            throw new CallRefusedException(StatusCodes.Status400BadRequest, fault.Message);
        }

        return events.Patients == 1 ? new PatientBundle(events, mapping, clock, json.Length)
            : throw new CallRefusedException(StatusCodes.Status400BadRequest, "The Bundle must have one Patient among its entries, and what it says of no other.");
    }

    /// <summary>A model's features as of a moment, in their units; NaN where missing.</summary>
    public double[] Compute(LoadedModel model, ClinicalTime moment)
    {
        var computer = new FeatureComputer(model.Features, _concepts, _clock);
        var row = new double[computer.Width];
        computer.Compute(_timeline, moment, row);
        return row;
    }
}
