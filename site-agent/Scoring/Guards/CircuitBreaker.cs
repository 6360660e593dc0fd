namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>
/// Keeps rows away from a session that fails: after so many failures one after the other the circuit is open and nothing passes; after a pause one row is tried (half open), which
/// closes it or opens it again. What ends late, of a row that began before the circuit opened, counts like any other.
/// </summary>
/// <param name="breakAfter">Failures one after the other.</param>
/// <param name="pause">How long it stays open.</param>
/// <param name="time">The clock.</param>
internal sealed class CircuitBreaker(int breakAfter, TimeSpan pause, TimeProvider time)
{
    private readonly Lock _gate = new(); // guards what follows
    private int _failures;
    private long? _openedAt;
    private bool _trying;

    /// <summary>Whether the circuit is open or half open.</summary>
    public bool IsOpen
    {
        get
        {
            lock (_gate)
                return _openedAt is not null;
        }
    }

    /// <summary>Whether a row may pass; whoever passes says how it ended.</summary>
    public bool TryPass()
    {
        lock (_gate)
        {
            if (_openedAt is not { } opened)
                return true;
            if (_trying || time.GetElapsedTime(opened) < pause)
                return false;
            _trying = true;
            return true;
        }
    }

    /// <summary>A row went well.</summary>
    public void Succeeded()
    {
        lock (_gate)
            (_failures, _openedAt, _trying) = (0, null, false);
    }

    /// <summary>A row failed.</summary>
    public void Failed()
    {
        lock (_gate)
        {
            _failures++;
            if (_trying || _failures >= breakAfter)
                (_openedAt, _trying) = (time.GetTimestamp(), false);
        }
    }
}
