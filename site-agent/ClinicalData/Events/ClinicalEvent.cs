using System.Buffers.Binary;
using System.IO.Hashing;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>What kind of thing an event says. The numbers are in the store's files.</summary>
public enum EventKind
{
    /// <summary>The patient was born at the event's time.</summary>
    Birth = 1,

    /// <summary>The patient's sex, as value: a code of http://hl7.org/fhir/administrative-gender. Timeless: its time is the birth, where that is known.</summary>
    Sex = 2,

    /// <summary>The patient died.</summary>
    Death = 3,

    /// <summary>A stay or a visit, from time to end. Its code is its class (ActCode: AMB, EMER, IMP, ...) and its types; its value the organisation.</summary>
    Encounter = 4,

    /// <summary>A diagnosis or a problem; its time is the onset, its end the abatement.</summary>
    Condition = 5,

    /// <summary>A measurement, a vital sign, an answer: number with unit, or a coded value.</summary>
    Observation = 6,

    /// <summary>A medication that was ordered, dispensed or reported.</summary>
    MedicationOrder = 7,

    /// <summary>A medication that was given.</summary>
    MedicationAdministration = 8,

    /// <summary>Something that was done.</summary>
    Procedure = 9,
}

/// <summary>What is particular about an event. The numbers are in the store's files.</summary>
[Flags]
public enum EventFlags
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Became available when its encounter ended, which is looked up when it is read: a later import may tell.</summary>
    AvailableAtEncounterEnd = 1,

    /// <summary>The source gives a date without time.</summary>
    DateOnly = 2,

    /// <summary>The number is a bound (less than, more than), not a measurement: no aggregate of numbers uses it.</summary>
    Bound = 4,
}

/// <summary>A code of a code system.</summary>
/// <param name="System">Canonical address of the code system, e.g. <c>http://loinc.org</c>; empty: a text of the site's own, known to nobody else.</param>
/// <param name="Code">The code.</param>
public readonly record struct Coding(string System, string Code)
{
    /// <inheritdoc/>
    public override string ToString() => $"{System}|{Code}";
}

/// <summary>
/// One thing that happened to one patient, as the event store holds it. Patients, concepts and units are ordinals of the store's
/// dictionaries (<see cref="IEventSink"/> gives them).
/// </summary>
/// <param name="Kind">What it says.</param>
/// <param name="Patient">Ordinal of the patient.</param>
/// <param name="Encounter"><see cref="EncounterKey"/> of the encounter; 0: none.</param>
/// <param name="Time">When it happened.</param>
/// <param name="End">When it ended; <see cref="ClinicalTime.None"/> where it has no end, or none yet.</param>
/// <param name="Available">From when on somebody at the site could know it; <see cref="ClinicalTime.None"/>: no rule says (unless <paramref name="Flags"/> do), and no feature uses it.</param>
/// <param name="Flags">What is particular.</param>
/// <param name="Concept">Ordinal of its code; -1: none.</param>
/// <param name="Number">Its number; NaN: none.</param>
/// <param name="Value">Ordinal of its coded value; -1: none.</param>
/// <param name="Unit">Ordinal of the number's unit, a <see cref="Coding"/> of <see cref="CodeSystems.Ucum"/> where the source says so; -1: none.</param>
public readonly record struct ClinicalEvent(
    EventKind Kind,
    int Patient,
    long Encounter,
    ClinicalTime Time,
    ClinicalTime End,
    ClinicalTime Available,
    EventFlags Flags,
    int Concept,
    double Number,
    int Value,
    int Unit);

/// <summary>Names of encounters and records, as numbers of fixed length.</summary>
public static class EventKeys
{
    /// <summary>An encounter's key: a hash of its identifier, never 0.</summary>
    public static long EncounterKey(ReadOnlySpan<byte> identifier) => (long)XxHash3.HashToUInt64(identifier) is var key and not 0 ? key : 1;

    /// <summary>A record's key: its kind and its identifier, by which a later version of it is known.</summary>
    /// <param name="kind">Kind of record in the source (resource type, table).</param>
    /// <param name="identifier">Its identifier there.</param>
    public static UInt128 RecordKey(EventKind kind, ReadOnlySpan<byte> identifier)
    {
        Span<byte> bytes = stackalloc byte[256];
        if (identifier.Length > bytes.Length - 1)
            return XxHash128.HashToUInt128(identifier, seed: (long)kind);
        bytes[0] = (byte)kind;
        identifier.CopyTo(bytes[1..]);
        return XxHash128.HashToUInt128(bytes[..(identifier.Length + 1)]);
    }

    /// <summary>A record's key where the source gives numbers.</summary>
    public static UInt128 RecordKey(EventKind kind, long identifier)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, identifier);
        return RecordKey(kind, bytes);
    }

    /// <summary>What a record says, as a number: two versions of a record differ in it.</summary>
    public static ulong Content(ReadOnlySpan<byte> record) => XxHash3.HashToUInt64(record);
}
