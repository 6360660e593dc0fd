using System.Collections.Immutable;

namespace FederatedClinicalMl.Studies;

/// <summary>A feature over clinical events, checked and immutable. A changed definition is a new version; an old one stays computable.</summary>
/// <param name="Name">By the rule of <see cref="Studies.Name"/>.</param>
/// <param name="Version">From 1.</param>
/// <param name="Title">One line for people.</param>
/// <param name="Meaning">What it means clinically, and what it does not.</param>
/// <param name="Owner">Who answers for it.</param>
/// <param name="Value">How it is computed.</param>
/// <param name="Digest">SHA-256 of its canonical form.</param>
public sealed record FeatureDefinition(string Name, int Version, string Title, string Meaning, string Owner, FeatureValue Value, Sha256Digest Digest)
{
    /// <summary>As studies refer to it: <c>name@version</c>.</summary>
    public string Reference => FeatureReference.Write(Name, Version);
}

/// <summary>What kinds of events count.</summary>
public enum EventType
{
    /// <summary>Diagnoses and problems.</summary>
    Condition,

    /// <summary>Measurements, vital signs, answers.</summary>
    Observation,

    /// <summary>Medications, ordered or given.</summary>
    Medication,

    /// <summary>Procedures.</summary>
    Procedure,

    /// <summary>Stays and visits.</summary>
    Encounter,

    /// <summary>Death.</summary>
    Death,
}

/// <summary>Which events count.</summary>
/// <param name="Of">Kinds.</param>
/// <param name="Codes">Codes, of which one must be among the event's; empty: any.</param>
public sealed record EventSelection(ImmutableArray<EventType> Of, ImmutableArray<StudyCode> Codes);

/// <summary>The time before the prediction that counts: (prediction - <paramref name="From"/>, prediction - <paramref name="To"/>].</summary>
/// <param name="From">How long before; null: ever.</param>
/// <param name="To">Until how long before.</param>
public sealed record EventWindow(TimeSpan? From, TimeSpan To);

/// <summary>What is made of the numbers in the window.</summary>
public enum Aggregate
{
    /// <summary>The latest.</summary>
    Last,

    /// <summary>The earliest.</summary>
    First,

    /// <summary>Arithmetic mean.</summary>
    Mean,

    /// <summary>Least.</summary>
    Minimum,

    /// <summary>Greatest.</summary>
    Maximum,

    /// <summary>Sample standard deviation (n - 1), of at least two.</summary>
    StandardDeviation,

    /// <summary>Slope of the least-squares line over time, per day, of at least two at different times.</summary>
    Slope,
}

/// <summary>How a feature is computed from a patient's events.</summary>
public abstract record FeatureValue
{
    private protected FeatureValue()
    {
    }
}

/// <summary>An aggregate of numbers.</summary>
/// <param name="Events">Which events.</param>
/// <param name="Window">When.</param>
/// <param name="Aggregate">What is made of them.</param>
/// <param name="Unit">UCUM unit into which every number is converted.</param>
/// <param name="Minimum">Least plausible number, in the unit; numbers outside are not used, and counted.</param>
/// <param name="Maximum">Greatest plausible number.</param>
/// <param name="MolarMass">g/mol, by which mass and substance are converted into each other; null: such conversions are refused.</param>
/// <param name="Conversion">Named rule that is allowed besides factors; null: none.</param>
public sealed record NumberValue(
    EventSelection Events, EventWindow Window, Aggregate Aggregate, string Unit, double Minimum, double Maximum, double? MolarMass, string? Conversion) : FeatureValue;

/// <summary>How many events; never missing.</summary>
/// <param name="Events">Which events.</param>
/// <param name="Window">When.</param>
public sealed record CountValue(EventSelection Events, EventWindow Window) : FeatureValue;

/// <summary>1 where there is an event, else 0; never missing.</summary>
/// <param name="Events">Which events.</param>
/// <param name="Window">When.</param>
public sealed record EverValue(EventSelection Events, EventWindow Window) : FeatureValue;

/// <summary>Days from the latest event to the prediction; missing where there is none.</summary>
/// <param name="Events">Which events.</param>
/// <param name="Window">When.</param>
public sealed record TimeSinceValue(EventSelection Events, EventWindow Window) : FeatureValue;

/// <summary>The level of the latest coded value; missing where there is none, or none of a level.</summary>
/// <param name="Events">Which events.</param>
/// <param name="Window">When.</param>
/// <param name="Levels">The levels, and the codes of the value that mean each.</param>
public sealed record CodedValue(EventSelection Events, EventWindow Window, ImmutableArray<CodedLevel> Levels) : FeatureValue;

/// <summary>A level of a coded value.</summary>
/// <param name="Level">The number that stands for it.</param>
/// <param name="Codes">The codes that mean it.</param>
public sealed record CodedLevel(double Level, ImmutableArray<StudyCode> Codes);

/// <summary>Completed years from birth to the prediction, by the hospital's calendar.</summary>
public sealed record AgeValue : FeatureValue;

/// <summary>1 male, 0 female; missing for anything else.</summary>
public sealed record SexValue : FeatureValue;

/// <summary>The National Early Warning Score 2 (Royal College of Physicians 2017) of the latest complete set of vital signs in the window.</summary>
/// <param name="Window">When.</param>
public sealed record News2Value(EventWindow Window) : FeatureValue;
