using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;

namespace FederatedClinicalMl.Coordinator.Api;

/// <summary>
/// The keys with which the issuer signs, fetched as its discovery document says (OpenID Connect Discovery 1.0) and kept: they are asked for again when they are an hour old, and when a token
/// names one that is not among them, at most once in half a minute, so that made-up names cannot be turned into a stream of requests. While the issuer does not answer, what was fetched goes on for a
/// day; after that nobody would learn that a key was withdrawn.
/// </summary>
public sealed partial class IssuerKeys(SignInSettings settings, TimeProvider time, ILogger<IssuerKeys> log) : IDisposable
{
    /// <summary>How old keys may be before they are asked for again.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromHours(1);

    /// <summary>How old they may be while the issuer does not answer.</summary>
    public static readonly TimeSpan Usable = TimeSpan.FromDays(1);

    /// <summary>How long after one request the next may follow.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    private const int LongestAnswer = 1 << 20;
    private const int ShortestRsa = 2048;

    private readonly SemaphoreSlim _turn = new(1); // one fetch at a time; guards _tried
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = !settings.Issuer.IsLoopback })
    {
        Timeout = TimeSpan.FromSeconds(5), MaxResponseContentBufferSize = LongestAnswer,
    };

    private Fetched? _kept;
    private DateTimeOffset? _tried;

    /// <summary>The key of a name; null where the issuer has none.</summary>
    /// <exception cref="FaultException">ISSUER_UNREACHABLE: there are no keys to look in.</exception>
    public async Task<SecurityKey?> FindAsync(string name, CancellationToken cancel)
    {
        var kept = Volatile.Read(ref _kept);
        if (kept is null || Age(kept) >= Fresh || !kept.Keys.ContainsKey(name))
            kept = await FetchAsync(name, cancel);
        if (kept is null || Age(kept) >= Usable)
            throw new FaultException(Fault.IssuerUnreachable);
        return kept.Keys.GetValueOrDefault(name);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _http.Dispose();
        _turn.Dispose();
    }

    private TimeSpan Age(Fetched kept) => time.GetUtcNow() - kept.At;

    private async Task<Fetched?> FetchAsync(string name, CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        try
        {
            var kept = _kept;
            if (kept is not null && Age(kept) < Fresh && kept.Keys.ContainsKey(name))
                return kept; // somebody else has fetched meanwhile
            var now = time.GetUtcNow();
            if (_tried is { } before && now - before < Pause)
                return kept;
            _tried = now;
            kept = new Fetched(await FetchKeysAsync(), now); // not with the caller's token: who hangs up at once would keep the keys from everybody
            LogFetched(kept.Keys.Count, settings.Issuer);
            Volatile.Write(ref _kept, kept);
            return kept;
        }
        catch (Exception failed) when (failed is HttpRequestException or JsonException or InvalidDataException or TaskCanceledException)
        {
            LogUnreachable(failed, settings.Issuer);
            return _kept;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<Dictionary<string, SecurityKey>> FetchKeysAsync()
    {
        var described = await GetAsync(new Uri(settings.Issuer.OriginalString.TrimEnd('/') + "/.well-known/openid-configuration"));
        if (Text(described, "issuer") != settings.Issuer.OriginalString)
            throw new InvalidDataException($"The discovery document is not that of {settings.Issuer.OriginalString}: it names another issuer.");
        if (!Uri.TryCreate(Text(described, "jwks_uri"), UriKind.Absolute, out var address) || !SignInSettings.IsSafe(address))
            throw new InvalidDataException("The discovery document names no safe address of keys (jwks_uri).");
        var found = new Dictionary<string, SecurityKey>(StringComparer.Ordinal);
        var set = await GetAsync(address);
        if (set.ValueKind != JsonValueKind.Object || !set.TryGetProperty("keys", out var keys) || keys.ValueKind != JsonValueKind.Array)
            throw new InvalidDataException("The issuer's answer is no set of keys.");
        foreach (var key in keys.EnumerateArray())
        {
            // Two keys of one name would make it a matter of luck which is tried: neither is.
            if (Text(key, "kid") is { Length: > 0 } name && Text(key, "use") is null or "sig" && Public(key, name) is { } usable && !found.TryAdd(name, usable))
                throw new InvalidDataException("The issuer's set has two keys of one name.");
        }

        return found;
    }

    private async Task<JsonElement> GetAsync(Uri address)
    {
        using var response = await _http.GetAsync(address);
        if (response.StatusCode != HttpStatusCode.OK)
            throw new HttpRequestException($"{address} answered {(int)response.StatusCode}.");
        using var document = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync());
        return document.RootElement.Clone();
    }

    // RSA and elliptic curves; a symmetric key in a public set would let everybody sign.
    private static SecurityKey? Public(JsonElement key, string name)
    {
        try
        {
            switch (Text(key, "kty"))
            {
                case "RSA":
                    var rsa = new RSAParameters { Modulus = Bytes(key, "n"), Exponent = Bytes(key, "e") };
                    return rsa.Modulus.Length * 8 < ShortestRsa ? null : new RsaSecurityKey(rsa) { KeyId = name };
                case "EC" when Curve(Text(key, "crv")) is { } curve:
                    return new ECDsaSecurityKey(ECDsa.Create(new ECParameters { Curve = curve, Q = new ECPoint { X = Bytes(key, "x"), Y = Bytes(key, "y") } })) { KeyId = name };
                default:
                    return null;
            }
        }
        catch (Exception malformed) when (malformed is FormatException or CryptographicException)
        {
            throw new InvalidDataException("A key of the issuer's set is malformed.", malformed);
        }
    }

    private static ECCurve? Curve(string? name) => name switch
    {
        "P-256" => ECCurve.NamedCurves.nistP256,
        "P-384" => ECCurve.NamedCurves.nistP384,
        "P-521" => ECCurve.NamedCurves.nistP521,
        _ => null,
    };

    private static byte[] Bytes(JsonElement key, string name) => System.Buffers.Text.Base64Url.DecodeFromChars(Text(key, name));

    private static string? Text(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private sealed record Fetched(Dictionary<string, SecurityKey> Keys, DateTimeOffset At);

    [LoggerMessage(1020, LogLevel.Information, "Fetched {Count} keys of the issuer {Issuer}")]
    private partial void LogFetched(int count, Uri issuer);

    [LoggerMessage(1021, LogLevel.Warning, "The keys of the issuer {Issuer} could not be fetched; what is kept goes on for a day")]
    private partial void LogUnreachable(Exception error, Uri issuer);
}
