using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.StewardConsole;

/// <summary>What came of an action.</summary>
/// <param name="Sentence">For people.</param>
internal sealed record Notice(string Sentence);

/// <summary>A browser that is signed in.</summary>
internal sealed class Session(string id, DateTimeOffset opened)
{
    private Notice? _notice;

    /// <summary>Public name of the session; not what the cookie holds.</summary>
    public string Id => id;

    /// <summary>Since when.</summary>
    public DateTimeOffset Opened { get; } = opened;

    /// <summary>When it last asked for something.</summary>
    public DateTimeOffset Seen { get; set; } = opened;

    /// <summary>What the next page says once.</summary>
    public void Say(Notice notice) => Volatile.Write(ref _notice, notice);

    /// <summary>What is to be said now; null: nothing.</summary>
    public Notice? TakeNotice() => Interlocked.Exchange(ref _notice, null);
}

/// <summary>Browsers that are signed in. In memory only: a console that starts again knows none.</summary>
internal sealed class Sessions(TimeProvider time)
{
    /// <summary>How long a session lasts at most.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(12);

    /// <summary>How long it lasts without a request.</summary>
    public static readonly TimeSpan LongestIdle = TimeSpan.FromHours(1);

    private const int Most = 4;
    private const int SecretLength = 32;

    private readonly Lock _turn = new(); // guards the sessions; nothing that could wait is called under it
    private readonly Dictionary<Sha256Digest, Session> _sessions = []; // by digest of what the cookie holds

    /// <summary>Opens a session; of more than a few the one that was idle longest ends.</summary>
    /// <returns>What the cookie holds.</returns>
    public string Open()
    {
        var secret = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretLength));
        var key = DigestOf(secret);
        lock (_turn)
        {
            foreach (var surplus in _sessions.OrderByDescending(open => open.Value.Seen).Skip(Most - 1).Select(open => open.Key).ToArray())
                _sessions.Remove(surplus);
            _sessions[key] = new Session(key.Short, time.GetUtcNow());
        }

        return secret;
    }

    /// <summary>The session of a cookie; null where there is none, or it is over.</summary>
    /// <param name="secret">What the cookie holds.</param>
    /// <param name="isUsed">Whether a person asks: the session is in use then.</param>
    public Session? Find(string? secret, bool isUsed = true)
    {
        if (secret is null)
            return null;
        var (key, now) = (DigestOf(secret), time.GetUtcNow());
        lock (_turn)
        {
            if (!_sessions.TryGetValue(key, out var session))
                return null;
            if (now - session.Opened >= Longest || now - session.Seen >= LongestIdle)
            {
                _sessions.Remove(key);
                return null;
            }

            if (isUsed)
                session.Seen = now;
            return session;
        }
    }

    /// <summary>Ends a session.</summary>
    public void End(Session session)
    {
        lock (_turn)
        {
            foreach (var key in _sessions.Where(open => open.Value == session).Select(open => open.Key).ToArray())
                _sessions.Remove(key);
        }
    }

    private static Sha256Digest DigestOf(string secret) => Sha256Digest.Of(Encoding.UTF8.GetBytes(secret));
}
