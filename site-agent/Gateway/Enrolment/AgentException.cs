namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>A fault that a person has to mend. The message says what, where and how.</summary>
/// <param name="code">Stable name of the fault, e.g. INVITATION_EXPIRED; see docs/reference/faults.md.</param>
/// <param name="message">One or two sentences, fit to be printed as they are.</param>
/// <param name="cause">What was caught, for the log.</param>
public sealed class AgentException(string code, string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>Stable name of the fault.</summary>
    public string Code { get; } = code;
}
