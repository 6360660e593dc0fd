using FederatedClinicalMl.Learning;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>What the program logs for its operators: names of lines, versions, files and clients, closed words, counts. Never a value, an identifier or a word of a patient or of a clinician.</summary>
internal static partial class ScoringLog
{
    [LoggerMessage(6001, LogLevel.Information, "Scoring at the site {Site} is ready on {Address}: {Lines} lines, {Clients} clients and {Ehrs} EHRs may call")]
    public static partial void Ready(this ILogger log, string site, string address, int lines, int clients, int ehrs);

    [LoggerMessage(6002, LogLevel.Information, "The shelf of {Written} is in use: {Lines} lines, {Models} models")]
    public static partial void ShelfInUse(this ILogger log, string written, int lines, int models);

    [LoggerMessage(6003, LogLevel.Error, "The shelf cannot be used, and what was in use before still is: {Why}")]
    public static partial void ShelfRefused(this ILogger log, string why);

    [LoggerMessage(6004, LogLevel.Error, "The model {Model} of {Line} {Version} is not used: {Why}")]
    public static partial void ModelRefused(this ILogger log, string model, string line, ModelVersion version, string why);

    [LoggerMessage(6005, LogLevel.Warning, "{Line} {Version} was taken out of use at this site: {Reason}")]
    public static partial void Withdrawn(this ILogger log, string line, ModelVersion version, string reason);

    [LoggerMessage(6006, LogLevel.Error, "That {Line} {Version} was taken out of use could not be written down: {Why} It stays out of use until this program ends.")]
    public static partial void NotWrittenDown(this ILogger log, string line, ModelVersion version, string why);

    [LoggerMessage(6007, LogLevel.Warning, "{Line} was stopped at this site by {Client}; nothing of it answers until 'site-scoring resume {LineAgain}'")]
    public static partial void Stopped(this ILogger log, string line, string client, string lineAgain);

    [LoggerMessage(6008, LogLevel.Information, "{Line} is in use again at this site")]
    public static partial void Resumed(this ILogger log, string line);

    [LoggerMessage(6009, LogLevel.Error, "{Line} {Version} failed to run; its circuit is {Circuit}")]
    public static partial void RunFailed(this ILogger log, string line, ModelVersion version, string circuit);

    [LoggerMessage(6010, LogLevel.Error, "The log of predictions cannot be written: {Why} Nothing is answered that would not fit in memory until it can.")]
    public static partial void PredictionsNotWritten(this ILogger log, string why);

    [LoggerMessage(6011, LogLevel.Information, "Deleted the predictions of {Day}: kept for {Days} days")]
    public static partial void PredictionsDeleted(this ILogger log, string day, int days);

    [LoggerMessage(6012, LogLevel.Warning, "{Count} rows were not scored in the shadow in the last minute: more came than could be")]
    public static partial void ShadowDropped(this ILogger log, long count);

    [LoggerMessage(6013, LogLevel.Error, "A report of {Day} could not be written: {Why}")]
    public static partial void ReportNotWritten(this ILogger log, string day, string why);

    [LoggerMessage(6014, LogLevel.Warning, "The key of the predictions lies beside them, in {File}: whoever copies this folder can read them. Hand it over as a systemd credential: docs/how-to/hospital.md.")]
    public static partial void KeyBesideData(this ILogger log, string file);

    [LoggerMessage(6015, LogLevel.Error, "clients.yaml cannot be used, and who could call before still can: {Why}")]
    public static partial void ClientsRefused(this ILogger log, string why);

    [LoggerMessage(6016, LogLevel.Error, "What a batch did is not in the reports: {Why}")]
    public static partial void BatchNotCounted(this ILogger log, string why);
}
