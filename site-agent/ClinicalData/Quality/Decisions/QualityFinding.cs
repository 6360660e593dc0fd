namespace FederatedClinicalMl.ClinicalData;

/// <summary>An event that fails a rule. It shows what one patient's record says: for the steward's eyes alone.</summary>
/// <param name="Rule">Id of the rule.</param>
/// <param name="Event">The event.</param>
/// <param name="Origin">Where its record stands.</param>
public sealed record QualityFinding(string Rule, ClinicalEvent Event, EventOrigin Origin)
{
    /// <summary>By what a decision knows it.</summary>
    public EventKey Key => new(Origin, Event.Kind, Event.Concept);
}
