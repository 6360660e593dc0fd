using System.Collections.Immutable;

namespace FederatedClinicalMl.Cli.Synth;

/// <summary>One patient of one hospital, with all that is recorded of them. The writers write this and nothing else. Times are UTC, to the second.</summary>
/// <param name="Id">The pseudonym.</param>
/// <param name="Birth">Day of birth; null: not recorded.</param>
/// <param name="Male">Sex; null: not recorded.</param>
/// <param name="Death">Time of death; null: alive.</param>
/// <param name="Encounters">Stays and visits, by time.</param>
/// <param name="Events">What happened, in the order in which it was recorded.</param>
internal sealed record SynthPatient(
    string Id, DateOnly? Birth, bool? Male, DateTime? Death, ImmutableArray<SynthEncounter> Encounters, ImmutableArray<SynthEvent> Events);

/// <summary>A stay or a visit.</summary>
/// <param name="Id">Its name, the same in every format that has names.</param>
/// <param name="Class">AMB, EMER or IMP, of HL7's ActCode.</param>
/// <param name="Start">Its beginning.</param>
/// <param name="End">Its end; null: not recorded.</param>
/// <param name="Organisation">The department, a number.</param>
internal sealed record SynthEncounter(string Id, string Class, DateTime Start, DateTime? End, int Organisation);

/// <summary>What an event is.</summary>
internal enum SynthKind
{
    /// <summary>A diagnosis; its time is the onset.</summary>
    Condition,

    /// <summary>A laboratory result or a vital sign.</summary>
    Measurement,

    /// <summary>An answer to a question: smoking status.</summary>
    Answer,

    /// <summary>A medication that was ordered.</summary>
    Medication,

    /// <summary>Something that was done.</summary>
    Procedure,
}

/// <summary>One record.</summary>
/// <param name="Id">Its name, the same in every format that has names.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Encounter">Name of its encounter.</param>
/// <param name="Time">When it happened; null: not recorded.</param>
/// <param name="Available">From when on somebody at the hospital could know it.</param>
/// <param name="Code">What it is; of a panel the panel's.</param>
/// <param name="Values">What was measured or answered: of a panel several.</param>
internal sealed record SynthEvent(
    string Id, SynthKind Kind, string Encounter, DateTime? Time, DateTime Available, SynthCode? Code, ImmutableArray<SynthValue> Values)
{
    /// <summary>A first result was corrected; this is the correction.</summary>
    public bool Amended { get; init; }

    /// <summary>Entered in error.</summary>
    public bool Retracted { get; init; }
}

/// <summary>A value: a number in a unit, or an answer.</summary>
/// <param name="Code">What was measured.</param>
/// <param name="Number">The number, rounded to what the device shows.</param>
/// <param name="Unit">Its unit of UCUM.</param>
/// <param name="Answer">A coded value instead of a number.</param>
internal sealed record SynthValue(SynthCode Code, double? Number, SynthCode? Unit, SynthCode? Answer)
{
    public static SynthValue Of(SynthCode code, double number, SynthCode unit) => new(code, number, unit, null);

    public static SynthValue Of(SynthCode code, SynthCode answer) => new(code, null, null, answer);
}
