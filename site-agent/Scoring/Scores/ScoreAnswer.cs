using System.Collections.Immutable;
using System.ComponentModel;
using System.Text.Json.Serialization;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>The answer for one patient.</summary>
internal sealed record ScoreAnswer
{
    [Description("Names this answer, for the outcome that comes later.")]
    public required string Prediction { get; init; }

    /// <summary>What the model came to; null: none answered.</summary>
    [JsonIgnore]
    public ModelScore? Given { get; init; }

    [Description("Probability of a positive outcome, from 0 to 1; null where there is no score, and where that model predicts a number.")]
    public double? Score => Given is { IsNone: false, IsNumber: false } given ? given.Value : null;

    [Description("The number that is predicted, in 'unit'; null where there is no score, and where that model predicts whether an outcome is positive.")]
    public double? Value => Given is { IsNone: false, IsNumber: true } given ? given.Value : null;

    [Description("UCUM unit of 'value', '1' where it has none; null with it.")]
    public string? Unit => Value is null ? null : Given!.Value.Unit;

    [Description("Name of the greatest operating point of that model's study that the score reaches; null where it reaches none, and where a number is predicted.")]
    public string? OperatingPoint => Reached?.Name;

    /// <summary>That operating point.</summary>
    [JsonIgnore]
    public StudyOperatingPoint? Reached { get; init; }

    [Description("Version of the model that answered; null where none did.")]
    public string? Version { get; init; }

    [Description("SHA-256 of that model's manifest: its entry in the registry.")]
    public string? Model { get; init; }

    [Description("Why this version: production, canary, ab, blue-green or fallback.")]
    public string? Mode { get; init; }

    [Description("Features of that version that had no value.")]
    public ImmutableArray<string> Missing { get; init; } = [];

    [Description("Features whose value is outside of the declared range, or no declared level, and so counted as missing.")]
    public ImmutableArray<string> Implausible { get; init; } = [];

    [Description("Entries of the Bundle that could not be read.")]
    public int RefusedEntries { get; init; }

    [Description("Why there is no score; null where there is one.")]
    public NoScore? Reason { get; init; }
}

/// <summary>The answers to a call with rows.</summary>
/// <param name="Answers">One for each row, in their order.</param>
internal sealed record ScoreAnswers(ImmutableArray<ScoreAnswer> Answers);
