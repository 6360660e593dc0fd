namespace FederatedClinicalMl.Cli.Simulation;

/// <summary>One direction of a stream: what is sent later never arrives earlier. Different lanes overtake one another as they please.</summary>
internal sealed class Lane(Timeline time, Func<TimeSpan> delay)
{
    private DateTimeOffset _last;

    /// <summary>Has something arrive at the other end.</summary>
    public void Send(Action arrive)
    {
        var now = time.GetUtcNow();
        var at = now + delay();
        _last = at > _last ? at : _last;
        time.After(_last - now, arrive);
    }
}
