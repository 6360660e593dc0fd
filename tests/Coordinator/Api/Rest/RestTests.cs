using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Coordinator.Api;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.SiteAgent.Gateway;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Coordinator.Api;

/// <summary>What people do, by REST: one request of each shape that the transcoder knows, and what each kind of fault looks like.</summary>
public sealed class RestTests : IAsyncLifetime
{
    private RunningCoordinator _coordinator = null!;
    private Person _admin = null!;
    private BareClient _client = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _coordinator = await RunningCoordinator.StartAsync();
        _admin = await Person.EnrolAsync(_coordinator, Roles.Admin, "ada");
        _client = new BareClient(_coordinator, _admin.Identity.Certificate);
    }

    [Fact]
    public async Task Invitation_that_rest_hands_out_can_be_redeemed()
    {
        var reply = await JsonAsync(HttpMethod.Post, "/v1/invitations", """{"subject": {"kind": "KIND_PERSON", "role": "ROLE_AUDITOR", "name": "eve"}, "validHours": 1}""");

        using var eve = await _coordinator.RedeemAsync((string)reply["invitation"]!, worker: null);
        Assert.Equal("eve", eve.Name);
    }

    [Fact]
    public async Task Members_are_listed_with_long_numbers_as_text()
    {
        var member = (JsonObject)(await JsonAsync(HttpMethod.Get, "/v1/members"))["members"]![0]!;

        Assert.Equal(("ada", "STATE_ENROLLED"), ((string)member["subject"]!["name"]!, (string)member["state"]!));
        Assert.True(long.TryParse((string)member["certificateNotAfterUnixSeconds"]!, out var notAfter) && notAfter > 0);
    }

    [Fact]
    public async Task Study_is_watched_as_one_line_of_json_for_each_summary()
    {
        var study = BenchmarkStudy.For("north");
        await _admin.SubmitAsync(study);

        using var response = await _client.AskAsync(HttpMethod.Get, $"/v1/studies/{study.Digest}/summaries");
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(Stop));

        Assert.Equal(study.Digest.ToString(), (string)JsonNode.Parse((await lines.ReadLineAsync(Stop))!)!["digest"]!);
    }

    [Fact]
    public async Task Audit_log_is_read_as_lines()
    {
        using var response = await _client.AskAsync(HttpMethod.Get, "/v1/audit");
        var lines = (await response.Content.ReadAsStringAsync(Stop)).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(File.ReadAllLines(_coordinator.PathOf("audit.log")), lines.Select(line => (string)JsonNode.Parse(line)!["json"]!));
    }

    [Theory]
    [InlineData("GET", "/v1/runs/none/events", null, 404, "RUN_UNKNOWN")]
    [InlineData("GET", "/v1/models/none/files/results/any", null, 404, "MODEL_UNKNOWN")]
    [InlineData("POST", "/v1/lines/heart/versions/1.0.0/rollback", """{"reason": "worse"}""", 409, "STAGE_REFUSED")]
    [InlineData("POST", "/v1/invitations", """{"subject": """, 400, "REQUEST_INVALID")]
    [InlineData("POST", "/v1/invitations", """{"validHours": "many"}""", 400, "REQUEST_INVALID")]
    [InlineData("GET", "/v1/runs/none/events?fromSequence=x", null, 400, "REQUEST_INVALID")]
    [InlineData("GET", "/v1/nothing", null, 404, "CALL_UNKNOWN")]
    public async Task Fault_is_a_problem_of_the_catalogue(string verb, string path, string? body, int status, string code)
    {
        using var response = await _client.AskAsync(HttpMethod.Parse(verb), path, body is null ? null : Json(body));
        var problem = JsonNode.Parse(await response.Content.ReadAsStringAsync(Stop))!;

        Assert.Equal((status, "application/problem+json"), ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        Assert.Equal((code, code), ((string)problem["code"]!, response.Headers.GetValues(FaultWriter.Header).Single()));
        Assert.Equal((status, Fault.All.Single(fault => fault.Code == code).Sentence), ((int)problem["status"]!, (string)problem["title"]!));
        Assert.Equal($"urn:fcml:fault:{code}", (string)problem["type"]!);
    }

    [Fact]
    public async Task Detail_of_a_fault_stands_beside_its_sentence()
    {
        using var response = await _client.AskAsync(HttpMethod.Post, "/v1/lines/heart/versions/new/rollback", Json("""{"reason": "worse"}"""));

        Assert.StartsWith("'new' is no version", (string)JsonNode.Parse(await response.Content.ReadAsStringAsync(Stop))!["detail"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    public async Task Body_that_a_page_of_another_site_can_post_is_refused(string type)
    {
        using var response = await _client.AskAsync(HttpMethod.Post, "/v1/revocations", new StringContent("""{"subject": {"kind": "KIND_PERSON", "role": "ROLE_ADMIN", "name": "ada"}}""", Encoding.UTF8, type));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task Body_longer_than_a_message_may_be_is_refused()
    {
        using var response = await _client.AskAsync(HttpMethod.Post, "/v1/invitations", Json($$$"""{"subject": {"name": "{{{new string('a', 5 << 20)}}}"}}"""));

        Assert.Equal("REQUEST_INVALID", response.Headers.GetValues(FaultWriter.Header).Single());
    }

    [Fact]
    public async Task Stream_that_breaks_off_ends_with_a_problem()
    {
        var study = BenchmarkStudy.For("north");
        await _admin.SubmitAsync(study);
        using var response = await _client.AskAsync(HttpMethod.Get, $"/v1/studies/{study.Digest}/summaries");
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(Stop));
        await lines.ReadLineAsync(Stop);

        var stopped = _coordinator.StopAsync();

        Assert.Equal("COORDINATOR_STOPPING", (string)JsonNode.Parse((await lines.ReadLineAsync(Stop))!)!["code"]!);
        await stopped;
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        _admin.Dispose();
        await _coordinator.DisposeAsync();
    }

    private async Task<JsonObject> JsonAsync(HttpMethod method, string path, string? body = null)
    {
        using var response = await _client.AskAsync(method, path, body is null ? null : Json(body));
        var text = await response.Content.ReadAsStringAsync(Stop);
        Assert.True(response.IsSuccessStatusCode, text);
        return (JsonObject)JsonNode.Parse(text)!;
    }

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");
}
