using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Microsoft.Extensions.Logging;

namespace FederatedClinicalMl.Coordinator.Api.Sessions;

/// <summary>Which site is connected. One session per site: a newer one takes the older one's place.</summary>
public sealed partial class SessionHub(TimeProvider time, ILogger<SessionHub> log)
{
    /// <summary>So many replacements within <see cref="Window"/> are no reconnections any more.</summary>
    private const int TooManyReplacements = 4;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock _turn = new(); // guards the two dictionaries; nothing is called under it that could wait
    private readonly Dictionary<SiteId, SiteSession> _open = [];
    private readonly Dictionary<SiteId, Queue<DateTimeOffset>> _replaced = [];
    private readonly Signal _changed = new();

    /// <summary>Completes when the next session has opened or ended. Ask before looking.</summary>
    public Task NextChange => _changed.Next;

    /// <summary>Opens a session; a session that the site had is ended with SESSION_REPLACED.</summary>
    public SiteSession Open(SiteId site, string connection)
    {
        var session = new SiteSession(site, connection);
        SiteSession? older;
        var fight = false;
        lock (_turn)
        {
            _open.TryGetValue(site, out older);
            _open[site] = session;
            if (older is not null)
                fight = Note(site);
        }

        older?.Close(Fault.SessionReplaced);
        _changed.Raise();
        LogOpened(site, older is not null);
        if (fight)
            LogTwoAgents(site, TooManyReplacements, Window);
        return session;
    }

    /// <summary>The stream of a session has ended.</summary>
    public void Ended(SiteSession session)
    {
        ArgumentNullException.ThrowIfNull(session);
        lock (_turn)
        {
            if (_open.TryGetValue(session.Site, out var present) && present == session)
                _open.Remove(session.Site);
        }

        LogEnded(session.Site, session.Farewell?.Code);
        session.Complete();
        _changed.Raise();
    }

    /// <summary>How many sites are connected.</summary>
    public int Count
    {
        get
        {
            lock (_turn)
                return _open.Count;
        }
    }

    /// <summary>Whether a site is connected.</summary>
    public bool IsOpen(SiteId site)
    {
        lock (_turn)
            return _open.ContainsKey(site);
    }

    /// <summary>Queues a message for a site; where it is not connected, nothing: it is told when it connects.</summary>
    public void Send(SiteId site, CoordinatorMessage message) => Find(site)?.Send(message);

    /// <summary>Queues a message for every connected site that <paramref name="involved"/> names.</summary>
    public void Broadcast(Func<SiteId, bool> involved, CoordinatorMessage message)
    {
        SiteSession[] sessions;
        lock (_turn)
            sessions = [.. _open.Values];
        foreach (var session in sessions.Where(s => involved(s.Site)))
            session.Send(message);
    }

    /// <summary>Ends a site's session.</summary>
    /// <returns>The session, to wait for its end; null where there was none.</returns>
    public SiteSession? Close(SiteId site, Fault fault)
    {
        var session = Find(site);
        session?.Close(fault);
        return session;
    }

    /// <summary>Ends all sessions.</summary>
    public void CloseAll(Fault fault)
    {
        SiteSession[] sessions;
        lock (_turn)
            sessions = [.. _open.Values];
        foreach (var session in sessions)
            session.Close(fault);
    }

    private SiteSession? Find(SiteId site)
    {
        lock (_turn)
            return _open.GetValueOrDefault(site);
    }

    private bool Note(SiteId site)
    {
        if (!_replaced.TryGetValue(site, out var times))
            _replaced[site] = times = new Queue<DateTimeOffset>();
        var now = time.GetUtcNow();
        times.Enqueue(now);
        while (times.Peek() < now - Window)
            times.Dequeue();
        return times.Count >= TooManyReplacements;
    }

    [LoggerMessage(1401, LogLevel.Information, "{Site} opened a session; in place of another: {Replaced}")]
    private partial void LogOpened(SiteId site, bool replaced);

    [LoggerMessage(1402, LogLevel.Information, "The session of {Site} ended: {Why}")]
    private partial void LogEnded(SiteId site, string? why);

    [LoggerMessage(1403, LogLevel.Error,
        "{Site}: sessions with one certificate replaced one another {Count} times within {Window}. Two site agents seem to use one identity: find the second one, or revoke the site and enrol it again")]
    private partial void LogTwoAgents(SiteId site, int count, TimeSpan window);
}
