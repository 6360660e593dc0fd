using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace FederatedClinicalMl.Tests.Coordinator.Api;

/// <summary>An issuer on 127.0.0.1: its discovery document, its keys, and tokens that are written here by hand, so that wrong ones can be.</summary>
internal sealed class TestIssuer : IAsyncDisposable
{
    public const string Audience = "fcml";

    private readonly WebApplication _app;
    private readonly Dictionary<string, AsymmetricAlgorithm> _keys = [];

    private TestIssuer(WebApplication app) => _app = app;

    /// <summary>What it calls itself.</summary>
    public string Name { get; private set; } = "";

    /// <summary>Whether it answers.</summary>
    public bool IsDown { get; set; }

    /// <summary>How often it was asked for its keys.</summary>
    public int Asked { get; private set; }

    /// <summary>What its discovery document calls it; null: its name.</summary>
    public string? Claimed { get; set; }

    public static async Task<TestIssuer> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var issuer = new TestIssuer(builder.Build());
        issuer._app.Run(issuer.AnswerAsync);
        await issuer._app.StartAsync(TestContext.Current.CancellationToken);
        issuer.Name = issuer._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        issuer.Add("rsa", RSA.Create(2048));
        issuer.Add("ec", ECDsa.Create(ECCurve.NamedCurves.nistP256));
        return issuer;
    }

    public void Add(string kid, AsymmetricAlgorithm key) => _keys.Add(kid, key);

    public void Remove(string kid) => _keys.Remove(kid);

    /// <summary>PEM of a public key: what an attacker has, too.</summary>
    public string PublicPem(string kid) => _keys[kid].ExportSubjectPublicKeyInfoPem();

    /// <summary>What <c>sign-in.json</c> says of it.</summary>
    public string Settings => $$"""
        {
          "issuer": "{{Name}}", "audience": "{{Audience}}", "name-claim": "preferred_username", "roles-claim": "groups",
          "roles": { "fcml-admins": "admin", "fcml-researchers": "researcher", "fcml-clinicians": "clinician", "fcml-privacy": "steward", "fcml-audit": "auditor" } // everybody else: nothing
        }
        """;

    /// <summary>Claims of somebody, good for five minutes.</summary>
    public JsonObject Claims(string name, params string[] groups) => new()
    {
        ["iss"] = Name, ["aud"] = Audience, ["sub"] = "1", ["preferred_username"] = name, ["exp"] = Now + 300, ["groups"] = new JsonArray([.. groups.Select(group => JsonValue.Create(group))]),
    };

    public static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>A token that is as it should be.</summary>
    public string Token(string name, params string[] groups) => Sign(Claims(name, groups));

    /// <summary>Signs claims.</summary>
    /// <param name="claims">Which.</param>
    /// <param name="kid">With which of its keys.</param>
    /// <param name="header">What the header says besides or otherwise.</param>
    /// <param name="with">With another key instead.</param>
    public string Sign(JsonObject claims, string kid = "rsa", JsonObject? header = null, AsymmetricAlgorithm? with = null) => SignedTokens.Sign(claims, kid, with ?? _keys[kid], header);

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        foreach (var key in _keys.Values)
            key.Dispose();
    }

    private Task AnswerAsync(HttpContext context)
    {
        if (IsDown)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return Task.CompletedTask;
        }

        switch (context.Request.Path)
        {
            case "/.well-known/openid-configuration":
                return context.Response.WriteAsync(new JsonObject { ["issuer"] = Claimed ?? Name, ["jwks_uri"] = $"{Name}/keys" }.ToJsonString());
            case "/keys":
                Asked++;
                return context.Response.WriteAsync(new JsonObject { ["keys"] = new JsonArray([.. _keys.Select(key => SignedTokens.Describe(key.Key, key.Value)), new JsonObject { ["kty"] = "oct", ["kid"] = "secret", ["k"] = "AAAA" }]) }.ToJsonString());
            default:
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return Task.CompletedTask;
        }
    }
}
