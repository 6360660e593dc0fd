namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>A call that is not answered. Its message is for whoever calls, and holds nothing that they sent.</summary>
internal sealed class CallRefusedException(int status, string message) : Exception(message)
{
    /// <summary>HTTP status.</summary>
    public int Status { get; } = status;
}
