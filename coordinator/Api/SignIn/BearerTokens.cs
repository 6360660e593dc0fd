using System.Text.RegularExpressions;
using FederatedClinicalMl.Coordinator.Enrolment;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace FederatedClinicalMl.Coordinator.Api;

/// <summary>
/// Who somebody is by a bearer token (RFC 6750): a JSON Web Token that the issuer of <see cref="SignInSettings"/> has signed for this coordinator. Whatever is not understood is refused. Nothing of a token is ever
/// logged: whoever has it is the person.
/// </summary>
public sealed partial class BearerTokens(SignInSettings? settings, IssuerKeys? keys, TimeProvider time) : IDisposable
{
    /// <summary>By how much the issuer's clock and this one may differ.</summary>
    public static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);

    /// <summary>Nobody can take a token back here before it expires, so none may be good for longer.</summary>
    public static readonly TimeSpan LongestLife = TimeSpan.FromDays(1);

    private const string Scheme = "Bearer ";
    private const int LongestToken = 16 << 10;
    private const int LongestMember = 128; // of "role name" in the audit log
    private const int LongestSubject = 255;
    private static readonly string[] Algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

    // Made when the first token arrives: the library's part of a start that needs none would be lost.
    private readonly Lazy<JsonWebTokenHandler> _handler = new(() => new JsonWebTokenHandler { MaximumTokenSizeInBytes = LongestToken });

    /// <summary>Whether a request claims to be somebody by a token.</summary>
    public static bool IsBorneBy(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Request.Headers.Authorization.Count > 0;
    }

    /// <summary>Who makes a request that bears a token.</summary>
    /// <exception cref="FaultException">TOKENS_OFF, TOKEN_INVALID, TOKEN_EXPIRED, ISSUER_UNREACHABLE, or ROLE_MISSING where the token gives no role at all.</exception>
    public async Task<Caller> ReadAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (settings is null || keys is null)
            throw new FaultException(Fault.TokensOff);
        if (context.Connection.ClientCertificate is not null)
            throw Invalid("A client certificate was presented as well; use one of the two.");
        if (context.Request.Headers.Authorization is not [{ } header] || !header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) || header.Length > LongestToken || !_handler.Value.CanReadToken(header[Scheme.Length..]))
            throw Invalid("There must be one, of the form 'Authorization: Bearer <JSON Web Token>'.");
        var token = Parse(header[Scheme.Length..]);
        if (token.TryGetHeaderValue<object>("crit", out _) || token.Typ is not (null or "" or "JWT" or "at+jwt" or "application/at+jwt"))
            throw Invalid("Its header asks for what is not understood here.");
        if (!Algorithms.Contains(token.Alg) || string.IsNullOrEmpty(token.Kid))
            throw Invalid($"It must be signed with one of {string.Join(", ", Algorithms)}, and name the key.");
        if (token.Issuer != settings.Issuer.OriginalString)
            throw Invalid("Another issuer made it.");
        var key = await keys.FindAsync(token.Kid, context.RequestAborted) ?? throw Invalid("Its issuer has no key of the name that it gives.");
        var verdict = await _handler.Value.ValidateTokenAsync(token.EncodedToken, Parameters(key));
        if (!verdict.IsValid)
            throw Invalid(verdict.Exception is SecurityTokenInvalidAudienceException ? "It is for another audience." : "Its signature is not its issuer's.");
        var until = CheckTime(token);
        return new Caller(Who(token), certificate: null, until);
    }

    /// <inheritdoc/>
    public void Dispose() => keys?.Dispose();

    private TokenValidationParameters Parameters(SecurityKey key) => new()
    {
        ValidIssuer = settings!.Issuer.OriginalString, ValidAudience = settings.Audience, IssuerSigningKey = key, ValidAlgorithms = Algorithms,
        TryAllIssuerSigningKeys = false,
        ValidateLifetime = false, // below, by this process's clock
    };

    private static JsonWebToken Parse(string text)
    {
        try
        {
            return new JsonWebToken(text);
        }
        catch (Exception malformed) when (malformed is ArgumentException or SecurityTokenException or System.Text.Json.JsonException or FormatException)
        {
            throw Invalid("It is malformed."); // without its cause, which may quote it
        }
    }

    private DateTimeOffset CheckTime(JsonWebToken token)
    {
        var now = time.GetUtcNow();
        if (!token.TryGetPayloadValue<long>("exp", out var exp) || exp is < 0 or > 253_402_300_799)
            throw Invalid("It does not say when it expires.");
        var expires = DateTimeOffset.FromUnixTimeSeconds(exp);
        if (now >= expires + Skew)
            throw new FaultException(Fault.TokenExpired);
        if (expires - now > LongestLife)
            throw Invalid($"It is good for longer than {LongestLife.TotalHours} hours.");
        if (token.TryGetPayloadValue<object>("nbf", out _) && (!token.TryGetPayloadValue<long>("nbf", out var notBefore) || notBefore > (now + Skew).ToUnixTimeSeconds()))
            throw Invalid("It is not valid yet. Compare the clocks of issuer and coordinator.");
        return expires + Skew;
    }

    private Member Who(JsonWebToken token)
    {
        var roles = Values(token, settings!.RolesClaim).Aggregate(Roles.None, (all, value) => all | settings.Roles.GetValueOrDefault(value));
        if (roles == Roles.None)
            throw new FaultException(Fault.RoleMissing, $"The token's claim '{settings.RolesClaim}' gives none.");
        if (Values(token, settings.NameClaim) is not [{ } name] || !PersonName().IsMatch(name))
            throw Invalid($"Its claim '{settings.NameClaim}' must hold one name, of letters, digits and . _ + - @.");

        // By whom: no name of a certificate has an @. One person whose name was written in two ways is one.
        var member = new Member(roles, $"{name.ToLowerInvariant()}@{settings.Issuer.Host}") { Credential = $"token {token.Issuer} {Subject(token)}".TrimEnd() };
        return member.ToString().Length <= LongestMember ? member : throw Invalid("The name that it gives is too long.");
    }

    // Any text of the issuer's, which it need not give; one that is longer than OpenID Connect allows names nobody.
    private static string Subject(JsonWebToken token) =>
        token.TryGetPayloadValue<string>("sub", out var subject) && subject is { Length: <= LongestSubject } && !subject.Any(char.IsControl) ? subject : "";

    private static string[] Values(JsonWebToken token, string claim) =>
        token.TryGetPayloadValue<string[]>(claim, out var many) && many is not null ? many : token.TryGetPayloadValue<string>(claim, out var one) && one is not null ? [one] : [];

    private static FaultException Invalid(string detail) => new(Fault.TokenInvalid, detail);

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._+@-]{0,62}\z")]
    private static partial Regex PersonName();
}
