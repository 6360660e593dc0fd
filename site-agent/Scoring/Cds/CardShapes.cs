using System.Collections.Immutable;
using System.ComponentModel;
using System.Text.Json;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>What is served: CDS Hooks 2.0 (HL7), "Discovery".</summary>
/// <param name="Services">One for each line whose features can be computed of FHIR resources.</param>
internal sealed record CardServices(ImmutableArray<CardService> Services);

/// <summary>A service.</summary>
/// <param name="Hook">patient-view.</param>
/// <param name="Title">For people.</param>
/// <param name="Description">For people.</param>
/// <param name="Id">The line's name.</param>
/// <param name="Prefetch">What the EHR is to send along.</param>
internal sealed record CardService(string Hook, string Title, string Description, string Id, ImmutableSortedDictionary<string, string> Prefetch);

/// <summary>The answer to a hook.</summary>
/// <param name="Cards">One card.</param>
internal sealed record CardAnswer(ImmutableArray<Card> Cards);

/// <summary>A card.</summary>
/// <param name="Uuid">Names it, for feedback; follows from the prediction's id.</param>
/// <param name="Summary">Up to 140 characters.</param>
/// <param name="Detail">Markdown.</param>
/// <param name="Indicator">info, warning or critical: that of the greatest operating point of the study that the score reaches; info where it reaches none, or there is no score.</param>
/// <param name="Source">Where it comes from.</param>
internal sealed record Card(string Uuid, string Summary, string Detail, string Indicator, CardSource Source);

/// <summary>Where a card comes from.</summary>
/// <param name="Label">Line and version.</param>
internal sealed record CardSource(string Label);

/// <summary>A hook's call, as the OpenAPI document describes it.</summary>
internal sealed record HookCall
{
    [Description("patient-view.")]
    public required string Hook { get; init; }

    [Description("A UUID of this call.")]
    public required string HookInstance { get; init; }

    [Description("With 'patientId', from which a pseudonym is made: the identifier itself is kept nowhere.")]
    public required JsonElement Context { get; init; }

    [Description("The resources that discovery asks for: a Patient, and Bundles.")]
    public JsonElement? Prefetch { get; init; }
}

/// <summary>Feedback to cards, as the OpenAPI document describes it.</summary>
internal sealed record FeedbackCall
{
    [Description("Items with 'card' (its uuid), 'outcome' (accepted or overridden) and 'outcomeTimestamp'.")]
    public required IReadOnlyList<JsonElement> Feedback { get; init; }
}
