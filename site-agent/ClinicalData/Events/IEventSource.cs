namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// An export of a hospital's system: the port that every connector implements. It reads its records in an order that depends on the
/// export alone, so that the same export makes the same store.
/// </summary>
public interface IEventSource
{
    /// <summary>What it is, in a few words: <c>FHIR R4 bulk export</c>.</summary>
    string Description { get; }

    /// <summary>Reads everything there is. Patients before encounters, encounters before what refers to them.</summary>
    /// <param name="sink">Takes it.</param>
    /// <param name="cancel">Stops the reading.</param>
    /// <exception cref="DatasetException">The export cannot be read at all, or the sink stopped for too many faults.</exception>
    void ReadInto(IEventSink sink, CancellationToken cancel);
}

/// <summary>One record of a source: where it stands, and by what a later version of it is known.</summary>
/// <param name="Key">See <see cref="EventKeys.RecordKey(EventKind, ReadOnlySpan{byte})"/>.</param>
/// <param name="Content">Hash of what it says.</param>
/// <param name="Line">Line in its file, or number of the row, from 1.</param>
public readonly record struct SourceRecord(UInt128 Key, ulong Content, long Line);

/// <summary>
/// Takes what a connector reads. A record that the store has already, unchanged, adds nothing; one that it has with other content is an
/// amendment: what the older version said ends where the newer one becomes available.
/// </summary>
public interface IEventSink
{
    /// <summary>From here on records and faults are of this file.</summary>
    /// <param name="name">Name relative to the export's folder, or of a table. No patient's name can be in it.</param>
    void BeginFile(string name);

    /// <summary>Ordinal of a patient whom the source describes, made where it is new.</summary>
    int DeclarePatient(ReadOnlySpan<byte> identifier);

    /// <summary>Ordinal of a patient who was declared in this import or an earlier one; -1: nobody.</summary>
    int FindPatient(ReadOnlySpan<byte> identifier);

    /// <summary>Whether an encounter was added in this import or an earlier one.</summary>
    bool KnowsEncounter(long encounter);

    /// <summary>Keeps what a medication is that records refer to by its identifier, also those of later imports.</summary>
    /// <param name="identifier">Its identifier.</param>
    /// <param name="concept">Ordinal of its code.</param>
    /// <returns>False: there are more of them than are kept.</returns>
    bool DeclareMedication(ReadOnlySpan<byte> identifier, int concept);

    /// <summary>Ordinal of the code of a medication that was declared in this import or an earlier one; -1: none.</summary>
    int FindMedication(ReadOnlySpan<byte> identifier);

    /// <summary>Ordinal of a concept: the codings that the source gives for one thing, in its order, at least one. The same codings have the same ordinal.</summary>
    int Concept(params ReadOnlySpan<Coding> codings);

    /// <summary>Adds a record with all that it says. An event of kind <see cref="EventKind.Encounter"/> declares its encounter.</summary>
    void Add(in SourceRecord record, params ReadOnlySpan<ClinicalEvent> events);

    /// <summary>A record that was entered in error: what earlier versions of it said is as if it had never been.</summary>
    void Retract(in SourceRecord record);

    /// <summary>
    /// Counts a record that says of itself that it is no event (a plan, a cancelled visit), or of which nothing is kept. Where the store has another version
    /// of it, that is as if it had never been: what was cancelled did not happen.
    /// </summary>
    void Skip(in SourceRecord record, SkipReason reason);

    /// <summary>Refuses a record, or a line that is none, and counts it towards the policy's limit.</summary>
    /// <param name="line">Where, from 1.</param>
    /// <param name="fault">What.</param>
    /// <param name="element">Name of the element or column, never a value; empty: the whole record.</param>
    /// <exception cref="DatasetException">There are more than the policy allows.</exception>
    void Refuse(long line, RecordFault fault, string element = "");

    /// <summary>Reports a record that is kept, though something about it cannot be used.</summary>
    /// <param name="line">Where, from 1.</param>
    /// <param name="note">What.</param>
    /// <param name="element">Name of the element or column, never a value; empty: the whole record.</param>
    void Note(long line, RecordNote note, string element = "");
}

/// <summary>Why a record is no event.</summary>
public enum SkipReason
{
    /// <summary>Its status says that it did not happen, or not yet: planned, cancelled, not done.</summary>
    NotAnEvent,

    /// <summary>Its kind, or its value's type (text, image), is none that the store keeps.</summary>
    KindNotKept,
}

/// <summary>Why a record is refused. Each has its sentence in <see cref="RecordFaults"/>.</summary>
public enum RecordFault
{
    /// <summary>The line breaks off.</summary>
    Truncated,

