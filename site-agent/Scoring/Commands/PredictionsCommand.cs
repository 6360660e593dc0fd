using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary><c>site-scoring predictions show</c>: what was said of whom, for people at the hospital, with the program running beside it or not. What it prints is PHI.</summary>
internal static class PredictionsCommand
{
    private const string DayForm = "yyyy-MM-dd";

    public static Command Create() => new("predictions", "What was predicted.") { Show() };

    private static Command Show()
    {
        var (data, json) = (CommandLine.Data(), new Option<bool>("--json") { Description = "Prints a JSON object for each, one a line." });
        var patient = new Option<string>("--patient") { Description = "Of this pseudonym alone." };
        var ehrPatient = new Option<string>("--ehr-patient") { Description = "Of the patient of this identifier in the EHR, who came by CDS Hooks: its keyed pseudonym is looked for." };
        var day = new Option<string>("--day") { Description = "Made on this day (UTC) alone, such as 2026-11-26." };
        var line = new Option<string>("--line") { Description = "Of this model alone." };
        var command = new Command("show", "Shows predictions with what came of them and what clinicians did with their cards. It is PHI.") { patient, ehrPatient, day, line, json, data };
        command.SetAction(parsed =>
        {
            Show(CommandLine.Folder(parsed, data), parsed.GetValue(patient), parsed.GetValue(ehrPatient), Day(parsed.GetValue(day)), parsed.GetValue(line), parsed.GetValue(json), Console.Out);
            return CommandLine.Done;
        });
        return command;
    }

    /// <summary>Shows predictions.</summary>
    /// <exception cref="ScoringSetupException">The log was changed, or its key is another.</exception>
    internal static void Show(ScoringFolder folder, string? patient, string? ehrPatient, DateOnly? day, string? line, bool json, TextWriter output)
    {
        var configuration = ScoringConfiguration.ReadFile(folder.Configuration);
        var key = ScoringKey.Open(folder, KeyFile.Credentials);
        var patients = new[] { patient, ehrPatient is null ? null : key.PseudonymOf(ehrPatient) }.OfType<string>().ToImmutableArray();
        try
        {
            using var log = new PredictionLog(new FileDisk(folder.Root, ownerOnly: true), key, configuration.KeepPredictionsDays);
            foreach (var shown in Find(log, patients, day, line))
                output.WriteLine(json ? Json(shown).ToJsonString() : Text(shown));
        }
        catch (InvalidDataException fault)
        {
            throw new ScoringSetupException(fault.Message);
        }
    }

    private static DateOnly? Day(string? text) =>
        text is null ? null
        : DateOnly.TryParseExact(text, DayForm, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : throw new ScoringSetupException($"'{text}' is no day such as 2026-11-26.");

    private static IEnumerable<Shown> Find(PredictionLog log, ImmutableArray<string> patients, DateOnly? day, string? line)
    {
        var found = log.Days(PredictionLog.Predictions).Where(one => day is null || one == day).SelectMany(log.Read)
            .Where(item => (patients.IsEmpty || patients.Contains(item.Patient)) && (line is null || item.Line == line));
        var outcomes = log.Days(PredictionLog.Outcomes).SelectMany(log.ReadOutcomes).DistinctBy(item => (item.Prediction, item.Model)).ToDictionary(item => (item.Prediction, item.Model));
        var feedback = log.Days(PredictionLog.Feedbacks).SelectMany(log.ReadFeedback).ToLookup(item => item.Prediction, StringComparer.Ordinal);
        foreach (var item in found)
            yield return new Shown(item, outcomes.GetValueOrDefault((item.Id, item.Model)), [.. feedback[item.Id].Where(said => said.Line == item.Line).Select(said => said.Accepted ? "accepted" : "overridden")]);
    }

    private static string Text(Shown shown)
    {
        var item = shown.Prediction;
        return $"{CanonicalTime.Write(item.Made)} {item.Line} {item.Version} ({item.Mode}) {item.Id}: patient {item.Patient} as of {CanonicalTime.Write(item.At)}: {(item.Score.IsNone ? $"no score ({item.Reason})" : item.Score.Text)}"
            + (shown.Outcome is { } outcome ? string.Create(CultureInfo.InvariantCulture, $"; came: {outcome.Came}") : "") + (shown.Feedback.IsEmpty ? "" : $"; card {string.Join(", ", shown.Feedback)}");
    }

    private static JsonObject Json(Shown shown)
    {
        var item = shown.Prediction;
        return new JsonObject
        {
            ["prediction"] = item.Id, ["made"] = CanonicalTime.Write(item.Made), ["line"] = item.Line, ["version"] = item.Version.ToString(), ["model"] = item.Model.ToString(), ["mode"] = item.Mode,
            ["patient"] = item.Patient, ["at"] = CanonicalTime.Write(item.At), ["inputs"] = item.Fingerprint,
            ["score"] = item.Score is { IsNone: false, IsNumber: false } ? item.Score.Value : null, ["value"] = item.Score is { IsNone: false, IsNumber: true } ? item.Score.Value : null, ["unit"] = item.Score.Unit,
            ["reason"] = item.Reason, ["microseconds"] = item.Elapsed.Ticks / TimeSpan.TicksPerMicrosecond, ["missing"] = item.Missing, ["implausible"] = item.Implausible,
            ["outcome"] = shown.Outcome?.Came, ["feedback"] = new JsonArray([.. shown.Feedback.Select(said => (JsonNode)said)]),
        };
    }

    private sealed record Shown(Prediction Prediction, Outcome? Outcome, ImmutableArray<string> Feedback);
}
