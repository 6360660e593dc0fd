using System.Text.Json.Nodes;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>
/// The participation record of a round: who was asked, who took part with which release and weight, who did not and why, for every
/// attempt at every step. Made from journaled events alone, and signed by the coordinator.
/// </summary>
public static class RoundRecord
{
    /// <summary>How times are written.</summary>
    internal const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    /// <summary>The record of a round, as canonical JSON.</summary>
    /// <param name="state">A state in which the round is over.</param>
    /// <param name="round">The round.</param>
    public static byte[] Write(RunState state, RoundNumber round)
    {
        ArgumentNullException.ThrowIfNull(state);
        var record = new JsonObject
        {
            ["format"] = 1,
            ["run"] = state.Plan.Run.Value,
            ["study"] = state.Plan.Study.ToString(),
            ["round"] = round.Value,
            ["quorum"] = state.Plan.Quorum,
            ["required"] = Array(state.Plan.Required, site => site.Value),
            ["steps"] = Array(state.History.Where(step => step.Id.Round == round), Step),
        };
        if (state.HeldBack.Find(held => held.Round == round) is { } back)
        {
            record["heldBack"] = new JsonObject
            {
                ["kept"] = back.Kept.Value,
                ["parameters"] = back.Parameters.ToString(),
                ["metrics"] = back.Metrics?.ToString(),
            };
        }

        if (state.Plan.Renewals is { } renewals)
            record["renewals"] = CanonicalJson.Read(System.Text.Encoding.UTF8.GetBytes(renewals));
        return CanonicalJson.Write(record);
    }

    /// <summary>The event that puts the signed record of a round into the journal.</summary>
    internal static RoundRecorded Sign(RunState state, RoundNumber round, DateTimeOffset at, SigningKey key)
    {
        var record = Write(state, round);
        return new RoundRecorded(
            at, round, System.Text.Encoding.UTF8.GetString(record), Convert.ToBase64String(key.Sign(SignatureContext.RoundRecord, record)));
    }

    private static JsonObject Step(EndedStep step)
    {
        var record = new JsonObject
        {
            ["step"] = step.Id.ToString(),
            ["opened"] = Time(step.Opened),
            ["ended"] = Time(step.Ended),
            ["invited"] = Array(step.Sites.Keys, site => site.Value),
            ["participants"] = Array(step.Participants, site => Participant(site, (AcceptedAnswer)step.Sites[site])),
            ["absent"] = Array(step.Sites.Where(site => !step.Participants.Contains(site.Key)), site => new JsonObject
            {
                ["site"] = site.Key.Value,
                ["why"] = Why(site.Value),
            }),
            ["result"] = step.Result?.ToString(),
            ["reason"] = step.Reason,
        };
        if (step.Sum is { } sum)
            record["sum"] = sum.ToString();
        return record;
    }

    private static JsonObject Participant(SiteId site, AcceptedAnswer answer) => new()
    {
        ["site"] = site.Value,
        ["release"] = answer.Release.ToString(),
        ["weight"] = answer.Weight,
        ["data"] = answer.Origin.Data?.ToString(),
        ["software"] = answer.Origin.Software,
        ["capability"] = answer.Origin.Capability,
        ["minimumCell"] = answer.Origin.MinimumCell,
    };

    /// <summary>Why a site did not take part.</summary>
    internal static string Why(SiteAnswer answer) => answer switch
    {
        DeclinedAnswer declined => $"declined: {declined.Reason}",
        RefusedAnswer refused => $"refused: {RoundFaults.Code(refused.Fault)}",
        LeftAnswer left => $"left: {left.Reason}",
        AcceptedAnswer => "the attempt came to nothing",
        _ => "no answer",
    };

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString(TimeFormat, System.Globalization.CultureInfo.InvariantCulture);

    private static JsonArray Array<T>(IEnumerable<T> items, Func<T, JsonNode?> write) => new([.. items.Select(write)]);
}
