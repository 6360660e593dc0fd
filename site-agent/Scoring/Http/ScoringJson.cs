using System.Collections.Immutable;
using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>What is served, as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ScoreAnswer))]
[JsonSerializable(typeof(ScoreAnswers))]
[JsonSerializable(typeof(LineView))]
[JsonSerializable(typeof(LinesView))]
[JsonSerializable(typeof(HealthView))]
[JsonSerializable(typeof(JoinedView))]
[JsonSerializable(typeof(CardServices))]
[JsonSerializable(typeof(CardAnswer))]
internal sealed partial class ScoringJson : JsonSerializerContext;

/// <summary>One row of a call, as the OpenAPI document describes it; <see cref="ScoreReader"/> reads it.</summary>
internal sealed record ScoreCall
{
    [Description("The patient's pseudonym, up to 256 characters: it decides who is in a candidate's share, and stands in the log of predictions.")]
    public required string Patient { get; init; }

    [Description("As of when, with an offset; now where it is missing.")]
    public DateTimeOffset? At { get; init; }

    [Description("Values of features by name, in the units of GET /v1/models/{line}: numbers, numbers as text, or null. A feature that is not there is missing. Either this or 'bundle'.")]
    public Dictionary<string, JsonElement>? Features { get; init; }

    [Description("A FHIR R4 Bundle with one Patient and the resources about them, of which the features are computed. Either this or 'features'.")]
    public JsonElement? Bundle { get; init; }

    [Description("Instead of all others: up to so many rows as scoring.yaml allows, each with the fields above.")]
    public IReadOnlyList<ScoreCall>? Rows { get; init; }
}

/// <summary>A call to stop a line.</summary>
internal sealed record StopCall
{
    [Description("Why, up to 1000 characters. It stays in this program's folder and goes into no log and to nobody else.")]
    public required string Reason { get; init; }
}

/// <summary>A call to tell what came about.</summary>
internal sealed record OutcomesCall
{
    [Description("Up to 10,000 outcomes.")]
    public required IReadOnlyList<OutcomeCall> Outcomes { get; init; }
}

/// <summary>What came about.</summary>
internal sealed record OutcomeCall
{
    [Description("The patient's pseudonym, as in the call for the score.")]
    public required string Patient { get; init; }

    [Description("The 'prediction' of the answer. Either this or 'at'.")]
    public string? Prediction { get; init; }

    [Description("When it came about: it is joined to the patient's latest answer as of a moment at or before that. Either this or 'prediction'.")]
    public DateTimeOffset? At { get; init; }

    [Description("1: the positive outcome, 0: not. Where the version that answered predicts a number, the number that came, in the unit and the range that GET /v1/models/{line} shows.")]
    public required double Outcome { get; init; }
}

/// <summary>What became of outcomes.</summary>
/// <param name="Joined">To a prediction.</param>
/// <param name="Known">Of a prediction that has an outcome already.</param>
/// <param name="Unknown">Of none that is still kept.</param>
internal sealed record JoinedView(int Joined, int Known, int Unknown);

/// <summary>A feature that a version takes.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Unit">UCUM unit.</param>
/// <param name="Range">Least and greatest plausible value; null for a category.</param>
/// <param name="Levels">Values of a category; null for a number.</param>
/// <param name="Missing">What a missing value does: mean, value or exclude-row.</param>
internal sealed record FeatureView(string Name, string Unit, ImmutableArray<double>? Range, ImmutableArray<double>? Levels, string Missing);

/// <summary>A version at this site.</summary>
/// <param name="Role">production, fallback, or the candidate's mode.</param>
/// <param name="Version">The version.</param>
/// <param name="Model">The model's digest.</param>
/// <param name="Usable">Whether it may be used.</param>
/// <param name="Circuit">closed, or open while its session fails.</param>
/// <param name="Withdrawn">Why this site has taken it out of use, in one word; null: it has not.</param>
/// <param name="Fault">Why it could not be loaded; null: it is.</param>
/// <param name="Predicts">What it predicts; null where it is not loaded.</param>
/// <param name="Features">What it takes; empty where it is not loaded.</param>
internal sealed record VersionView(string Role, string Version, string Model, bool Usable, string Circuit, string? Withdrawn, string? Fault, PredictedView? Predicts, ImmutableArray<FeatureView> Features);

/// <summary>What a version predicts.</summary>
/// <param name="Outcome">The outcome's name.</param>
/// <param name="Unit">UCUM unit of the number that is predicted; null: whether the outcome is positive is predicted.</param>
/// <param name="Range">Least and greatest plausible number; null with the unit.</param>
internal sealed record PredictedView(string Outcome, string? Unit, ImmutableArray<double>? Range);

/// <summary>A line at this site.</summary>
/// <param name="Line">Its name.</param>
/// <param name="Answers">Whether somebody would be answered.</param>
/// <param name="Reason">Why nobody would be.</param>
/// <param name="Percent">The candidate's share.</param>
/// <param name="Versions">Its versions.</param>
internal sealed record LineView(string Line, bool Answers, NoScore? Reason, int Percent, ImmutableArray<VersionView> Versions);

/// <summary>All lines.</summary>
/// <param name="Models">Each line, by name.</param>
internal sealed record LinesView(ImmutableArray<LineView> Models);

/// <summary>How this program is.</summary>
/// <param name="Ready">Whether it can answer.</param>
/// <param name="Faults">Why it cannot.</param>
/// <param name="Models">Each line, and why it has no score; without features.</param>
internal sealed record HealthView(bool Ready, ImmutableArray<string> Faults, ImmutableArray<LineView> Models);
