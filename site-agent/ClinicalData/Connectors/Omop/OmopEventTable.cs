namespace FederatedClinicalMl.ClinicalData;

/// <summary>A table of what happened to patients, in a visit or without one. These tables differ in the prefix of their columns, and in what some have more.</summary>
internal sealed class OmopEventTable : OmopTable
{
    private OmopEventTable(string name, string prefix, EventKind kind, string time, string? end)
        : base(name)
    {
        Kind = kind;
        (Id, Person, Visit) = (Column($"{name}_id"), Column("person_id"), Column("visit_occurrence_id"));
        (Concept, SourceConcept, SourceValue) = (Column($"{prefix}_concept_id"), Column($"{prefix}_source_concept_id"), Column($"{prefix}_source_value"));
        (Time, End) = (Moment(time), end is null ? null : Moment(end));
        LocalSystem = $"urn:omop:source:{name}";
    }

    public EventKind Kind { get; }

    /// <summary>System of the site's own codes in this table, which are in no vocabulary.</summary>
    public string LocalSystem { get; }

    public OmopColumn Id { get; }

    public OmopColumn Person { get; }

    public OmopColumn Visit { get; }

    public OmopColumn Concept { get; }

    public OmopColumn SourceConcept { get; }

    public OmopColumn SourceValue { get; }

    public OmopMoment Time { get; }

    public OmopMoment? End { get; }

    /// <summary>How a drug's exposure is known: ordered, dispensed, given.</summary>
    public OmopColumn? Type { get; private set; }

    /// <summary>The value's columns, where the table has values.</summary>
    public OmopValue? Value { get; private set; }

    /// <summary>The tables of a version, in the order in which they are read.</summary>
    public static IReadOnlyList<OmopEventTable> Of(OmopVersion version)
    {
        var drugs = new OmopEventTable("drug_exposure", "drug", EventKind.MedicationOrder, "drug_exposure_start", "drug_exposure_end");
        drugs.Type = drugs.Column("drug_type_concept_id");
        return
        [
            new OmopEventTable("condition_occurrence", "condition", EventKind.Condition, "condition_start", "condition_end"),
            drugs,
            new OmopEventTable("procedure_occurrence", "procedure", EventKind.Procedure, "procedure", version >= OmopVersion.V54 ? "procedure_end" : null),
            new OmopEventTable("measurement", "measurement", EventKind.Observation, "measurement", null).WithValue(hasOperator: true),
            new OmopEventTable("observation", "observation", EventKind.Observation, "observation", null).WithValue(hasOperator: false),
        ];
    }

    private OmopEventTable WithValue(bool hasOperator)
    {
        Value = new OmopValue(
            Column("value_as_number"), Column("value_as_concept_id"), Column("unit_concept_id"), Column("unit_source_value"),
            hasOperator ? Column("operator_concept_id") : null);
        return this;
    }
}

/// <summary>Columns of a value.</summary>
internal sealed record OmopValue(OmopColumn Number, OmopColumn Concept, OmopColumn Unit, OmopColumn UnitText, OmopColumn? Operator);
