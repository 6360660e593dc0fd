using System.Net;
using FederatedClinicalMl.SiteAgent.StewardConsole;

namespace FederatedClinicalMl.Tests.StewardConsole;

public sealed class EntranceTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("console.example:80")]
    [InlineData("localhost")]
    [InlineData("127.0.0.1")]
    public async Task Request_under_another_name_than_the_servers_is_refused_whatever_it_carries(string host)
    {
        await using var running = await RunningConsole.StartAsync();
        using var browser = await running.SignedInAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, running.Home);
        request.Headers.Host = host;

        using var reply = await browser.SendAsync(request, Stop);

        Assert.Equal(HttpStatusCode.MisdirectedRequest, reply.StatusCode);
        Assert.Equal(0, reply.Content.Headers.ContentLength ?? 0);
    }

    [Fact]
    public async Task Whoever_does_not_know_the_path_sees_nothing_not_even_the_way_in()
    {
        await using var running = await RunningConsole.StartAsync();
        using var browser = await running.SignedInAsync();
        foreach (var path in (string[])["/", "/sign-in", "/assets/base.css", "/models/stop"])
        {
            using var reply = await browser.GetAsync(new Uri(running.Home, path), Stop);
            Assert.Equal(HttpStatusCode.NotFound, reply.StatusCode);
        }
    }

    [Fact]
    public async Task Form_without_a_pages_token_or_from_another_site_or_without_a_session_does_nothing()
    {
        await using var running = await RunningConsole.StartAsync();
        using var browser = await running.SignedInAsync();
        (string, string)[] decision = [("digest", SeededWorker.Pending), ("note", "")];

        using var tokenless = await PostAsync(browser, decision);
        Assert.Equal(HttpStatusCode.BadRequest, tokenless.StatusCode);

        browser.DefaultRequestHeaders.Add("Sec-Fetch-Site", "same-site"); // another port of this machine
        using var foreign = await running.SendAsync(browser, $"studies/{SeededWorker.Pending}", "studies/approve");
        Assert.Equal(HttpStatusCode.Forbidden, foreign.StatusCode);

        using var nobody = RunningConsole.Browser();
        using var unknown = await PostAsync(nobody, decision);
        Assert.Equal(HttpStatusCode.Unauthorized, unknown.StatusCode);
        Assert.DoesNotContain(running.Worker.Asked, asked => asked is Protos.Steward.DecisionRequest);

        async Task<HttpResponseMessage> PostAsync(HttpClient who, IEnumerable<(string Name, string Value)> fields)
        {
            using var content = new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value)));
            return await who.PostAsync(new Uri(running.Home, "studies/approve"), content, Stop);
        }
    }

    [Fact]
    public async Task Every_answer_lets_a_browser_run_and_load_nothing_but_the_consoles_own_files()
    {
        await using var running = await RunningConsole.StartAsync();
        using var browser = await running.SignedInAsync();
        using var reply = await browser.GetAsync(running.Home, Stop);
        var policy = Assert.Single(reply.Headers.GetValues("Content-Security-Policy"));

        Assert.StartsWith("default-src 'none'; script-src 'self'; style-src 'self'", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.True(reply.Headers.CacheControl!.NoStore);
    }

    [Theory]
    [InlineData("0.0.0.0:8470")]
    [InlineData("192.0.2.4:8470")]
    [InlineData("[::]:0")]
    [InlineData("localhost:0")]
    [InlineData("")]
    public void Address_that_others_could_reach_is_refused(string listen) =>
        Assert.Contains("loopback only", Assert.Throws<ConsoleSetupException>(() => ConsoleSettings.Of("/srv/worker", null, listen)).Message, StringComparison.Ordinal);

    [Fact]
    public void Worker_is_named_once() =>
        Assert.All([(null, null), ("/a", "/b")], ((string? Folder, string? Socket) named) => Assert.Throws<ConsoleSetupException>(() => ConsoleSettings.Of(named.Folder, named.Socket, "127.0.0.1:0")));
}
