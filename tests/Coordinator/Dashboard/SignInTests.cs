using System.Net;
using System.Net.WebSockets;
using FederatedClinicalMl.Coordinator.Audit;
using FederatedClinicalMl.Coordinator.Dashboard;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Protos.Federation;
using Member = FederatedClinicalMl.Coordinator.Enrolment.Member;

namespace FederatedClinicalMl.Tests.Coordinator.Dashboard;

/// <summary>How one comes in, how long one stays, and how one is put out: over HTTP, on the production host.</summary>
public sealed class SignInTests : IAsyncLifetime
{
    private static readonly DashboardListener s_loopback = new(new IPEndPoint(IPAddress.Loopback, 0));

    private readonly ShiftedTime _time = new(TimeSpan.Zero);
    private RunningCoordinator _coordinator = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _coordinator = await RunningCoordinator.StartAsync(time: _time, dashboard: s_loopback);

    public ValueTask DisposeAsync() => _coordinator.DisposeAsync();

    [Fact]
    public async Task Link_opens_the_dashboard_once_for_the_person_who_has_shown_a_certificate()
    {
        var link = await LinkAsync(Roles.Auditor, "ann");
        using var browser = new Browser(_coordinator.Dashboard);

        using (var opened = await browser.GetAsync(link))
        {
            Assert.Equal((HttpStatusCode.Redirect, "/"), (opened.StatusCode, opened.Headers.Location?.OriginalString));
            var cookie = Assert.Single(opened.Headers.GetValues("Set-Cookie"));
            Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        }

        Assert.StartsWith("certificate ", (string?)_coordinator.Service<AuditTrail>().Entries().Single(entry => entry.Kind == "dashboard-signed-in").Body[AuditTrail.Credential], StringComparison.Ordinal);
        var page = await browser.ReadAsync("/");
        Assert.Contains("<span class=\"role\">auditor</span> ann", page, StringComparison.Ordinal);
        using var other = new Browser(_coordinator.Dashboard);
        using var again = await other.GetAsync(link);
        Assert.Equal(HttpStatusCode.Forbidden, again.StatusCode);
        Assert.Empty(other.Cookies.GetAllCookies());
    }

    [Fact]
    public async Task Link_that_is_late_or_was_replaced_or_made_up_opens_nothing()
    {
        using var person = await Person.EnrolAsync(_coordinator, Roles.Researcher, "rosalind");
        var first = (await person.Calls.SignInAsync(new SignInRequest(), cancellationToken: Stop)).Link;
        var late = (await person.Calls.SignInAsync(new SignInRequest(), cancellationToken: Stop)).Link;
        using var browser = new Browser(_coordinator.Dashboard);

        await RefusedAsync(first);
        await RefusedAsync($"/sign-in?code={new string('A', 22)}");
        _time.Shift += SignInLinks.Valid + TimeSpan.FromSeconds(1);
        await RefusedAsync(late);

        async Task RefusedAsync(string link)
        {
            using var answer = await browser.GetAsync(link);
            Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
            Assert.Empty(browser.Cookies.GetAllCookies());
        }
    }

    [Fact]
    public void Session_of_who_came_by_a_token_ends_with_the_token()
    {
        var (links, sessions) = (new SignInLinks(_time) { Dashboard = new Uri("http://127.0.0.1:1/") }, new DashboardSessions(_time));
        var ends = _time.GetUtcNow() + TimeSpan.FromMinutes(10);
        var (link, _) = links.Make(new Member(Roles.Admin, "ada@issuer"), ends);
        var (person, until) = links.Redeem(link[(link.IndexOf('=', StringComparison.Ordinal) + 1)..])!.Value;
        var cookie = sessions.Open(person, until);

        _time.Shift += TimeSpan.FromMinutes(9);
        Assert.NotNull(sessions.Find(cookie));
        _time.Shift += TimeSpan.FromMinutes(2);
        Assert.Null(sessions.Find(cookie));
    }

    [Fact]
    public async Task Session_ends_an_hour_after_the_last_request_and_after_twelve_hours_in_any_case()
    {
        using var idle = await SignedInAsync(Roles.Admin, "ada");
        using var busy = await SignedInAsync(Roles.Admin, "grace");

        _time.Shift += DashboardSessions.LongestIdle - TimeSpan.FromMinutes(1);
        await busy.ReadAsync("/");
        _time.Shift += TimeSpan.FromMinutes(2);
        await SignedOutAsync(idle);
        for (var hour = 1; hour < 12; hour++)
        {
            await busy.ReadAsync("/");
            _time.Shift += TimeSpan.FromMinutes(59);
        }

        _time.Shift += TimeSpan.FromMinutes(15);
        await SignedOutAsync(busy);
    }

    [Fact]
    public async Task Revocation_ends_a_persons_sessions_links_and_live_pages_at_once()
    {
        using var person = await Person.EnrolAsync(_coordinator, Roles.Auditor, "ann");
        using var browser = new Browser(_coordinator.Dashboard);
        (await browser.GetAsync((await person.Calls.SignInAsync(new SignInRequest(), cancellationToken: Stop)).Link)).Dispose();
        var link = (await person.Calls.SignInAsync(new SignInRequest(), cancellationToken: Stop)).Link;
        using var live = await OpenLiveAsync(browser, _coordinator.Dashboard.GetLeftPart(UriPartial.Authority));

        await _coordinator.RevokeAsync(new Member(Roles.Auditor, "ann"));

        await Assert.ThrowsAsync<WebSocketException>(async () => await live.ReceiveAsync(new byte[1024], Stop));
        await SignedOutAsync(browser);
        using var late = await browser.GetAsync(link);
        Assert.Equal(HttpStatusCode.Forbidden, late.StatusCode);
    }

