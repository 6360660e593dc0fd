namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary><c>clients.yaml</c> as it is now: a key that is added or removed counts within a second, without a restart.</summary>
internal sealed class ClientFile
{
    private readonly string _path;
    private readonly ILogger _log;
    private volatile ClientKeys _present;
    private string? _fault;

    /// <summary>Reads the file.</summary>
    /// <exception cref="ScoringSetupException">It is missing or has faults.</exception>
    public ClientFile(string path, ILogger log) => (_path, _log, _present) = (path, log, ClientKeys.ReadFile(path));

    /// <summary>Who may call.</summary>
    public ClientKeys Present => _present;

    /// <summary>Reads the file again; where it has a fault, who could call before still can.</summary>
    public void Refresh()
    {
        try
        {
            _present = ClientKeys.ReadFile(_path);
            _fault = null;
        }
        catch (Exception fault) when (fault is ScoringSetupException or IOException or UnauthorizedAccessException)
        {
            if (_fault != fault.Message)
                _log.ClientsRefused(fault.Message);
            _fault = fault.Message;
        }
    }
}
