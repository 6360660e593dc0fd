using System.ComponentModel;

namespace FederatedClinicalMl.Cli;

/// <summary>How fcml ends. The numbers are a contract with scripts: docs/reference/exit-codes.md lists them, and a test holds the two together.</summary>
internal enum ExitCode
{
    [Description("Done.")]
    Success = 0,

    [Description("A fault in fcml itself; the message names the log file that has the details.")]
    InternalFault = 1,

    [Description("The command line was not understood, or a file that it names is missing or unreadable.")]
    Usage = 2,

    [Description("A study protocol, a feature definition or a data set has faults; each was printed.")]
    InvalidInput = 3,

    [Description("Something that was checked does not hold: a broken audit chain, a model file with another digest, a replay that differs, an audit that breaks a privacy claim, a version that may be worse than the one in production.")]
    NotVerified = 4,

    [Description("The coordinator refused: role, unknown name, wrong state. The message carries its fault code.")]
    Refused = 5,

    [Description("The coordinator could not be reached, or is not the one that this identity was enrolled with.")]
    Unreachable = 6,

    [Description("The run ended without a model: it failed or was cancelled.")]
    RunWithoutModel = 7,

    [Description("A process that fcml started ended before its time; the message names its log file.")]
    ChildEnded = 8,

    [Description("A chaos schedule broke a promise; the message names the seed that replays it.")]
    PromiseBroken = 9,

    [Description("Interrupted by Ctrl+C or SIGTERM; everything that fcml had started was ended.")]
    Interrupted = 130,
}
