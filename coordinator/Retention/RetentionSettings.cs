using System.Text.Json;
using FederatedClinicalMl.Coordinator.Storage;

namespace FederatedClinicalMl.Coordinator.Retention;

/// <summary>For how long a coordinator keeps what it may let go: what <c>retention.json</c> in the data folder holds, checked.</summary>
/// <param name="KeepRunsDays">Results of runs that made no model, from their end on.</param>
/// <param name="KeepMonitoringDays">Alerts, incidents and proposals that are over, from their last event on.</param>
public sealed record RetentionSettings(int KeepRunsDays = RetentionSettings.SevenYears, int KeepMonitoringDays = RetentionSettings.SevenYears)
{
    /// <summary>Name of the file in the data folder.</summary>
    public const string File = "retention.json";

    /// <summary>Days of seven years, two leap days among them.</summary>
    public const int SevenYears = 2557;

    private const int Most = 36_500;

    private static readonly JsonSerializerOptions s_strict = new(JsonSerializerOptions.Strict)
    {
        PropertyNamingPolicy = JsonNamingPolicy.KebabCaseLower, ReadCommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, RespectRequiredConstructorParameters = false,
    };

    /// <summary>Reads the file of a data folder; where there is none, everything is kept for seven years.</summary>
    /// <exception cref="DataFolderException">The file says something that is not understood: nothing is removed by a guess.</exception>
    public static RetentionSettings Read(string folder)
    {
        var path = Path.Combine(folder, File);
        if (!System.IO.File.Exists(path))
            return new RetentionSettings();
        try
        {
            var settings = JsonSerializer.Deserialize<RetentionSettings>(System.IO.File.ReadAllText(path), s_strict) ?? throw new JsonException("It is null.");
            return settings is { KeepRunsDays: >= 1 and <= Most, KeepMonitoringDays: >= 1 and <= Most }
                ? settings
                : throw new DataFolderException($"'{path}' cannot be used: 'keep-runs-days' and 'keep-monitoring-days' must be from 1 to {Most}.");
        }
        catch (JsonException wrong)
        {
            throw new DataFolderException($"'{path}' cannot be used: {wrong.Message} Its keys are in docs/reference/retention.md.", wrong);
        }
    }
}
