using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.RateLimiting;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>Who calls: by the bearer key of a client, or at the CDS Hooks services by the token of an EHR. It is looked up before the rate is counted, so that each has a rate of its own.</summary>
internal static class ClientGate
{
    private const string Nobody = "-"; // no client's name
    private const string Scheme = "Bearer ";

    private static readonly object s_key = new();
    private static readonly object s_token = new(); // of an EHR
    private static readonly object s_why = new(); // a token does not hold

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

    /// <summary>Lets in who has a key or a token that holds, at their rate; health is for everybody.</summary>
    public static void UseClientGate(this WebApplication app, Func<ClientKeys> clients, EhrTokens tokens)
    {
        app.Use((context, next) =>
        {
            var header = context.Request.Headers.Authorization.ToString();
            var key = header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header.AsSpan(Scheme.Length).Trim() : [];
            if (EhrTokens.IsToken(key) && context.Request.Path.StartsWithSegments(CardApi.Path, StringComparison.Ordinal))
                return KnowAsync(context, key.ToString(), next);
            context.Items[s_key] = clients().Find(key) ?? Nobody;
            return next(context);
        });
        app.UseRateLimiter();
        app.Use((context, next) =>
        {
            // After the rate was counted, so that it bounds how many nonces are remembered.
            var isUsed = context.Items[s_token] is EhrToken token && !tokens.Use(token);
            if ((context.Client() != Nobody && !isUsed) || context.Request.Path.StartsWithSegments("/health", StringComparison.Ordinal))
                return next(context);
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            var why = isUsed ? "It was used before: every call needs one of its own (jti)." : context.Items[s_why];
            context.Response.Headers.WWWAuthenticate = why is null ? "Bearer" : $"Bearer error=\"invalid_token\", error_description=\"{why}\""; // RFC 6750, 3
            return Task.CompletedTask;
        });

        async Task KnowAsync(HttpContext context, string text, RequestDelegate next)
        {
            var (token, why) = await tokens.ReadAsync(text, context.Request.Path, clients());
            context.Items[s_key] = token?.Ehr ?? Nobody;
            context.Items[token is null ? s_why : s_token] = token is null ? why : token;
            await next(context);
        }
    }
}
