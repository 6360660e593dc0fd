namespace FederatedClinicalMl.SiteAgent.StewardConsole;

/// <summary>What the console logs, on standard error. Decisions are in the worker's log; no text of a study, a note or the worker's answers is here.</summary>
internal static partial class ConsoleLog
{
    [LoggerMessage(7001, LogLevel.Information, "{Steward} signed in by a link")]
    public static partial void SignedIn(this ILogger log, string steward);

    [LoggerMessage(7002, LogLevel.Warning, "A link was refused: used before, expired, or made up")]
    public static partial void LinkRefused(this ILogger log);

    [LoggerMessage(7003, LogLevel.Warning, "A request was refused: {Why}")]
    public static partial void Foreign(this ILogger log, string why);
}