    [Fact]
    public async Task Live_page_is_opened_by_a_page_of_the_dashboard_only_and_with_a_session_only()
    {
        using var browser = await SignedInAsync(Roles.Admin, "ada");
        using var nobody = new Browser(_coordinator.Dashboard);
        var ours = _coordinator.Dashboard.GetLeftPart(UriPartial.Authority);

        (await OpenLiveAsync(browser, ours)).Dispose();
        await Assert.ThrowsAsync<WebSocketException>(() => OpenLiveAsync(browser, "http://127.0.0.1:1"));
        await Assert.ThrowsAsync<WebSocketException>(() => OpenLiveAsync(browser, "https://elsewhere.example"));
        await Assert.ThrowsAsync<WebSocketException>(() => OpenLiveAsync(nobody, ours));
    }

    [Fact]
    public async Task Session_has_a_bounded_number_of_live_pages()
    {
        using var browser = await SignedInAsync(Roles.Admin, "ada");
        var ours = _coordinator.Dashboard.GetLeftPart(UriPartial.Authority);
        var open = new List<ClientWebSocket>();
        for (var page = 0; page < DashboardSession.MostLivePages; page++)
            open.Add(await OpenLiveAsync(browser, ours));

        await Assert.ThrowsAsync<WebSocketException>(() => OpenLiveAsync(browser, ours));
        open.ForEach(page => page.Dispose());
    }

    [Fact]
    public async Task Signing_out_ends_the_session_and_needs_the_pages_token()
    {
        using var browser = await SignedInAsync(Roles.Clinician, "cleo");

        using (var forged = await browser.PostAsync("/sign-out"))
            Assert.Equal(HttpStatusCode.BadRequest, forged.StatusCode);
        await browser.ReadAsync("/");
        using (var done = await browser.PostAsync("/", "/sign-out"))
            Assert.Equal(HttpStatusCode.SeeOther, done.StatusCode);
        await SignedOutAsync(browser);
    }

    [Fact]
    public async Task Dashboard_beyond_loopback_speaks_TLS_with_the_coordinators_certificate()
    {
        await using var coordinator = await RunningCoordinator.StartAsync(dashboard: new DashboardListener(new IPEndPoint(IPAddress.Any, 0)));
        Assert.Equal(Uri.UriSchemeHttps, coordinator.Dashboard.Scheme);
        using var browser = new Browser(coordinator.Dashboard);
        using var person = await Person.EnrolAsync(coordinator, Roles.Admin, "ada");
        using var opened = await browser.GetAsync((await person.Calls.SignInAsync(new SignInRequest(), cancellationToken: Stop)).Link);

        Assert.StartsWith("__Host-fcml-session=", opened.Headers.GetValues("Set-Cookie").Single(), StringComparison.Ordinal);
        Assert.Contains("; secure", opened.Headers.GetValues("Set-Cookie").Single(), StringComparison.OrdinalIgnoreCase);
        Assert.NotNull(browser.Shown);
        using var plain = new Browser(new UriBuilder(coordinator.Dashboard) { Scheme = Uri.UriSchemeHttp }.Uri);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => plain.GetAsync("/"));
    }

    [Fact]
    public async Task Coordinator_without_a_dashboard_gives_no_link()
    {
        await using var coordinator = await RunningCoordinator.StartAsync();
        using var person = await Person.EnrolAsync(coordinator, Roles.Admin, "ada");

        Assert.Equal("DASHBOARD_OFF", await Person.FaultOfAsync(async () => await person.Calls.SignInAsync(new SignInRequest(), cancellationToken: Stop)));
    }

    [Fact]
    public async Task Port_of_the_dashboard_answers_no_call_and_the_port_of_the_API_shows_no_page()
    {
        using var browser = await SignedInAsync(Roles.Admin, "ada");
        using var call = await browser.PostAsync("/", "/fcml.federation.v1.Administration/ListMembers");
        Assert.Equal(HttpStatusCode.NotFound, call.StatusCode);

        using var admin = await _coordinator.EnrolPersonAsync(Roles.Admin, "grace");
        using var api = new Api.BareClient(_coordinator, admin.Certificate);
        foreach (var path in (string[])["/", "/runs", "/sign-in", "/assets/base.css", "/_blazor"])
            Assert.Equal("CALL_UNKNOWN", await api.SendAsync(HttpMethod.Get, path));
    }

    private async Task<string> LinkAsync(Roles role, string name)
    {
        using var person = await Person.EnrolAsync(_coordinator, role, name);
        return (await person.Calls.SignInAsync(new SignInRequest(), cancellationToken: Stop)).Link;
    }

    private async Task<Browser> SignedInAsync(Roles role, string name)
    {
        var browser = new Browser(_coordinator.Dashboard);
        (await browser.GetAsync(await LinkAsync(role, name))).Dispose();
        return browser;
    }

    private static async Task SignedOutAsync(Browser browser)
    {
        using var answer = await browser.GetAsync("/");
        Assert.Equal((HttpStatusCode.Redirect, "/sign-in"), (answer.StatusCode, answer.Headers.Location?.OriginalString));
    }

    private async Task<ClientWebSocket> OpenLiveAsync(Browser browser, string origin)
    {
        var socket = new ClientWebSocket { Options = { Cookies = browser.Cookies } };
        socket.Options.SetRequestHeader("Origin", origin);
        try
        {
            await socket.ConnectAsync(new UriBuilder(_coordinator.Dashboard) { Scheme = "ws", Path = "/_blazor" }.Uri, Stop);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
