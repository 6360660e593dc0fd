using System.Text;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Coordinator.Api;

namespace FederatedClinicalMl.Tests.Coordinator.Api;

/// <summary>An issuer, a coordinator that takes its tokens, and somebody without a certificate.</summary>
public sealed class SignInRig : IAsyncLifetime
{
    public const string Admins = "fcml-admins";

    internal AlarmTime Time { get; } = new();

    internal TestIssuer Issuer { get; private set; } = null!;

    internal RunningCoordinator Coordinator { get; private set; } = null!;

    internal BareClient Client { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Issuer = await TestIssuer.StartAsync();
        Coordinator = await RunningCoordinator.StartAsync(time: Time, prepare: folder => File.WriteAllText(Path.Combine(folder.Disk.Root, SignInSettings.File), Issuer.Settings));
        Client = new BareClient(Coordinator, certificate: null);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Coordinator.DisposeAsync();
        await Issuer.DisposeAsync();
    }

    // Good for as long as a coordinator that is a day ahead takes it.
    internal JsonObject Late(JsonObject claims)
    {
        claims["exp"] = Time.GetUtcNow().ToUnixTimeSeconds() + 7200;
        return claims;
    }

    internal Task<string?> AskAsync(string token) => SendAsync(token, "GET", "/v1/runs");

    internal async Task<string?> SendAsync(string token, string verb, string path)
    {
        using var response = await Client.AskAsync(HttpMethod.Parse(verb), path, verb == "GET" ? null : Json("{}"), token);
        return Code(response);
    }

    internal static string? Refusal(string? code) => code is "ROLE_MISSING" or "TOKEN_INVALID" ? code : null;

    internal static string? Code(HttpResponseMessage response) => response.Headers.TryGetValues(FaultWriter.Header, out var values) ? values.Single() : null;

    internal static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    /// <summary>A clock whose far timers ring when a test says so.</summary>
    internal sealed class AlarmTime : TimeProvider
    {
        private readonly List<(TimeSpan Due, TimerCallback Ring)> _far = [];
        private long _shift;

        /// <summary>How far it is ahead of the system's.</summary>
        public TimeSpan Shift
        {
            get => new(Volatile.Read(ref _shift));
            set => Volatile.Write(ref _shift, value.Ticks);
        }

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Shift;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            lock (_far)
                _far.Add((dueTime, _ => callback(state)));
            return base.CreateTimer(callback, state, dueTime, period);
        }

        /// <summary>Rings what was to ring in about this time.</summary>
        public void RingIn(TimeSpan due)
        {
            lock (_far)
                _far.Single(timer => (timer.Due - due).Duration() < TimeSpan.FromSeconds(20)).Ring(null);
        }
    }
}
