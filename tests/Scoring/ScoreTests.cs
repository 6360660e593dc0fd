using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.SiteAgent.Scoring;

namespace FederatedClinicalMl.Tests.Scoring;

public sealed class ScoreTests
{
    private static readonly Entry s_first = Models.Entry(1);

    [Fact]
    public async Task Score_is_that_of_the_managed_path_and_names_the_version()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first]);
        var answer = await site.ScoreAsync("p1", age: 71.5, pressure: 150, pain: 3);

        Assert.Equal(s_first.Expected(71.5, 150, 3)!.Value, answer["score"]!.GetValue<double>(), 1e-6);
        Assert.Equal("2.0.0", answer["version"]!.GetValue<string>());
        Assert.Equal(s_first.Model.ToString(), answer["model"]!.GetValue<string>());
        Assert.Equal("production", answer["mode"]!.GetValue<string>());
        Assert.Null(answer["reason"]);
        Assert.StartsWith("20261126-", answer["prediction"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Score_missing_and_implausible_values_are_named_and_count_as_missing()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first]);
        var answer = await site.ScoreAsync("p1", age: null, pressure: 150, pain: 9);

        Assert.Equal(["age"], answer["missing"]!.AsArray().Select(name => name!.GetValue<string>()));
        Assert.Equal(["pain"], answer["implausible"]!.AsArray().Select(name => name!.GetValue<string>()));
        Assert.Equal(s_first.Expected(double.NaN, 150, double.NaN)!.Value, answer["score"]!.GetValue<double>(), 1e-6);
    }

    [Fact]
    public async Task Score_without_a_value_that_must_be_there_is_none_and_says_why()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first]);
        var answer = await site.ScoreAsync("p1", pressure: 9999);

        Assert.Null(answer["score"]);
        Assert.Equal("missing", answer["reason"]!["code"]!.GetValue<string>());
        Assert.Contains("pressure", answer["reason"]!["text"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.DoesNotContain("9999", answer.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_are_answered_in_their_order()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first]);
        var rows = new JsonArray([.. Enumerable.Range(0, 20).Select(i => new JsonObject { ["patient"] = $"p{i}", ["features"] = new JsonObject { ["age"] = 40 + i, ["pressure"] = "140.0" } })]);
        var answers = (await site.PostAsync("/v1/models/heart/score", new JsonObject { ["rows"] = rows }))["answers"]!.AsArray();

        Assert.Equal(20, answers.Count);
        for (var i = 0; i < answers.Count; i++)
            Assert.Equal(s_first.Expected(40 + i, 140, double.NaN)!.Value, answers[i]!["score"]!.GetValue<double>(), 1e-6);
    }

    [Theory]
    [InlineData("{", "not JSON")]
    [InlineData("[]", "object")]
    [InlineData("""{"patient":"p"}""", "either")]
    [InlineData("""{"patient":"","features":{}}""", "patient")]
    [InlineData("""{"patient":"p","features":{"secret":7}}""", "Known: age, pain, pressure")]
    [InlineData("""{"patient":"p","features":{"age":1,"age":2}}""", "twice")]
    [InlineData("""{"patient":"p","features":{"age":"secret"}}""", "age must be a number")]
    [InlineData("""{"patient":"p","features":{"age":true}}""", "age must be a number")]
    [InlineData("""{"patient":"p","features":{},"secret":1}""", "not known")]
    [InlineData("""{"patient":"p","at":"2026-01-01T00:00:00","features":{}}""", "offset")]
    [InlineData("""{"patient":"p","bundle":{"resourceType":"Bundle"}}""", "columns of a table")]
    [InlineData("""{"rows":[]}""", "rows")]
    [InlineData("""{"rows":[{"patient":"p","features":{}}],"secret":1}""", "no other field")]
    public async Task Call_that_is_something_else_is_refused_without_a_word_of_it(string body, string says)
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first]);
        using var response = await site.Client.PostAsync(new Uri("/v1/models/heart/score", UriKind.Relative), new StringContent(body, Encoding.UTF8, "application/json"), Site.Stop);
        var text = await response.Content.ReadAsStringAsync(Site.Stop);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(says, JsonNode.Parse(text)!["detail"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.DoesNotContain("secret", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Line_that_is_not_there_is_not_found()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first]);
        await site.PostAsync("/v1/models/other/score", new JsonObject(), status: 404);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Bearer ")]
    [InlineData("Bearer wrong")]
    [InlineData("Basic ZWhyOmVocg==")]
    public async Task Call_without_a_clients_key_is_refused(string? header)
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first]);
        site.Client.DefaultRequestHeaders.Authorization = header is null ? null : AuthenticationHeaderValue.Parse(header);
        foreach (var path in new[] { "/v1/models", "/v1/models/heart", "/openapi/v1.json", "/cds-services" })
            Assert.Equal(HttpStatusCode.Unauthorized, (await site.Client.GetAsync(new Uri(path, UriKind.Relative), Site.Stop)).StatusCode);
        await site.PostAsync("/v1/models/heart/score", new JsonObject(), status: 401);
        Assert.Equal(HttpStatusCode.OK, (await site.Client.GetAsync(new Uri("/health/live", UriKind.Relative), Site.Stop)).StatusCode);
    }

    [Fact]
    public async Task Key_that_was_removed_is_refused_without_a_restart()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first]);
        await site.ScoreAsync("p1");
        File.WriteAllText(site.Folder.Clients, ClientKeys.Empty.ToYaml());
        site.Time.Advance(TimeSpan.FromSeconds(1));

        await site.PostAsync("/v1/models/heart/score", new JsonObject(), status: 401);
    }

    [Fact]
    public async Task Client_beyond_its_rate_is_told_when_to_come_again()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first], "burst: 3\nrequests-per-minute: 1\n");
        for (var i = 0; i < 3; i++)
            await site.ScoreAsync("p1");
        using var response = await site.Client.GetAsync(new Uri("/v1/models", UriKind.Relative), Site.Stop);

        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.InRange(response.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
    }

    [Fact]
    public async Task Nothing_of_a_patient_is_in_logs_or_in_the_workers_half()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first, candidate: Models.Entry(2)), [s_first, Models.Entry(2)]);
        await site.ScoreAsync("pseudonym-of-somebody", age: 61.0625);
        await site.PostAsync("/v1/models/heart/score", new JsonObject { ["patient"] = "pseudonym-of-somebody", ["features"] = new JsonObject { ["pseudonym-of-somebody"] = 1 } }, status: 400);
        await site.PostAsync("/v1/models/heart/stop", new JsonObject { ["reason"] = "pseudonym-of-somebody was scored 61.0625" });
        Assert.NotEmpty(await site.PredictionsAsync());
        await site.EndAsync();

        var text = site.OpenText();
        Assert.Contains("stopped at this site", text, StringComparison.Ordinal);
        Assert.DoesNotContain("pseudonym-of", text, StringComparison.Ordinal);
        Assert.DoesNotContain("61.0625", text, StringComparison.Ordinal);
        foreach (var file in Directory.GetFiles(Path.Join(site.Folder.Root, "predictions")))
            Assert.DoesNotContain("pseudonym-of", File.ReadAllText(file), StringComparison.Ordinal);
    }
}
