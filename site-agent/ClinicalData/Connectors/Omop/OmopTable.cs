namespace FederatedClinicalMl.ClinicalData;

/// <summary>A column that is read.</summary>
/// <param name="Place">Its place among the columns of its table that are read.</param>
/// <param name="Name">Its name in the model.</param>
/// <param name="Element">Its name with its table's, for faults.</param>
/// <param name="IsOptional">Whether it may be absent, which is as if it were empty.</param>
internal sealed record OmopColumn(int Place, string Name, string Element, bool IsOptional) : Field(Place, Element);

/// <summary>A moment in two columns. The second, which only some sites fill, goes before the first.</summary>
internal sealed record OmopMoment(OmopColumn Date, OmopColumn DateAndTime);

/// <summary>A table of the model, with the columns that are read.</summary>
internal abstract class OmopTable(string name)
{
    private readonly List<OmopColumn> _columns = [];

    /// <summary>Its name in the model.</summary>
    public string Name => name;

    /// <summary>Its columns that are read.</summary>
    public IReadOnlyList<OmopColumn> Columns => _columns;

    protected OmopColumn Column(string column, bool isOptional = false)
    {
        var made = new OmopColumn(_columns.Count, column, $"{name}.{column}", isOptional);
        _columns.Add(made);
        return made;
    }

    protected OmopMoment Moment(string prefix) => new(Column($"{prefix}_date"), Column($"{prefix}_datetime", isOptional: true));
}

/// <summary>Which version of the model it is.</summary>
internal sealed class CdmSourceTable : OmopTable
{
    public CdmSourceTable()
        : base("cdm_source") => Version = Column("cdm_version");

    public OmopColumn Version { get; }
}

/// <summary>What concepts mean.</summary>
internal sealed class ConceptTable : OmopTable
{
    public ConceptTable()
        : base("concept") => (Id, Vocabulary, Code) = (Column("concept_id"), Column("vocabulary_id"), Column("concept_code"));

    public OmopColumn Id { get; }

    public OmopColumn Vocabulary { get; }

    public OmopColumn Code { get; }
}

/// <summary>The patients.</summary>
internal sealed class PersonTable : OmopTable
{
    public PersonTable()
        : base("person")
    {
        (Id, SourceValue, Gender) = (Column("person_id"), Column("person_source_value"), Column("gender_concept_id"));
        (Year, Month, Day) = (Column("year_of_birth"), Column("month_of_birth"), Column("day_of_birth"));
        Birth = Column("birth_datetime", isOptional: true);
    }

    public OmopColumn Id { get; }

    public OmopColumn SourceValue { get; }

    public OmopColumn Gender { get; }

    public OmopColumn Year { get; }

    public OmopColumn Month { get; }

    public OmopColumn Day { get; }

    public OmopColumn Birth { get; }
}

/// <summary>Who died, at most once each.</summary>
internal sealed class DeathTable : OmopTable
{
    public DeathTable()
        : base("death") => (Person, Time) = (Column("person_id"), Moment("death"));

    public OmopColumn Person { get; }

    public OmopMoment Time { get; }
}

/// <summary>The encounters.</summary>
internal sealed class VisitTable : OmopTable
{
    public VisitTable()
        : base("visit_occurrence")
    {
        (Id, Person, Concept) = (Column("visit_occurrence_id"), Column("person_id"), Column("visit_concept_id"));
        (Time, End, CareSite) = (Moment("visit_start"), Moment("visit_end"), Column("care_site_id"));
    }

    public OmopColumn Id { get; }

    public OmopColumn Person { get; }

    public OmopColumn Concept { get; }

    public OmopMoment Time { get; }

    public OmopMoment End { get; }

    public OmopColumn CareSite { get; }
}
