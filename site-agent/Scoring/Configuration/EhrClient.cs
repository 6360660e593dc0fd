using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text.Json;
using FederatedClinicalMl.Studies;
using Microsoft.IdentityModel.Tokens;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>
/// An EHR that may call the CDS Hooks services with tokens that it signs (CDS Hooks 2.0, "Trusting CDS Clients"). Its keys come by hand, from those who run it: this program dials nobody, so that the address of
/// keys in a token's header (jku) is never looked at.
/// </summary>
public sealed class EhrClient
{
    private const int ShortestRsa = 2048; // bits
    private const int LongestIssuer = 512;

    private static readonly FrozenSet<string> s_curves = FrozenSet.Create(StringComparer.Ordinal, JsonWebKeyECTypes.P256, JsonWebKeyECTypes.P384, JsonWebKeyECTypes.P521);

    private EhrClient(string name, string issuer, string address, FrozenDictionary<string, JsonWebKey> keys) => (Name, Issuer, Address, Keys) = (name, issuer, address, keys);

    /// <summary>Its name, which is in logs.</summary>
    public string Name { get; }

    /// <summary>What its tokens call it (iss), to the letter.</summary>
    public string Issuer { get; }

    /// <summary>The address at which it calls this program, without a slash at its end: with a call's path it is what its tokens are for (aud).</summary>
    public string Address { get; }

    /// <summary>Its public keys by name (kid).</summary>
    internal FrozenDictionary<string, JsonWebKey> Keys { get; }

    /// <summary>An EHR.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="issuer">What its tokens call it.</param>
    /// <param name="address">The address at which it calls.</param>
    /// <param name="keys">Its keys: a JWK Set (RFC 7517), RSA of 2048 bits or more, or P-256, P-384 or P-521.</param>
    /// <exception cref="ScoringSetupException">One of them cannot be used; the message says which, and why.</exception>
    public static EhrClient Of(string name, string issuer, string address, string keys)
    {
        ArgumentNullException.ThrowIfNull(issuer);
        ArgumentNullException.ThrowIfNull(address);
        if (!Studies.Name.IsName(name))
            throw new ScoringSetupException($"An EHR's name is {Studies.Name.Rule}.");
        if (issuer.Length is 0 or > LongestIssuer || issuer.Any(char.IsControl))
            throw new ScoringSetupException($"The issuer must be what stands in the EHR's tokens as 'iss': 1 to {LongestIssuer} characters.");
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http") || uri.Query.Length > 0 || uri.Fragment.Length > 0 || uri.UserInfo.Length > 0 || (uri.Scheme == "http" && !uri.IsLoopback))
            throw new ScoringSetupException("The address must be the one at which the EHR calls this program, such as https://scoring.hospital.example:8630; http only on this machine itself.");
        return new EhrClient(name, issuer, address.TrimEnd('/'), Read(keys));
    }

    /// <summary>The same EHR with other keys.</summary>
    /// <exception cref="ScoringSetupException">They cannot be used.</exception>
    public EhrClient With(string keys) => new(Name, Issuer, Address, Read(keys));

    /// <summary>The keys as a JWK Set of one line: public parts alone.</summary>
    public string KeySet()
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("keys");
            foreach (var key in Keys.Values.OrderBy(key => key.Kid, StringComparer.Ordinal))
            {
                writer.WriteStartObject();
                foreach (var (part, value) in new[] { ("kty", key.Kty), ("kid", key.Kid), ("crv", key.Crv), ("x", key.X), ("y", key.Y), ("n", key.N), ("e", key.E) })
                {
                    if (value is not null)
                        writer.WriteString(part, value);
                }

                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private static FrozenDictionary<string, JsonWebKey> Read(string keys)
    {
        var found = new Dictionary<string, JsonWebKey>(StringComparer.Ordinal);
        foreach (var key in Parse(keys).Where(key => key.Use is null or "" or "sig"))
        {
            if (string.IsNullOrEmpty(key.Kid))
                throw new ScoringSetupException("A key has no name ('kid'), by which tokens say which key has signed them.");
            if (key.HasPrivateKey || key.K is not null)
                throw new ScoringSetupException($"The key '{key.Kid}' is secret: whoever has this file can speak as the EHR. Have those who run the EHR make a new one, and send the public half alone.");
            if (!IsUsable(key))
                throw new ScoringSetupException($"The key '{key.Kid}' must be RSA of at least {ShortestRsa} bits, or a point on P-256, P-384 or P-521.");
            if (!found.TryAdd(key.Kid, key))
                throw new ScoringSetupException($"Two keys are called '{key.Kid}'.");
        }

        return found.Count > 0 ? found.ToFrozenDictionary(StringComparer.Ordinal) : throw new ScoringSetupException("There is no key for signatures in the set.");
    }

    private static IList<JsonWebKey> Parse(string keys)
    {
        try
        {
            return new JsonWebKeySet(keys).Keys;
        }
        catch (Exception malformed) when (malformed is ArgumentException or JsonException)
        {
            throw new ScoringSetupException("The keys are no JWK Set (RFC 7517): {\"keys\": [{\"kty\": ..., \"kid\": ...}]}.");
        }
    }

    // Whether a signature could be checked with it: the numbers are numbers, and a point lies on its curve.
    private static bool IsUsable(JsonWebKey key)
    {
        try
        {
            switch (key.Kty)
            {
                case JsonWebAlgorithmsKeyTypes.RSA:
                    using (var rsa = RSA.Create(new RSAParameters { Modulus = Base64UrlEncoder.DecodeBytes(key.N), Exponent = Base64UrlEncoder.DecodeBytes(key.E) }))
                        return rsa.KeySize >= ShortestRsa;
                case JsonWebAlgorithmsKeyTypes.EllipticCurve when s_curves.Contains(key.Crv):
                    using (ECDsa.Create(new ECParameters { Curve = ECCurve.CreateFromFriendlyName($"nist{key.Crv.Replace("-", "", StringComparison.Ordinal)}"), Q = new ECPoint { X = Base64UrlEncoder.DecodeBytes(key.X), Y = Base64UrlEncoder.DecodeBytes(key.Y) } }))
                        return true;
                default:
                    return false;
            }
        }
        catch (Exception malformed) when (malformed is FormatException or CryptographicException or ArgumentException)
        {
            return false; // said by the caller, with the key's name
        }
    }
}
