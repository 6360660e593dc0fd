using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>An EHR's token that holds.</summary>
/// <param name="Ehr">The EHR's name.</param>
/// <param name="Nonce">What no other token of it has (jti).</param>
/// <param name="Until">When it stops to hold.</param>
internal sealed record EhrToken(string Ehr, string Nonce, DateTimeOffset Until);

/// <summary>
/// The tokens with which EHRs call (CDS Hooks 2.0, "Trusting CDS Clients": a JSON Web Token for each call, signed by the EHR, for the address that is called). Whatever is not understood is refused, and nothing of
/// a token is kept but its nonce, until it has expired.
/// </summary>
internal sealed class EhrTokens(TimeProvider time)
{
    /// <summary>By how much the EHR's clock and this one may differ.</summary>
    public static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);

    /// <summary>How long a token may hold: a nonce is remembered for so long.</summary>
    public static readonly TimeSpan LongestLife = TimeSpan.FromMinutes(5);

    private const int LongestToken = 16 << 10;
    private const int LongestNonce = 256;
    private const string Feedback = "/feedback";
    private static readonly string[] s_algorithms = ["ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

    private readonly Lazy<JsonWebTokenHandler> _handler = new(() => new JsonWebTokenHandler { MaximumTokenSizeInBytes = LongestToken });
    private readonly long _began = time.GetUtcNow().ToUnixTimeSeconds(); // what was used before is forgotten
    private readonly Lock _turn = new();
    private readonly HashSet<(string Ehr, string Nonce)> _used = [];
    private readonly PriorityQueue<(string Ehr, string Nonce), DateTimeOffset> _ends = new();

    /// <summary>Whether a text has the shape of a token; a client's key has not.</summary>
    public static bool IsToken(ReadOnlySpan<char> text) => text.Length <= LongestToken && text.Count('.') == 2;

    /// <summary>The token of a call, or why it does not hold: a sentence for the answer's header, which repeats nothing of it.</summary>
    public async Task<(EhrToken? Token, string Why)> ReadAsync(string text, string path, ClientKeys clients)
    {
        if (Parse(text) is not { } token)
            return Refused("It is malformed.");
        if (token.TryGetHeaderValue<object>("crit", out _) || token.Typ is not (null or "" or "JWT"))
            return Refused("Its header asks for what is not understood here.");
        if (!s_algorithms.Contains(token.Alg) || string.IsNullOrEmpty(token.Kid))
            return Refused($"It must be signed with one of {string.Join(", ", s_algorithms)}, and name the key (kid).");
        if (clients.Ehrs.FirstOrDefault(ehr => ehr.Issuer == token.Issuer) is not { } ehr)
            return Refused("Its issuer (iss) is no EHR that may call: site-scoring ehrs add.");
        if (ehr.Keys.GetValueOrDefault(token.Kid) is not { } key)
            return Refused("Its EHR has no key of the name that it gives (kid): site-scoring ehrs keys.");
        var verdict = await _handler.Value.ValidateTokenAsync(token, Parameters(ehr, key, path));
        if (!verdict.IsValid)
            return Refused(verdict.Exception is SecurityTokenInvalidAudienceException ? "It is for another address (aud) than the one that was called." : "Its signature is not its EHR's.");
        return WhyNotNow(token, out var until) is { } why ? Refused(why)
            : token.Id is not { Length: > 0 and <= LongestNonce } nonce ? Refused($"It must have a nonce (jti) of 1 to {LongestNonce} characters.")
            : (new EhrToken(ehr.Name, nonce, until), "");
    }

    /// <summary>Uses a token's nonce up; false: it was used before.</summary>
    public bool Use(EhrToken token)
    {
        lock (_turn)
        {
            var now = time.GetUtcNow();
            while (_ends.TryPeek(out var oldest, out var end) && end <= now)
            {
                _ends.Dequeue();
                _used.Remove(oldest);
            }

            if (!_used.Add((token.Ehr, token.Nonce)))
                return false;
            _ends.Enqueue((token.Ehr, token.Nonce), token.Until);
            return true;
        }
    }

    private static (EhrToken? Token, string Why) Refused(string why) => (null, why);

    private static TokenValidationParameters Parameters(EhrClient ehr, SecurityKey key, string path) => new()
    {
        ValidIssuer = ehr.Issuer, IssuerSigningKey = key, ValidAlgorithms = s_algorithms, TryAllIssuerSigningKeys = false,
        // Feedback is told to a service, and EHRs differ in whether they mean the one address or the other.
        ValidAudiences = path.EndsWith(Feedback, StringComparison.Ordinal) ? [ehr.Address + path, ehr.Address + path[..^Feedback.Length]] : [ehr.Address + path],
        ValidateLifetime = false, // below, by this program's clock
    };

    private static JsonWebToken? Parse(string text)
    {
        try
        {
            return new JsonWebToken(text);
        }
        catch (Exception malformed) when (malformed is ArgumentException or SecurityTokenException or System.Text.Json.JsonException or FormatException)
        {
            return null; // without its cause, which may quote it
        }
    }

    private string? WhyNotNow(JsonWebToken token, out DateTimeOffset until)
    {
        until = default;
        if (Moment(token, "iat") is not { } issued || Moment(token, "exp") is not { } expires)
            return "It must say when it was issued (iat) and when it expires (exp).";
        var now = time.GetUtcNow();
        until = expires + Skew;
        return now >= until ? "It has expired. Compare the clocks of EHR and scoring program."
            : issued > now + Skew ? "It was issued in the future. Compare the clocks of EHR and scoring program."
            : expires - issued > LongestLife ? $"It must hold for at most {LongestLife.TotalMinutes} minutes."
            : issued.ToUnixTimeSeconds() < _began ? "It was issued before the scoring program began, which does not know whether it was used."
            : token.TryGetPayloadValue<object>("nbf", out _) && !(Moment(token, "nbf") <= now + Skew) ? "It is not valid yet."
            : null;
    }

    private static DateTimeOffset? Moment(JsonWebToken token, string claim) =>
        token.TryGetPayloadValue<long>(claim, out var seconds) && seconds is >= 0 and <= 253_402_300_799 ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;
}
