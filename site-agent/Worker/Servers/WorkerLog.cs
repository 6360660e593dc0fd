using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Protos.WorkerPort;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>What the worker logs for its operators. Ids, closed words, counts and site-written sentences; never a value of a patient.</summary>
internal static partial class WorkerLog
{
    [LoggerMessage(3001, LogLevel.Information, "The worker of site {Site} is ready: {Studies} studies, {Held} releases wait; key {Fingerprint}")]
    public static partial void Ready(this ILogger log, string site, int studies, int held, string fingerprint);

    [LoggerMessage(3002, LogLevel.Warning, "Account separation off: the gateway's account is this worker's own (uid {Uid}). Give each its own account and set gateway-uid in worker.yaml.")]
    public static partial void AccountSeparationOff(this ILogger log, uint uid);

    [LoggerMessage(3003, LogLevel.Warning, "Refused a connection to {Socket} from uid {Uid}, which is not allowed there")]
    public static partial void PeerRefused(this ILogger log, string socket, uint uid);

    [LoggerMessage(3004, LogLevel.Warning, "Declined run {Run}, round {Round}, {Kind}, attempt {Attempt}: {Reason}. {Sentence}")]
    public static partial void Declined(this ILogger log, string run, uint round, StepOrder.Types.Kind kind, uint attempt, Reason reason, string sentence);

    [LoggerMessage(3005, LogLevel.Information, "Released {File}, {Length} bytes")]
    public static partial void Released(this ILogger log, string file, ulong length);

    [LoggerMessage(3006, LogLevel.Critical, "The log is broken, so nothing is done: {Fault}")]
    public static partial void LogBroken(this ILogger log, string fault);

    [LoggerMessage(3007, LogLevel.Warning, "policy.yaml:{Fault}. Nothing is allowed until it is mended.")]
    public static partial void PolicyFault(this ILogger log, ConfigurationFault fault);

    [LoggerMessage(3009, LogLevel.Warning, "Drift in the study {Study}: {Alarms}. 'site-worker drift check' shows the whole check.")]
    public static partial void Drift(this ILogger log, string study, string alarms);

    [LoggerMessage(3010, LogLevel.Warning, "The key of the event stores lies beside them, in {File}: whoever copies this folder can read them. Hand it over as a systemd credential: docs/how-to/hospital.md.")]
    public static partial void StoreKeyBesideData(this ILogger log, string file);

    [LoggerMessage(3011, LogLevel.Warning, "The key of the releases that wait lies beside them, in {File}: whoever copies this folder can read them. Hand it to both services as a systemd credential: docs/how-to/hospital.md.")]
    public static partial void OutboxKeyBesideData(this ILogger log, string file);

    [LoggerMessage(3012, LogLevel.Error, "What has been kept long enough could not all be removed: {Why} It is not used any more, and removing it is tried again before each step, each day and at each start.")]
    public static partial void NotEnded(this ILogger log, string why);

    [LoggerMessage(3013, LogLevel.Warning, "Ignored in run {Run}, round {Round}, attempt {Attempt}: {Why}")]
    public static partial void StatementIgnored(this ILogger log, string run, uint round, uint attempt, string why);

    [LoggerMessage(3014, LogLevel.Warning, "Models: {Why}")]
    public static partial void ServingRefused(this ILogger log, string why);

    [LoggerMessage(3015, LogLevel.Error, "What this site's scoring has withdrawn could not be logged, and is tried again: {Why}")]
    public static partial void NotLogged(this ILogger log, string why);

    [LoggerMessage(3008, LogLevel.Information, "The gateway's pipe is {Pipe}")]
    public static partial void Pipe(this ILogger log, string pipe);
}
