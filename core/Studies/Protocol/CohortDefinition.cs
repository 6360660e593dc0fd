using System.Collections.Immutable;

namespace FederatedClinicalMl.Studies;

/// <summary>Who is in a study over clinical events, from when on, and what is predicted.</summary>
/// <param name="Index">The event from which a row is counted.</param>
/// <param name="PredictionAfter">How long after the index the prediction is made.</param>
/// <param name="Include">What must hold, in order.</param>
/// <param name="Exclude">What must not hold, in order, after that.</param>
/// <param name="Outcome">What is predicted.</param>
public sealed record CohortDefinition(
    IndexEvent Index, TimeSpan PredictionAfter, ImmutableArray<Criterion> Include, ImmutableArray<Criterion> Exclude, Outcome Outcome)
{
    /// <summary>Names of the steps of its flow, as in a CONSORT diagram: each leaves the patients and rows that the next one begins with.</summary>
    public ImmutableArray<string> Steps =>
    [
        FlowSteps.Known, FlowSteps.NotOptedOut, FlowSteps.Indexed, FlowSteps.Alive,
        .. Include.Select(FlowSteps.Included), .. Exclude.Select(FlowSteps.Excluded),
        Labelled, FlowSteps.InAPart, FlowSteps.Complete,
    ];

    /// <summary>Name of the step that leaves the rows with a label.</summary>
    public string Labelled => Outcome.Number is null ? FlowSteps.FollowedUp : FlowSteps.Measured;
}

/// <summary>Names of the steps of a cohort's flow.</summary>
public static class FlowSteps
{
    /// <summary>Everybody of whom something is known.</summary>
    public const string Known = "patients";

    /// <summary>Less those who opted out.</summary>
    public const string NotOptedOut = "not opted out";

    /// <summary>With an index event.</summary>
    public const string Indexed = "with an index event";

    /// <summary>Not dead at the prediction.</summary>
    public const string Alive = "alive at the prediction, by what was known then";

    /// <summary>With a label.</summary>
    public const string FollowedUp = "with the outcome, or followed up to the horizon's end";

    /// <summary>With a label, where a number is predicted.</summary>
    public const string Measured = "with a plausible outcome";

    /// <summary>In the training or the test set.</summary>
    public const string InAPart = "in the training or the test set";

    /// <summary>Nothing missing that must not be.</summary>
    public const string Complete = "with every value that the study requires";

    /// <summary>Those of whom a criterion holds.</summary>
    public static string Included(Criterion criterion) => $"with: {criterion.Name}";

    /// <summary>Those of whom it does not.</summary>
    public static string Excluded(Criterion criterion) => $"without: {criterion.Name}";
}

/// <summary>The event from which a row is counted.</summary>
public abstract record IndexEvent
{
    private protected IndexEvent()
    {
    }
}

/// <summary>Which of a patient's index events make a row.</summary>
public enum Occurrence
{
    /// <summary>The first.</summary>
    First,

    /// <summary>The last.</summary>
    Last,

    /// <summary>Every one, at least the gap apart.</summary>
    Each,
}

/// <summary>Something that happened: counted from the moment at which it had happened and was known.</summary>
/// <param name="Events">Which events.</param>
/// <param name="AtEnd">Whether its end counts instead of its beginning.</param>
/// <param name="Occurrence">Which of them.</param>
/// <param name="Gap">With <see cref="Occurrence.Each"/>: least time from one to the next.</param>
public sealed record EventIndex(EventSelection Events, bool AtEnd, Occurrence Occurrence, TimeSpan Gap) : IndexEvent;

/// <summary>A birthday.</summary>
/// <param name="Years">Which.</param>
public sealed record AgeIndex(int Years) : IndexEvent;

/// <summary>The end of one day, by the hospital's clock.</summary>
/// <param name="Date">The day.</param>
public sealed record DateIndex(DateOnly Date) : IndexEvent;

/// <summary>Something that holds for a row or does not, by what was known at its prediction.</summary>
/// <param name="Name">What the flow table calls it.</param>
public abstract record Criterion(string Name);

/// <summary>Completed years in [<paramref name="From"/>, <paramref name="Below"/>).</summary>
/// <param name="Name">What the flow table calls it.</param>
/// <param name="From">Least.</param>
/// <param name="Below">Above the greatest.</param>
public sealed record AgeCriterion(string Name, double From, double Below) : Criterion(Name);

/// <summary>Sex.</summary>
/// <param name="Name">What the flow table calls it.</param>
/// <param name="Male">Male, or female.</param>
public sealed record SexCriterion(string Name, bool Male) : Criterion(Name);

/// <summary>There is an event.</summary>
/// <param name="Name">What the flow table calls it.</param>
/// <param name="Events">Which events.</param>
/// <param name="Window">When.</param>
public sealed record EventsCriterion(string Name, EventSelection Events, EventWindow Window) : Criterion(Name);

/// <summary>The patient's first event lies at least so long before the prediction.</summary>
/// <param name="Name">What the flow table calls it.</param>
/// <param name="AtLeast">How long.</param>
public sealed record HistoryCriterion(string Name, TimeSpan AtLeast) : Criterion(Name);

/// <summary>What is predicted: an event in (prediction + <paramref name="After"/>, prediction + <paramref name="Within"/>].</summary>
/// <param name="Name">Its name.</param>
/// <param name="Events">Which events.</param>
/// <param name="After">When the horizon begins.</param>
/// <param name="Within">When it ends.</param>
/// <param name="FollowUpRequired">Whether a row without the outcome is left out where nothing is known of the patient at or after the horizon's end.</param>
public sealed record Outcome(string Name, EventSelection Events, TimeSpan After, TimeSpan Within, bool FollowUpRequired)
{
    /// <summary>Where a number is predicted, how it is made of the events in the horizon, whose window takes the place of its own: a <see cref="NumberValue"/> or a <see cref="CountValue"/>; null: whether there is one is predicted.</summary>
    public FeatureValue? Number { get; init; }
}
