using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Coordinator.Api;
using FederatedClinicalMl.Coordinator.Enrolment;

namespace FederatedClinicalMl.Tests.Coordinator.Api;

/// <summary>People who sign in at an issuer: who they are here, and every token that must get nobody in.</summary>
public sealed class BearerTokenTests(SignInRig rig) : IClassFixture<SignInRig>
{
    private const string Admins = SignInRig.Admins;

    [Theory]
    [InlineData("rsa")]
    [InlineData("ec")]
    public async Task Person_is_let_in_by_a_key_of_the_issuer(string kid) =>
        Assert.Null(await rig.AskAsync(rig.Issuer.Sign(rig.Issuer.Claims("ann", Admins), kid)));

    [Fact]
    public async Task Audit_log_names_the_person_with_role_and_issuer_and_the_subject_of_the_token()
    {
        var claims = rig.Issuer.Claims("Ann", Admins);
        claims["sub"] = "subject-of-ann";
        using var response = await rig.Client.AskAsync(HttpMethod.Post, "/v1/invitations", SignInRig.Json("""{"subject": {"kind": "KIND_PERSON", "role": "ROLE_AUDITOR", "name": "eve"}}"""), rig.Issuer.Sign(claims));

        Assert.True(response.IsSuccessStatusCode);
        var last = JsonNode.Parse(File.ReadLines(rig.Coordinator.PathOf("audit.log")).Last())!;
        Assert.Contains("\"by\":\"admin ann@127.0.0.1\"", last.ToJsonString(), StringComparison.Ordinal);
        Assert.StartsWith("token http://127.0.0.1:", (string?)last["body"]!["credential"], StringComparison.Ordinal);
        Assert.EndsWith(" subject-of-ann", (string?)last["body"]!["credential"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fcml-audit", "GET", "/v1/audit", null)]
    [InlineData("fcml-researchers", "GET", "/v1/audit", "ROLE_MISSING")]
    [InlineData("fcml-privacy", "GET", "/v1/runs", null)]
    [InlineData("fcml-privacy", "POST", "/v1/runs", "ROLE_MISSING")]
    [InlineData("another-group", "GET", "/v1/runs", "ROLE_MISSING")]
    public async Task Role_is_what_the_groups_of_the_person_map_to(string group, string verb, string path, string? fault) =>
        Assert.Equal(fault, SignInRig.Refusal(await rig.SendAsync(rig.Issuer.Token("ann", group), verb, path)));

    [Fact]
    public async Task Person_with_two_groups_has_both_roles()
    {
        var token = rig.Issuer.Token("ann", "fcml-audit", "fcml-clinicians");

        Assert.Null(SignInRig.Refusal(await rig.SendAsync(token, "GET", "/v1/audit")));
        Assert.Equal("STAGE_REFUSED", await rig.SendAsync(token, "POST", "/v1/lines/heart/versions/1.0.0/rollback")); // auditors may not ask
    }

    [Fact]
    public async Task Person_without_any_role_claim_has_none()
    {
        var claims = rig.Issuer.Claims("ann");
        claims.Remove("groups");

        Assert.Equal("ROLE_MISSING", await rig.AskAsync(rig.Issuer.Sign(claims)));
    }

    public static TheoryData<string, string> WrongTokens => new()
    {
        { "issuer", "TOKEN_INVALID" }, { "audience", "TOKEN_INVALID" }, { "expired", "TOKEN_EXPIRED" }, { "no expiry", "TOKEN_INVALID" }, { "good for years", "TOKEN_INVALID" },
        { "not yet", "TOKEN_INVALID" }, { "none", "TOKEN_INVALID" }, { "hmac with the public key", "TOKEN_INVALID" }, { "hmac with a published secret", "TOKEN_INVALID" },
        { "unknown key", "TOKEN_INVALID" }, { "no key", "TOKEN_INVALID" }, { "another's key", "TOKEN_INVALID" }, { "key of the other kind", "TOKEN_INVALID" }, { "changed", "TOKEN_INVALID" },
        { "critical", "TOKEN_INVALID" }, { "another kind", "TOKEN_INVALID" }, { "no name", "TOKEN_INVALID" }, { "two names", "TOKEN_INVALID" }, { "name with a space", "TOKEN_INVALID" },
        { "name with a line's end", "TOKEN_INVALID" }, { "nonsense", "TOKEN_INVALID" }, { "empty", "TOKEN_INVALID" }, { "too long", "TOKEN_INVALID" },
    };

    [Theory]
    [MemberData(nameof(WrongTokens))]
    public async Task Token_that_is_wrong_gets_nobody_in_and_is_not_logged(string what, string fault)
    {
        var token = Wrong(what);

        Assert.Equal(fault, await rig.AskAsync(token));
        Assert.DoesNotContain(rig.Coordinator.Logged, entry => token.Length > 20 && entry.Text.Contains(token[^20..], StringComparison.Ordinal));
    }

    [Fact]
    public async Task Token_that_is_wrong_on_the_wire_of_grpc_too_is_refused() =>
        Assert.Equal("TOKEN_EXPIRED", await rig.Client.CallAsync("/fcml.federation.v1.Administration/ListRuns", Wrong("expired")));

    [Fact]
    public async Task Person_calls_over_grpc_with_a_token() =>
        Assert.Null(await rig.Client.CallAsync("/fcml.federation.v1.Administration/ListRuns", rig.Issuer.Token("ann", Admins)));

    [Theory]
    [InlineData("/fcml.federation.v1.Session/Connect", "ROLE_MISSING")]
    [InlineData("/fcml.federation.v1.Enrolment/Renew", "CERTIFICATE_MISSING")]
    public async Task Token_opens_nothing_of_sites_and_gets_nobody_a_certificate(string call, string fault) =>
        Assert.Equal(fault, await rig.Client.CallAsync(call, rig.Issuer.Token("ann", Admins)));

    [Fact]
    public async Task Study_is_not_submitted_by_a_token_alone()
    {
        using var ada = await Person.EnrolAsync(rig.Coordinator, Roles.Admin, "ada");
        var study = BenchmarkStudy.For("north");
        var body = new JsonObject { ["study"] = new JsonObject { ["canonical"] = Convert.ToBase64String(study.Canonical.Span), ["certificate"] = Convert.ToBase64String(ada.Identity.Certificate.RawData) } };

        using var response = await rig.Client.AskAsync(HttpMethod.Post, "/v1/studies", SignInRig.Json(body.ToJsonString()), rig.Issuer.Token("ann", Admins));

        Assert.Equal("CERTIFICATE_MISSING", SignInRig.Code(response));
    }

    [Fact]
    public async Task Two_tokens_at_once_are_refused()
    {
        var token = rig.Issuer.Token("ann", Admins);

        Assert.Equal("TOKEN_INVALID", await rig.AskAsync($"{token}, Bearer {token}"));
        Assert.Equal("TOKEN_INVALID", await rig.Client.CallAsync("/fcml.federation.v1.Administration/ListRuns", token, token));
    }

    [Fact]
    public async Task Token_beside_a_certificate_is_refused()
    {
        using var grace = await Person.EnrolAsync(rig.Coordinator, Roles.Admin, "grace");
        using var client = new BareClient(rig.Coordinator, grace.Identity.Certificate);

        using var response = await client.AskAsync(HttpMethod.Get, "/v1/runs", token: rig.Issuer.Token("ann", Admins));

        Assert.Equal("TOKEN_INVALID", SignInRig.Code(response));
    }

    [Fact]
    public async Task Coordinator_without_an_issuer_takes_no_token()
    {
        await using var without = await RunningCoordinator.StartAsync();
        using var client = new BareClient(without, certificate: null);

        using var response = await client.AskAsync(HttpMethod.Get, "/v1/runs", token: rig.Issuer.Token("ann", Admins));

        Assert.Equal(("TOKENS_OFF", "Bearer"), (SignInRig.Code(response), response.Headers.WwwAuthenticate.ToString()));
    }

    private string Wrong(string what)
    {
        var claims = rig.Issuer.Claims("ann", Admins);
        using var another = RSA.Create(2048);
        JsonObject With(string name, JsonNode? value)
        {
            claims[name] = value;
            return claims;
        }

        JsonObject Without(string name)
        {
            claims.Remove(name);
            return claims;
        }

        string Changed()
        {
            var parts = rig.Issuer.Sign(rig.Issuer.Claims("ann", "fcml-audit")).Split('.');
            return $"{parts[0]}.{rig.Issuer.Sign(claims).Split('.')[1]}.{parts[2]}";
        }

        return what switch
        {
            "issuer" => rig.Issuer.Sign(With("iss", "https://login.example.org")),
            "audience" => rig.Issuer.Sign(With("aud", "another")),
            "expired" => rig.Issuer.Sign(With("exp", TestIssuer.Now - 31)),
            "no expiry" => rig.Issuer.Sign(Without("exp")),
            "good for years" => rig.Issuer.Sign(With("exp", TestIssuer.Now + 100_000)),
            "not yet" => rig.Issuer.Sign(With("nbf", TestIssuer.Now + 60)),
            "none" => SignedTokens.Forge(new JsonObject { ["alg"] = "none", ["kid"] = "rsa", ["typ"] = "JWT" }, claims, secret: null),
            "hmac with the public key" => SignedTokens.Forge(new JsonObject { ["alg"] = "HS256", ["kid"] = "rsa", ["typ"] = "JWT" }, claims, Encoding.ASCII.GetBytes(rig.Issuer.PublicPem("rsa"))),
            "hmac with a published secret" => SignedTokens.Forge(new JsonObject { ["alg"] = "HS256", ["kid"] = "secret", ["typ"] = "JWT" }, claims, new byte[3]),
            "unknown key" => rig.Issuer.Sign(claims, "unknown", with: another),
            "no key" => rig.Issuer.Sign(claims, header: new JsonObject { ["kid"] = null }),
            "another's key" => rig.Issuer.Sign(claims, with: another),
            "key of the other kind" => rig.Issuer.Sign(claims, header: new JsonObject { ["kid"] = "ec" }),
            "changed" => Changed(),
            "critical" => rig.Issuer.Sign(claims, header: new JsonObject { ["crit"] = new JsonArray("b64"), ["b64"] = false }),
            "another kind" => rig.Issuer.Sign(claims, header: new JsonObject { ["typ"] = "logout+jwt" }),
            "no name" => rig.Issuer.Sign(Without("preferred_username")),
            "two names" => rig.Issuer.Sign(With("preferred_username", new JsonArray("ann", "grace"))),
            "name with a space" => rig.Issuer.Sign(With("preferred_username", "ann admin")),
            "name with a line's end" => rig.Issuer.Sign(With("preferred_username", "ann\n")),
            "nonsense" => "a.b.c",
            "empty" => "",
            "too long" => rig.Issuer.Sign(With("padding", new string('x', 20_000))),
            _ => throw new ArgumentException(what),
        };
    }
}
