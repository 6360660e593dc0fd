namespace FederatedClinicalMl.Cli.Simulation;

/// <summary>Virtual time: what is due next happens next, on one thread, as fast as the machine goes. What is due at one moment happens in the order in which it was asked for.</summary>
internal sealed class Timeline : TimeProvider
{
    private readonly PriorityQueue<Action, (DateTimeOffset At, long Order)> _due = new();
    private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private long _order;

    /// <summary>How many things have happened.</summary>
    public long Happened { get; private set; }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => _now;

    /// <summary>Has something happen later.</summary>
    public void After(TimeSpan delay, Action action) => _due.Enqueue(action, (_now + delay, _order++));

    /// <summary>Goes to the next moment at which something is due, and lets it happen; false where nothing is.</summary>
    public bool Next()
    {
        if (!_due.TryDequeue(out var action, out var due))
            return false;
        _now = due.At > _now ? due.At : _now;
        Happened++;
        action();
        return true;
    }
}
