using System.Net;
using FederatedClinicalMl.Coordinator.Api;
using FederatedClinicalMl.Coordinator.Dashboard;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Protos.Federation;

namespace FederatedClinicalMl.Tests.Coordinator.Dashboard;

/// <summary>Who may see and do what on pages: what the API's table says of the call that does the same, asked for by everybody over HTTP.</summary>
public sealed class RolesTests(RolesTests.EveryRole roles) : IClassFixture<RolesTests.EveryRole>
{
    private const string Call = "/fcml.federation.v1.";

    [Theory]
    [InlineData("/", "Administration/ListMembers")]
    [InlineData("/runs", "Administration/ListRuns")]
    [InlineData("/runs/0123456789abcdef", "Administration/WatchRun")]
    [InlineData("/studies", "Administration/ListStudies")]
    [InlineData("/studies/0", "Administration/ListStudies")]
    [InlineData("/models", "Stages/ListLines")]
    [InlineData("/models/lines/heart", "Stages/ListLines")]
    [InlineData("/models/0", "Administration/ListModels")]
    [InlineData("/models/compare", "Administration/ListModels")]
    [InlineData("/quality", "Stages/GetMonitoring")]
    [InlineData("/alerts", "Monitoring/ListAlerts")]
    [InlineData("/runbooks", "Monitoring/ListAlerts")]
    [InlineData("/audit", "Administration/ReadAudit")]
    [InlineData("/audit/export", "Administration/ReadAudit")]
    public async Task Page_is_open_to_the_roles_of_its_call_and_to_nobody_else(string path, string call)
    {
        foreach (var (role, browser) in roles.All)
        {
            using var answer = await browser.GetAsync(path);
            Assert.Equal((role, Access.Table[Call + call].HasFlag(role) ? HttpStatusCode.OK : HttpStatusCode.Forbidden), (role, answer.StatusCode));
        }
    }

    [Theory]
    [InlineData("/members/invite", "Administration/Invite")]
    [InlineData("/members/revoke", "Administration/Revoke")]
    [InlineData("/runs/0123456789abcdef/control", "Administration/ControlRun")]
    [InlineData("/models/0/confirm", "Stages/ConfirmVersion")]
    [InlineData("/models/lines/heart/ask", "Stages/AskPromotion")]
    [InlineData("/models/lines/heart/approve", "Stages/ApprovePromotion")]
    [InlineData("/models/lines/heart/refuse", "Stages/RefusePromotion")]
    [InlineData("/models/lines/heart/roll-back", "Stages/RollBack")]
    [InlineData("/models/lines/heart/deprecate", "Stages/DeprecateVersion")]
    [InlineData("/models/lines/heart/retire", "Stages/RetireVersion")]
    [InlineData("/alerts/acknowledge", "Monitoring/AcknowledgeAlert")]
    [InlineData("/alerts/acknowledge-rule", "Monitoring/AcknowledgeAlert")]
    [InlineData("/alerts/incidents/acknowledge", "Monitoring/AcknowledgeAlert")]
    [InlineData("/alerts/silence", "Monitoring/SilenceAlerts")]
    [InlineData("/alerts/incidents/note", "Monitoring/NoteIncident")]
    [InlineData("/alerts/incidents/close", "Monitoring/CloseIncident")]
    [InlineData("/alerts/proposals/approve", "Monitoring/ApproveProposal")]
    [InlineData("/alerts/proposals/refuse", "Monitoring/RefuseProposal")]
    public async Task Action_is_open_to_the_roles_of_its_call_and_needs_the_token_of_a_page(string path, string call)
    {
        foreach (var (role, browser) in roles.All)
        {
            var isAllowed = Access.Table[Call + call].HasFlag(role);
            using (var forced = await browser.PostAsync("/", path, ("name", "?"), ("version", "1.0.0"), ("reason", "Why not")))
            {
                var text = await forced.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
                Assert.Equal((role, isAllowed), (role, !text.Contains("does not allow this", StringComparison.Ordinal)));
                Assert.False(forced.IsSuccessStatusCode); // for those who may: there is no such run, model or version
            }

            using var forged = await browser.PostAsync(path, ("name", "x"));
            Assert.Equal((role, isAllowed ? HttpStatusCode.BadRequest : HttpStatusCode.Forbidden), (role, forged.StatusCode));
        }
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/runs")]
    [InlineData("/audit/export")]
    [InlineData("/nowhere")]
    public async Task Nobody_who_is_not_signed_in_sees_anything_but_the_way_in(string path)
    {
        using var nobody = new Browser(roles.Dashboard);
        using var answer = await nobody.GetAsync(path);
        Assert.Equal("/sign-in", answer.Headers.Location?.OriginalString);
        Assert.Contains("fcml dashboard", await nobody.ReadAsync("/sign-in"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/sign-in")]
    [InlineData("/")]
    [InlineData("/nowhere")]
    [InlineData("/assets/base.css")]
    public async Task Every_answer_tells_the_browser_to_run_and_load_nothing_else(string path)
    {
        using var answer = await roles.All[0].Browser.GetAsync(path);
        var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains("default-src 'none'; script-src 'self'; style-src 'self';", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Equal("DENY", answer.Headers.GetValues("X-Frame-Options").Single());
        Assert.Equal("no-referrer", answer.Headers.GetValues("Referrer-Policy").Single());
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.False(answer.Headers.Contains("Server"));
    }

    [Fact]
    public async Task Form_that_another_site_sends_is_refused_whatever_it_carries()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/sign-out", UriKind.Relative));
        request.Headers.Add("Sec-Fetch-Site", "same-site"); // another port of this machine
        using var answer = await roles.All[0].Browser.SendAsync(request);
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Fact]
    public async Task Pages_link_only_to_what_their_reader_may_see()
    {
        foreach (var (role, browser) in roles.All)
        {
            var page = await browser.ReadAsync("/");
            Assert.Equal((role, Access.Table[Call + "Administration/ReadAudit"].HasFlag(role)), (role, page.Contains("href=\"/audit\"", StringComparison.Ordinal)));
            Assert.Equal((role, Access.Table[Call + "Administration/Invite"].HasFlag(role)), (role, page.Contains("/members/invite", StringComparison.Ordinal)));
        }
    }

    /// <summary>A coordinator with somebody of each role signed in.</summary>
    public sealed class EveryRole : IAsyncLifetime
    {
        private static readonly Roles[] s_people = [Roles.Admin, Roles.Researcher, Roles.Auditor, Roles.Clinician];

        private readonly List<(Roles Role, Browser Browser)> _all = [];
        private RunningCoordinator _coordinator = null!;

        internal IReadOnlyList<(Roles Role, Browser Browser)> All => _all;

        internal Uri Dashboard => _coordinator.Dashboard;

        public async ValueTask InitializeAsync()
        {
            _coordinator = await RunningCoordinator.StartAsync(dashboard: new DashboardListener(new IPEndPoint(IPAddress.Loopback, 0)));
            foreach (var role in s_people)
            {
                using var person = await Person.EnrolAsync(_coordinator, role, $"{role}".ToLowerInvariant());
                var browser = new Browser(_coordinator.Dashboard);
                (await browser.GetAsync((await person.Calls.SignInAsync(new SignInRequest())).Link)).Dispose();
                _all.Add((role, browser));
            }
        }

        public async ValueTask DisposeAsync()
        {
            _all.ForEach(one => one.Browser.Dispose());
            await _coordinator.DisposeAsync();
        }
    }
}
