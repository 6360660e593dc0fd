using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.RateLimiting;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>Who calls: the bearer key of a client, looked up before the rate is counted, so that each client has a rate of its own.</summary>
internal static class ClientGate
{
    private const string Nobody = "-"; // no client's name
    private const string Scheme = "Bearer ";

    private static readonly object s_key = new();

    /// <summary>The client that calls.</summary>
    public static string Client(this HttpContext context) => (string)context.Items[s_key]!;

    /// <summary>Adds the rates.</summary>
    public static void AddClientRates(this IServiceCollection services, ScoringConfiguration configuration) => services.AddRateLimiter(options =>
    {
        options.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        options.OnRejected = (rejected, _) =>
        {
            var after = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : TimeSpan.FromSeconds(1);
            rejected.HttpContext.Response.Headers.RetryAfter = Math.Ceiling(Math.Max(1, after.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
            return ValueTask.CompletedTask;
        };
        // Tokens come one by one at most ten times a second, so that a rate of a minute is not used up at its beginning.
        var (tokens, period) = configuration.RequestsPerMinute >= 600 ? (configuration.RequestsPerMinute / 600, TimeSpan.FromMilliseconds(100)) : (1, TimeSpan.FromMinutes(1) / configuration.RequestsPerMinute);
        options.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context => RateLimitPartition.GetTokenBucketLimiter(context.Client(), _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = configuration.Burst, TokensPerPeriod = tokens, ReplenishmentPeriod = period, QueueLimit = 0,
        }));
    });

    /// <summary>Lets in who has a key, at their rate; health is for everybody.</summary>
    public static void UseClientGate(this WebApplication app, Func<ClientKeys> clients)
    {
        app.Use((context, next) =>
        {
            var header = context.Request.Headers.Authorization.ToString();
            context.Items[s_key] = (header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? clients().Find(header.AsSpan(Scheme.Length).Trim()) : null) ?? Nobody;
            return next(context);
        });
        app.UseRateLimiter();
        app.Use((context, next) =>
        {
            if (context.Client() != Nobody || context.Request.Path.StartsWithSegments("/health", StringComparison.Ordinal))
                return next(context);
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            context.Response.Headers.WWWAuthenticate = "Bearer";
            return Task.CompletedTask;
        });
    }
}
