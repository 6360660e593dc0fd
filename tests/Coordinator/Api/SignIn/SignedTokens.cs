using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Tests.Coordinator.Api;

/// <summary>JSON Web Tokens (RFC 7519) and keys (RFC 7517), written here by hand, so that wrong ones can be.</summary>
internal static class SignedTokens
{
    /// <summary>Signs claims: RS256, or the algorithm of the key's curve.</summary>
    /// <param name="claims">Which.</param>
    /// <param name="kid">The key's name.</param>
    /// <param name="key">The key.</param>
    /// <param name="header">What the header says besides or otherwise.</param>
    public static string Sign(JsonObject claims, string kid, AsymmetricAlgorithm key, JsonObject? header = null)
    {
        var (algorithm, hash) = key is RSA ? ("RS256", HashAlgorithmName.SHA256) : key.KeySize == 256 ? ("ES256", HashAlgorithmName.SHA256) : ("ES384", HashAlgorithmName.SHA384);
        var head = new JsonObject { ["alg"] = algorithm, ["kid"] = kid, ["typ"] = "JWT" };
        foreach (var (name, value) in header ?? [])
            head[name] = value?.DeepClone();
        var signed = $"{Encode(head)}.{Encode(claims)}";
        var bytes = Encoding.ASCII.GetBytes(signed);
        return $"{signed}.{Base64Url.EncodeToString(key is RSA rsa ? rsa.SignData(bytes, hash, RSASignaturePadding.Pkcs1) : ((ECDsa)key).SignData(bytes, hash))}";
    }

    /// <summary>What is to be signed by no key, or by a secret.</summary>
    public static string Forge(JsonObject header, JsonObject claims, byte[]? secret)
    {
        var signed = $"{Encode(header)}.{Encode(claims)}";
        return $"{signed}.{(secret is null ? "" : Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(signed))))}";
    }

    /// <summary>The public half of a key.</summary>
    public static JsonObject Describe(string kid, AsymmetricAlgorithm key)
    {
        if (key is RSA rsa)
        {
            var numbers = rsa.ExportParameters(false);
            return new JsonObject { ["kty"] = "RSA", ["kid"] = kid, ["use"] = "sig", ["n"] = Base64Url.EncodeToString(numbers.Modulus), ["e"] = Base64Url.EncodeToString(numbers.Exponent) };
        }

        var point = ((ECDsa)key).ExportParameters(false).Q;
        return new JsonObject { ["kty"] = "EC", ["kid"] = kid, ["crv"] = $"P-{key.KeySize}", ["x"] = Base64Url.EncodeToString(point.X), ["y"] = Base64Url.EncodeToString(point.Y) };
    }

    /// <summary>A set of keys.</summary>
    public static JsonObject Set(params JsonObject[] keys) => new() { ["keys"] = new JsonArray([.. keys]) };

    private static string Encode(JsonObject part) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(part.ToJsonString()));
}
