using System.Collections.Immutable;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>What is read of a table of an OMOP database: what a copy of it must hold, and no more.</summary>
/// <param name="Name">Its name in the model.</param>
/// <param name="Columns">Columns that must be there.</param>
/// <param name="OptionalColumns">Columns of times, which may be absent.</param>
/// <param name="IsNeeded">Whether nothing can be read without the table.</param>
/// <param name="Dated">The date before which rows are of no interest to who wants a period only; null: the table is wanted whole.</param>
public sealed record OmopTableLayout(string Name, ImmutableArray<string> Columns, ImmutableArray<string> OptionalColumns, bool IsNeeded, string? Dated)
{
    /// <summary>The tables of a version, in the order in which they are read; before them <c>cdm_source</c>, which says the version.</summary>
    public static ImmutableArray<OmopTableLayout> Of(OmopVersion version)
    {
        var visit = new VisitTable();
        return
        [
            From(new CdmSourceTable(), isNeeded: false, null),
            From(new ConceptTable(), isNeeded: true, null),
            From(new PersonTable(), isNeeded: true, null),
            From(visit, isNeeded: false, visit.End.Date.Name), // what happens in a period may be in a visit that began before it
            From(new DeathTable(), isNeeded: false, null),
            .. OmopEventTable.Of(version).Select(table => From(table, isNeeded: false, table.Time.Date.Name)),
        ];
    }

    private static OmopTableLayout From(OmopTable table, bool isNeeded, string? dated) => new(
        table.Name,
        [.. table.Columns.Where(column => !column.IsOptional).Select(column => column.Name)],
        [.. table.Columns.Where(column => column.IsOptional).Select(column => column.Name)],
        isNeeded, dated);
}
