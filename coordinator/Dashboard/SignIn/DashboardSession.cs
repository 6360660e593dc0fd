using FederatedClinicalMl.Coordinator.Enrolment;

namespace FederatedClinicalMl.Coordinator.Dashboard;

/// <summary>A person at a browser.</summary>
public sealed class DashboardSession : IDisposable
{
    /// <summary>How many live pages a session may have open at once.</summary>
    public const int MostLivePages = 16;

    private readonly CancellationTokenSource _ended = new();
    private long _seen;
    private int _livePages;
    private Notice? _notice;

    internal DashboardSession(string id, Member person, DateTimeOffset opened)
    {
        (Id, Person, Opened, Seen) = (id, person, opened, opened);
        Ended = _ended.Token;
    }

    /// <summary>Public name of the session; not what the cookie holds.</summary>
    public string Id { get; }

    /// <summary>Who.</summary>
    public Member Person { get; }

    /// <summary>Since when.</summary>
    public DateTimeOffset Opened { get; }

    /// <summary>When it ends in any case, as the token does with which the person came; null: after <see cref="DashboardSessions.Longest"/>.</summary>
    public DateTimeOffset? Until { get; internal init; }

    /// <summary>When the browser last asked for something; what is pushed to it does not count.</summary>
    public DateTimeOffset Seen
    {
        get => new(Volatile.Read(ref _seen), TimeSpan.Zero);
        internal set => Volatile.Write(ref _seen, value.UtcTicks);
    }

    /// <summary>Cancelled when the session ends: every live page of it is cut off.</summary>
    public CancellationToken Ended { get; }

    /// <summary>What the next page says once.</summary>
    public void Say(Notice notice) => Volatile.Write(ref _notice, notice);

    /// <summary>What is to be said now; null: nothing.</summary>
    public Notice? TakeNotice() => Interlocked.Exchange(ref _notice, null);

    /// <summary>Ends it.</summary>
    public void Dispose()
    {
        _ended.Cancel();
        _ended.Dispose(); // whoever registers from here on is called at once
    }

    internal bool TryOpenLivePage()
    {
        if (Interlocked.Increment(ref _livePages) <= MostLivePages)
            return true;
        CloseLivePage();
        return false;
    }

    internal void CloseLivePage() => Interlocked.Decrement(ref _livePages);
}

/// <summary>What came of an action.</summary>
/// <param name="Sentence">For people.</param>
/// <param name="IsRefusal">Whether it was refused.</param>
/// <param name="Secret">Something to copy, shown this once; null: nothing.</param>
public sealed record Notice(string Sentence, bool IsRefusal = false, string? Secret = null);
