using System.Collections.Immutable;
using System.Text.Json;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>Reads calls that tell outcomes, as strictly as <see cref="ScoreReader"/>.</summary>
internal static class OutcomeReader
{
    private const int Most = 10_000;
    private const int LongestId = 64;

    /// <exception cref="CallRefusedException">The call is something else.</exception>
    public static ImmutableArray<ToldOutcome> Read(JsonElement root)
    {
        ScoreReader.Object(root, "The call");
        return root.TryGetProperty("outcomes", out var list) && root.GetPropertyCount() == 1 && list.ValueKind == JsonValueKind.Array && list.GetArrayLength() is > 0 and <= Most
            ? [.. list.EnumerateArray().Select(One)] : throw Refused($"The call must have the field 'outcomes' and no other: a list of 1 to {Most} outcomes.");
    }

    private static ToldOutcome One(JsonElement item)
    {
        ScoreReader.Object(item, "Every outcome");
        var prediction = item.TryGetProperty("prediction", out var id) && id.ValueKind != JsonValueKind.Null ? ScoreReader.Text(item, "prediction", LongestId) : null;
        var at = ScoreReader.Moment(item, "at");
        if (prediction is null == at is null)
            throw Refused("An outcome must have either 'prediction' or 'at'.");
        if (!item.TryGetProperty("outcome", out var outcome) || outcome.ValueKind != JsonValueKind.Number || !outcome.TryGetDouble(out var value) || !double.IsFinite(value))
            throw Refused("'outcome' must be 0 or 1, or where a number is predicted a number.");
        if (item.EnumerateObject().Any(field => field.Name is not ("patient" or "prediction" or "at" or "outcome")))
            throw Refused("An outcome has a field that is not known. Known: patient, prediction, at, outcome.");
        return new ToldOutcome(ScoreReader.Patient(item), prediction, at, value);
    }

    private static CallRefusedException Refused(string message) => new(StatusCodes.Status400BadRequest, message);
}
