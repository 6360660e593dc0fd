using System.Collections.Immutable;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>What the files of a site's own export say: the mapping file of docs/reference/event-mapping.md, checked. Only <see cref="EventMappingReader"/> makes one.</summary>
public sealed record EventMapping
{
    internal EventMapping(ImmutableArray<MappedFile> files) => Files = files;

    /// <summary>The files, in the order in which they are read: patients, encounters, the rest.</summary>
    internal ImmutableArray<MappedFile> Files { get; }
}

/// <summary>A mapping file that was read.</summary>
/// <param name="Mapping">What it says; null where there are faults.</param>
/// <param name="Faults">Every fault, in the order of the text.</param>
public sealed record EventMappingReading(EventMapping? Mapping, ImmutableArray<ConfigurationFault> Faults);

/// <summary>One file, and what its rows say.</summary>
/// <param name="Path">Relative to the export's folder.</param>
/// <param name="Delimiter">Separator of a CSV file.</param>
/// <param name="Missing">Texts that mean: no value.</param>
/// <param name="Kind">What its rows are; <see cref="EventKind.Birth"/>: patients.</param>
/// <param name="Patient">Column of the patient's pseudonym.</param>
/// <param name="Encounter">Column of the encounter's identifier.</param>
/// <param name="Id">Column of the record's identifier; null: the whole row is.</param>
/// <param name="Time">When it happened; of patients: the birth.</param>
/// <param name="End">When it ended; of patients: the death.</param>
/// <param name="Available">When it became available, where a column says so.</param>
/// <param name="Availability">When it became available, where no column says so.</param>
/// <param name="Word">An encounter's class, or a patient's sex.</param>
/// <param name="Organisation">Column of an encounter's organisation.</param>
/// <param name="Items">What happened: one thing, or several observations.</param>
/// <param name="IsWide">Whether each item is an observation only where its own column has a value.</param>
internal sealed record MappedFile(
    string Path,
    char Delimiter,
    ImmutableArray<string> Missing,
    EventKind Kind,
    string Patient,
    string? Encounter,
    string? Id,
    MappedMoment? Time,
    MappedMoment? End,
    MappedMoment? Available,
    AvailabilityRule? Availability,
    MappedWords? Word,
    string? Organisation,
    ImmutableArray<MappedItem> Items,
    bool IsWide)
{
    /// <summary>Columns that are read, besides those of the whole row where it has no identifier.</summary>
    public IEnumerable<string> Columns
    {
        get
        {
            string?[] own = [Patient, Encounter, Id, Time?.Column, End?.Column, Available?.Column, Word?.Column, Organisation];
            return own.Concat(Items.SelectMany(item => (string?[])[item.Code.Column, item.Number, item.Value?.Column, item.Unit?.Column])).OfType<string>().Distinct();
        }
    }
}

/// <summary>A column of moments in one format; see <see cref="TextValues.TryTime"/>.</summary>
internal sealed record MappedMoment(string Column, string Format);

/// <summary>A column of words, and the codes they stand for.</summary>
internal sealed record MappedWords(string Column, ImmutableDictionary<string, string> Codes);

/// <summary>Codes of one system: in a column, or one for all rows.</summary>
internal sealed record MappedCode(string? Column, string System, string Code);

/// <summary>Units: in a column, or one for all rows.</summary>
internal sealed record MappedUnit(string? Column, string System, string Unit);

/// <summary>One thing that a row says.</summary>
internal sealed record MappedItem(MappedCode Code, string? Number, MappedCode? Value, MappedUnit? Unit);
