using System.Collections.Frozen;
using System.Text.Json;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Storage;

namespace FederatedClinicalMl.Coordinator.Api;

/// <summary>Whose bearer tokens are taken, and what in them says who somebody is: what <c>sign-in.json</c> in the data folder holds, checked.</summary>
/// <param name="Issuer">The issuer, exactly as its tokens and its discovery document name it.</param>
/// <param name="Audience">What the tokens must be for.</param>
/// <param name="NameClaim">The claim that names the person: one that the issuer gives to nobody else, ever, and that nobody can choose.</param>
/// <param name="RolesClaim">The claim whose value, or values, give roles.</param>
/// <param name="Roles">Which role each value gives. Others give none.</param>
public sealed record SignInSettings(Uri Issuer, string Audience, string NameClaim, string RolesClaim, FrozenDictionary<string, Roles> Roles)
{
    /// <summary>Name of the file in the data folder.</summary>
    public const string File = "sign-in.json";

    private static readonly JsonSerializerOptions Strict = new(JsonSerializerOptions.Strict)
    {
        PropertyNamingPolicy = JsonNamingPolicy.KebabCaseLower, ReadCommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true,
    };

    private static readonly FrozenDictionary<string, Roles> Words =
        Enum.GetValues<Roles>().Where(role => Enrolment.Roles.People.HasFlag(role) && int.PopCount((int)role) == 1).ToFrozenDictionary(role => $"{role}".ToLowerInvariant());

    /// <summary>Reads the file of a data folder; null where there is none, and nobody signs in by token.</summary>
    /// <exception cref="DataFolderException">The file says something that is not understood, or not safe; every fault is named.</exception>
    public static SignInSettings? Read(string folder)
    {
        var path = Path.Combine(folder, File);
        if (!System.IO.File.Exists(path))
            return null;
        try
        {
            var declared = JsonSerializer.Deserialize<Declaration>(System.IO.File.ReadAllText(path), Strict) ?? throw new JsonException("It is null.");
            var faults = Faults(declared).ToList();
            return faults.Count == 0
                ? new SignInSettings(new Uri(declared.Issuer), declared.Audience, declared.NameClaim, declared.RolesClaim, declared.Roles.ToFrozenDictionary(role => role.Key, role => Words[role.Value], StringComparer.Ordinal))
                : throw new DataFolderException($"'{path}' cannot be used: {string.Join(' ', faults)}");
        }
        catch (JsonException wrong)
        {
            throw new DataFolderException($"'{path}' cannot be used: {wrong.Message} Its keys are in docs/reference/sign-in.md.", wrong);
        }
    }

    /// <summary>Whether an address is one that keys may come from: over TLS, or within this machine.</summary>
    internal static bool IsSafe(Uri address) => address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback);

    private static IEnumerable<string> Faults(Declaration declared)
    {
        if (!Uri.TryCreate(declared.Issuer, UriKind.Absolute, out var issuer) || !IsSafe(issuer) || issuer.Query.Length + issuer.Fragment.Length + issuer.UserInfo.Length > 0)
            yield return "'issuer' must be an https address without query, fragment or login (http is taken from this machine only).";
        foreach (var (key, value) in new[] { ("audience", declared.Audience), ("name-claim", declared.NameClaim), ("roles-claim", declared.RolesClaim) })
        {
            if (string.IsNullOrWhiteSpace(value))
                yield return $"'{key}' is empty.";
        }

        if (declared.Roles.Count == 0)
            yield return "'roles' gives nobody a role.";
        foreach (var (value, role) in declared.Roles.Where(role => !Words.ContainsKey(role.Value ?? "")))
            yield return $"'roles' maps '{value}' to '{role}', which is none of {string.Join(", ", Words.Keys.Order())}.";
    }

    private sealed record Declaration(string Issuer, string Audience, string NameClaim, string RolesClaim, Dictionary<string, string> Roles);
}