    /// <summary>The line is no JSON.</summary>
    NotJson,

    /// <summary>The line is no row of the table.</summary>
    NotARow,

    /// <summary>A resource of another type than the file's.</summary>
    OtherResourceType,

    /// <summary>The line is longer than is read.</summary>
    TooLong,

    /// <summary>Bytes that are not UTF-8.</summary>
    NotUtf8,

    /// <summary>A needed element is missing.</summary>
    ElementMissing,

    /// <summary>A date or time that is none, or in another format than declared.</summary>
    NotADate,

    /// <summary>A number that is none.</summary>
    NotANumber,

    /// <summary>Refers to a patient whom nothing describes.</summary>
    PatientUnknown,

    /// <summary>A code that the mapping or the vocabulary does not know, where one must be known.</summary>
    CodeUnknown,

    /// <summary>The same record is there before, with other content.</summary>
    DuplicateDiffers,

    /// <summary>The compressed file breaks off, or its checksum is wrong: what follows cannot be read.</summary>
    ArchiveBroken,

    /// <summary>The compressed file grows beyond the ratio that is allowed.</summary>
    ArchiveGrows,

    /// <summary>There are more medications that records may refer to than are kept in memory.</summary>
    TooManyMedications,
}

/// <summary>What cannot be used of a record that is kept.</summary>
public enum RecordNote
{
    /// <summary>Refers to an encounter that nothing describes; kept without it.</summary>
    EncounterUnknown,

    /// <summary>No rule says when it became available: no feature uses it.</summary>
    AvailabilityUnknown,

    /// <summary>The same record is there before, with the same content: taken once.</summary>
    Duplicate,

    /// <summary>The number is a bound (less than, more than): kept, but no aggregate of numbers uses it.</summary>
    Bound,

    /// <summary>Ends before it begins: kept with its beginning, and no end.</summary>
    EndsBeforeItBegins,

    /// <summary>Refers to a medication that nothing describes, or that has no code; kept under the reference.</summary>
    MedicationUnknown,
}

/// <summary>Sentences of <see cref="RecordFault"/>, <see cref="SkipReason"/> and <see cref="RecordNote"/>, for stewards.</summary>
public static class RecordFaults
{
    /// <summary>What is wrong, in words.</summary>
    public static string Sentence(this RecordFault fault) => fault switch
    {
        RecordFault.Truncated => "the line breaks off",
        RecordFault.NotJson => "not JSON",
        RecordFault.NotARow => "not a row of this table",
        RecordFault.OtherResourceType => "a resource of another type than the file's",
        RecordFault.TooLong => "longer than is read",
        RecordFault.NotUtf8 => "not UTF-8",
        RecordFault.ElementMissing => "a needed element is missing",
        RecordFault.NotADate => "not a date or time in the declared format",
        RecordFault.NotANumber => "not a number with a decimal point",
        RecordFault.PatientUnknown => "refers to a patient whom nothing describes",
        RecordFault.CodeUnknown => "a code that is not mapped",
        RecordFault.DuplicateDiffers => "a record of the same identifier stands before it, with other content",
        RecordFault.ArchiveBroken => "the compressed file breaks off or is damaged; what follows cannot be read",
        RecordFault.ArchiveGrows => "the compressed file unpacks to more than is allowed; what follows is not read",
        RecordFault.TooManyMedications => "more medications that records refer to than are kept in memory",
        _ => throw new ArgumentOutOfRangeException(nameof(fault)),
    };

    /// <summary>Why a record is no event, in words.</summary>
    public static string Sentence(this SkipReason reason) => reason switch
    {
        SkipReason.NotAnEvent => "did not happen, or not yet, by their own status",
        SkipReason.KindNotKept => "of a kind that the store does not keep",
        _ => throw new ArgumentOutOfRangeException(nameof(reason)),
    };

    /// <summary>What cannot be used, in words.</summary>
    public static string Sentence(this RecordNote note) => note switch
    {
        RecordNote.EncounterUnknown => "refers to an encounter that nothing describes; kept without it",
        RecordNote.AvailabilityUnknown => "no rule says when it became available; no feature uses it",
        RecordNote.Duplicate => "the same record stands before it, with the same content; taken once",
        RecordNote.Bound => "the number is a bound; no aggregate of numbers uses it",
        RecordNote.EndsBeforeItBegins => "ends before it begins; kept without end",
        RecordNote.MedicationUnknown => "refers to a medication that nothing describes, or that has no code; kept under the reference",
        _ => throw new ArgumentOutOfRangeException(nameof(note)),
    };
}
