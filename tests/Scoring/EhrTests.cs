using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using FederatedClinicalMl.SiteAgent.Scoring;
using FederatedClinicalMl.Tests.Coordinator;
using FederatedClinicalMl.Tests.Coordinator.Api;

namespace FederatedClinicalMl.Tests.Scoring;

/// <summary>EHRs that call the CDS Hooks services with tokens that they sign.</summary>
public sealed class EhrTests
{
    private const string Issuer = "https://ehr.hospital.example/oauth2";
    private const string Address = "https://scoring.hospital.example:8630";

    private static readonly Entry s_entry = Models.Entry();

    private static readonly ECDsa s_curve = ECDsa.Create(ECCurve.NamedCurves.nistP384);
    private static readonly RSA s_rsa = RSA.Create(2048);
    private static readonly ECDsa s_stranger = ECDsa.Create(ECCurve.NamedCurves.nistP384);

    [Fact]
    public async Task Ehr_that_signs_for_the_addres_it_calls_is_let_in_with_either_kind_of_key()
    {
        await using var site = await StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(site, "/cds-services", Token(site, "/cds-services"))).Status);
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(site, "/cds-services", Sign(Claims(site, "/cds-services"), s_rsa, "rsa"))).Status);
        var several = Claims(site, "/cds-services");
        several["aud"] = new JsonArray("https://elsewhere.example", $"{Address}/cds-services");
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(site, "/cds-services", Sign(several))).Status);
        // Let in, and told that the line takes no bundles or that the call is none.
        Assert.Equal(HttpStatusCode.BadRequest, (await CallAsync(site, "/cds-services/heart", Token(site, "/cds-services/heart"), [])).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await CallAsync(site, "/cds-services/heart/feedback", Token(site, "/cds-services/heart"), [])).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await CallAsync(site, "/cds-services/heart/feedback", Token(site, "/cds-services/heart/feedback"), [])).Status);
    }

    [Fact]
    public async Task Token_opens_nothing_but_the_services()
    {
        await using var site = await StartAsync();
        foreach (var path in new[] { "/v1/models", "/openapi/v1.json", "/cds-servicesx" })
            Assert.Equal(HttpStatusCode.Unauthorized, (await CallAsync(site, path, Token(site, path))).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await CallAsync(site, "/v1/models/heart/stop", Token(site, "/v1/models/heart/stop"), new JsonObject { ["reason"] = "test" })).Status);
    }

    public static TheoryData<string, string> Wrong => new()
    {
        { "stranger", "not its EHR's" }, { "changed", "not its EHR's" }, { "unsigned", "signed with one of" }, { "secret", "signed with one of" }, { "kid", "no key of the name" }, { "no-kid", "name the key" },
        { "crit", "not understood" }, { "typ", "not understood" }, { "issuer", "no EHR that may call" }, { "no-issuer", "no EHR that may call" }, { "audience", "another address" }, { "no-audience", "another address" },
        { "expired", "has expired" }, { "future", "in the future" }, { "life", "at most 5 minutes" }, { "not-before", "not valid yet" },
        { "no-exp", "when it expires" }, { "no-iat", "when it was issued" }, { "huge", "when it expires" }, { "no-jti", "nonce" }, { "long-jti", "nonce" }, { "garbage", "malformed" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Token_that_does_not_hold_is_refused_with_its_reason(string fault, string says)
    {
        await using var site = await StartAsync();
        site.Time.Advance(TimeSpan.FromMinutes(10));
        var (status, challenge) = await CallAsync(site, "/cds-services", Faulty(site, fault));

        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.StartsWith("Bearer error=\"invalid_token\", error_description=\"", challenge, StringComparison.Ordinal);
        Assert.Contains(says, challenge, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-nonce", challenge, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_is_good_for_one_call_and_its_nonce_again_once_it_has_expired()
    {
        await using var site = await StartAsync();
        var token = Token(site, "/cds-services", "n1");
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(site, "/cds-services", token)).Status);
        var (status, challenge) = await CallAsync(site, "/cds-services", token);
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Contains("used before", challenge, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, (await CallAsync(site, "/cds-services", Token(site, "/cds-services", "n1"))).Status);

        site.Time.Advance(EhrTokens.LongestLife + EhrTokens.Skew);
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(site, "/cds-services", Token(site, "/cds-services", "n1"))).Status);
    }

    [Fact]
    public async Task Token_is_not_good_once_more_after_a_restart()
    {
        await using var site = await StartAsync();
        var token = Token(site, "/cds-services");
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(site, "/cds-services", token)).Status);
        await site.EndAsync();
        site.Time.Advance(TimeSpan.FromSeconds(1));
        await site.RunAsync();
        var (status, challenge) = await CallAsync(site, "/cds-services", token);
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Contains("before the scoring program began", challenge, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(site, "/cds-services", Token(site, "/cds-services"))).Status);
    }

    [Fact]
    public async Task Ehr_beyond_its_rate_is_told_so_and_uses_up_no_nonce()
    {
        await using var site = await StartAsync("burst: 1\nrequests-per-minute: 1\n");
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(site, "/cds-services", Token(site, "/cds-services"))).Status);
        var token = Token(site, "/cds-services");
        Assert.Equal(HttpStatusCode.TooManyRequests, (await CallAsync(site, "/cds-services", token)).Status);
        await site.GetAsync("/v1/models"); // a client has a rate of its own
    }

    [Fact]
    public async Task Keys_are_renewed_and_an_ehr_is_removed_without_a_restart()
    {
        await using var site = await StartAsync();
        var keys = Path.Join(site.Folder.Root, "new.jwks");
        File.WriteAllText(keys, SignedTokens.Set(SignedTokens.Describe("next", s_stranger)).ToJsonString());
        Assert.Equal(0, await RunAsync(site, "keys", "epic", "--keys", keys));
        site.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.Unauthorized, (await CallAsync(site, "/cds-services", Token(site, "/cds-services"))).Status);
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(site, "/cds-services", Sign(Claims(site, "/cds-services"), s_stranger, "next"))).Status);

        Assert.Equal(0, await RunAsync(site, "remove", "epic"));
        site.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.Unauthorized, (await CallAsync(site, "/cds-services", Sign(Claims(site, "/cds-services"), s_stranger, "next"))).Status);
        Assert.Equal("ehr", Assert.Single(ClientKeys.ReadFile(site.Folder.Clients).Clients).Name);
    }

    [Fact]
    public void Ehrs_are_the_same_once_written_and_read()
    {
        using var folder = new TemporaryFolder();
        var written = ClientKeys.Empty.Add("lab", out _).Add(EhrClient.Of("epic", "it's", Address + "/", Keys()));
        File.WriteAllText(folder.Of("clients.yaml"), written.ToYaml());
        var read = ClientKeys.ReadFile(folder.Of("clients.yaml"));
        var ehr = Assert.Single(read.Ehrs);

        Assert.Equal(("epic", "it's", Address), (ehr.Name, ehr.Issuer, ehr.Address));
        Assert.Equal(written.ToYaml(), read.ToYaml());
    }

    [Fact]
    public void Names_and_issuers_are_taken_once()
    {
        var clients = ClientKeys.Empty.Add("lab", out _).Add(EhrClient.Of("epic", Issuer, Address, Keys()));
        Assert.Contains("client 'lab'", Assert.Throws<ScoringSetupException>(() => clients.Add(EhrClient.Of("lab", "other", Address, Keys()))).Message, StringComparison.Ordinal);
        Assert.Contains("EHR 'epic'", Assert.Throws<ScoringSetupException>(() => clients.Add("epic", out _)).Message, StringComparison.Ordinal);
        Assert.Contains("this issuer", Assert.Throws<ScoringSetupException>(() => clients.Add(EhrClient.Of("second", Issuer, Address, Keys()))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://scoring.hospital.example", "https")]
    [InlineData("scoring.hospital.example", "https")]
    [InlineData("https://scoring.hospital.example/?a=b", "https")]
    public void Addres_at_which_tokens_could_be_read_is_refused(string address, string says) =>
        Assert.Contains(says, Assert.Throws<ScoringSetupException>(() => EhrClient.Of("epic", Issuer, address, Keys())).Message, StringComparison.Ordinal);

    public static TheoryData<string, string> WrongKeys => new()
    {
        { "{}", "no key for signatures" }, { "not json", "no JWK Set" }, { """{"keys": []}""", "no key for signatures" }, { """{"keys": [{"kty": "oct", "kid": "k", "k": "AAAA"}]}""", "secret" },
        { """{"keys": [{"kty": "EC", "crv": "P-256", "kid": "k", "x": "AA", "y": "AA"}]}""", "must be RSA" }, { """{"keys": [{"kty": "EC", "crv": "secp256k1", "kid": "k", "x": "AA", "y": "AA"}]}""", "must be RSA" },
        { """{"keys": [{"kty": "RSA", "kid": "k", "n": "AQAB", "e": "AQAB"}]}""", "must be RSA" }, { """{"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}""", "no name" },
        { """{"keys": [{"kty": "RSA", "kid": "k", "n": "*", "e": "AQAB"}]}""", "must be RSA" }, { """{"keys": [{"kty": "RSA", "kid": "k"}]}""", "must be RSA" },
    };

    [Theory]
    [MemberData(nameof(WrongKeys))]
    public void Keys_that_cannot_be_used_are_refused_with_the_reason(string keys, string says) =>
        Assert.Contains(says, Assert.Throws<ScoringSetupException>(() => EhrClient.Of("epic", Issuer, Address, keys)).Message, StringComparison.Ordinal);

    [Fact]
    public void Secret_half_of_a_key_and_two_of_one_name_are_refused()
    {
        var secret = SignedTokens.Describe("curve", s_curve);
        secret["d"] = System.Buffers.Text.Base64Url.EncodeToString(s_curve.ExportParameters(true).D);
        Assert.Contains("is secret", Assert.Throws<ScoringSetupException>(() => EhrClient.Of("epic", Issuer, Address, SignedTokens.Set(secret).ToJsonString())).Message, StringComparison.Ordinal);
        var twice = SignedTokens.Set(SignedTokens.Describe("k", s_curve), SignedTokens.Describe("k", s_rsa)).ToJsonString();
        Assert.Contains("Two keys", Assert.Throws<ScoringSetupException>(() => EhrClient.Of("epic", Issuer, Address, twice)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void File_with_an_ehr_that_cannot_be_used_is_refused_with_line_and_reason()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.Of("clients.yaml"), "clients: []\nehrs:\n  - {name: epic, issuer: a, address: 'http://elsewhere.example', keys: '{}'}\n");
        var fault = Assert.Throws<ScoringSetupException>((Action)(() => ClientKeys.ReadFile(folder.Of("clients.yaml")))).Message;
        Assert.Contains("clients.yaml:3:", fault, StringComparison.Ordinal);
        Assert.Contains("address must be", fault, StringComparison.Ordinal);
    }

    private static string Keys() => SignedTokens.Set(SignedTokens.Describe("curve", s_curve), SignedTokens.Describe("rsa", s_rsa)).ToJsonString();

    private static async Task<Site> StartAsync(string configuration = "")
    {
        var site = await Site.StartAsync(Site.Line(s_entry), [s_entry], configuration);
        var keys = Path.Join(site.Folder.Root, "ehr.jwks");
        File.WriteAllText(keys, Keys());
        Assert.Equal(0, await RunAsync(site, "add", "epic", "--issuer", Issuer, "--address", Address, "--keys", keys));
        site.Time.Advance(TimeSpan.FromSeconds(1));
        return site;
    }

    private static Task<int> RunAsync(Site site, params string[] arguments) => CommandLine.RunAsync(["ehrs", .. arguments, "--data", site.Folder.Root]);

    private static JsonObject Claims(Site site, string path, string? nonce = null)
    {
        var now = site.Time.GetUtcNow().ToUnixTimeSeconds();
        return new JsonObject { ["iss"] = Issuer, ["aud"] = Address + path, ["iat"] = now, ["exp"] = now + 300, ["jti"] = nonce ?? Guid.NewGuid().ToString() };
    }

    private static string Token(Site site, string path, string? nonce = null) => Sign(Claims(site, path, nonce));

    private static string Sign(JsonObject claims, AsymmetricAlgorithm? key = null, string kid = "curve", JsonObject? header = null) => SignedTokens.Sign(claims, kid, key ?? s_curve, header);

    private static string Faulty(Site site, string fault)
    {
        var claims = Claims(site, "/cds-services", "secret-nonce");
        var now = site.Time.GetUtcNow().ToUnixTimeSeconds();
        JsonObject With(params (string Claim, JsonNode? Value)[] changes)
        {
            foreach (var (claim, value) in changes)
                claims[claim] = value;
            return claims;
        }

        JsonObject Without(string claim)
        {
            claims.Remove(claim);
            return claims;
        }

        string Changed()
        {
            var parts = Sign(claims).Split('.');
            claims["sub"] = "changed";
            return $"{parts[0]}.{Sign(claims).Split('.')[1]}.{parts[2]}";
        }

        return fault switch
        {
            "stranger" => Sign(claims, s_stranger),
            "changed" => Changed(),
            "unsigned" => SignedTokens.Forge(new JsonObject { ["alg"] = "none", ["kid"] = "curve", ["typ"] = "JWT" }, claims, null),
            "secret" => SignedTokens.Forge(new JsonObject { ["alg"] = "HS256", ["kid"] = "rsa", ["typ"] = "JWT" }, claims, Encoding.ASCII.GetBytes(s_rsa.ExportSubjectPublicKeyInfoPem())),
            "kid" => Sign(claims, kid: "other"),
            "no-kid" => Sign(claims, header: new JsonObject { ["kid"] = null }),
            "crit" => Sign(claims, header: new JsonObject { ["crit"] = new JsonArray("exp") }),
            "typ" => Sign(claims, header: new JsonObject { ["typ"] = "at+jwt" }),
            "issuer" => Sign(With(("iss", Issuer + "/"))),
            "no-issuer" => Sign(Without("iss")),
            "audience" => Sign(With(("aud", $"{Address}/cds-services/heart"))),
            "no-audience" => Sign(Without("aud")),
            "expired" => Sign(With(("iat", now - 330), ("exp", now - 30))),
            "future" => Sign(With(("iat", now + 31), ("exp", now + 60))),
            "life" => Sign(With(("exp", now + 301))),
            "not-before" => Sign(With(("nbf", now + 31))),
            "no-exp" => Sign(Without("exp")),
            "no-iat" => Sign(Without("iat")),
            "huge" => Sign(With(("exp", long.MaxValue))),
            "no-jti" => Sign(Without("jti")),
            "long-jti" => Sign(With(("jti", new string('n', 257)))),
            "garbage" => "a.b.c",
            _ => throw new ArgumentOutOfRangeException(nameof(fault)),
        };
    }

    private static async Task<(HttpStatusCode Status, string Challenge)> CallAsync(Site site, string path, string token, JsonObject? body = null)
    {
        using var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await site.Client.SendAsync(request, Site.Stop);
        return (response.StatusCode, response.Headers.WwwAuthenticate.ToString());
    }
}
