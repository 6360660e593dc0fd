namespace FederatedClinicalMl.ClinicalData;

/// <summary>How events of a store name what they say: all that terminology asks of an event.</summary>
/// <param name="Kind">What kind of event.</param>
/// <param name="Concept">Ordinal of its code; -1: none.</param>
/// <param name="Value">Ordinal of an observation's coded value; -1: none.</param>
/// <param name="HasNumber">Whether it has a number.</param>
/// <param name="Unit">Ordinal of the number's unit; -1: none.</param>
public readonly record struct ConceptUse(EventKind Kind, int Concept, int Value, bool HasNumber, int Unit);
