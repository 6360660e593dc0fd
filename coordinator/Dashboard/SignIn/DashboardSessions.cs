using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Dashboard;

/// <summary>Who is signed in. In memory only: a coordinator that starts again knows nobody, which costs a new link and leaves no secrets on the disk.</summary>
public sealed class DashboardSessions(TimeProvider time)
{
    /// <summary>How long a session lasts at most.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(12);

    /// <summary>How long it lasts without a request.</summary>
    public static readonly TimeSpan LongestIdle = TimeSpan.FromHours(1);

    private const int MostPerPerson = 8;
    private const int SecretLength = 32;

    private readonly Lock _turn = new(); // guards the sessions; nothing that could wait is called under it
    private readonly Dictionary<Sha256Digest, (DashboardSession Session, ITimer Timer)> _sessions = []; // by digest of what the cookie holds

    /// <summary>Opens a session; of more than a few of one person the oldest ends.</summary>
    /// <param name="person">The person.</param>
    /// <param name="until">When it ends in any case; null: after <see cref="Longest"/>.</param>
    /// <returns>What the cookie holds.</returns>
    public string Open(Member person, DateTimeOffset? until)
    {
        var secret = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretLength));
        var key = DigestOf(secret);
        var session = new DashboardSession(key.Short, person, time.GetUtcNow()) { Until = until };
        DashboardSession[] surplus;
        lock (_turn)
        {
            surplus = [.. OfPerson(person).OrderByDescending(open => open.Seen).Skip(MostPerPerson - 1)];
            _sessions[key] = (session, time.CreateTimer(_ => EndIfOver(key), null, LongestIdle, LongestIdle / 60));
        }

        foreach (var old in surplus)
            End(old);
        return secret;
    }

    /// <summary>The session of a cookie, which is thereby in use; null where there is none, or it is over.</summary>
    public DashboardSession? Find(string? secret)
    {
        if (secret is null)
            return null;
        var key = DigestOf(secret);
        EndIfOver(key);
        lock (_turn)
        {
            if (!_sessions.TryGetValue(key, out var open))
                return null;
            open.Session.Seen = time.GetUtcNow();
            return open.Session;
        }
    }

    /// <summary>Ends every session of a person, and every live page in them.</summary>
    public void End(Member person)
    {
        DashboardSession[] theirs;
        lock (_turn)
            theirs = [.. OfPerson(person)];
        foreach (var session in theirs)
            End(session);
    }

    /// <summary>Ends a session.</summary>
    public void End(DashboardSession session)
    {
        lock (_turn)
        {
            if (_sessions.FirstOrDefault(open => open.Value.Session == session) is not { Value.Timer: { } timer, Key: var key })
                return; // ended already
            timer.Dispose();
            _sessions.Remove(key);
        }

        session.Dispose();
    }

    private IEnumerable<DashboardSession> OfPerson(Member person) => _sessions.Values.Select(open => open.Session).Where(session => session.Person == person);

    private void EndIfOver(Sha256Digest key)
    {
        DashboardSession? over = null;
        lock (_turn)
        {
            var now = time.GetUtcNow();
            if (_sessions.TryGetValue(key, out var open) && (now - open.Session.Opened >= Longest || now >= open.Session.Until || now - open.Session.Seen >= LongestIdle))
                over = open.Session;
        }

        if (over is not null)
            End(over);
    }

    private static Sha256Digest DigestOf(string secret) => Sha256Digest.Of(Encoding.UTF8.GetBytes(secret));
}
