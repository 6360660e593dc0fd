namespace FederatedClinicalMl.SiteAgent.StewardConsole;

/// <summary>The worker refused, in its own sentence, or did not answer.</summary>
internal sealed class WorkerException(string sentence, bool isRefusal = false) : Exception(sentence)
{
    /// <summary>Whether the worker answered, and refused.</summary>
    public bool IsRefusal => isRefusal;
}
