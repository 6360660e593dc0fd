using System.Net;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.SiteAgent.StewardConsole;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace FederatedClinicalMl.Tests.StewardConsole;

/// <summary>Pages that follow the worker, and what is counted in their frame.</summary>
public sealed class LiveTests(Chromium chromium) : IClassFixture<Chromium>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Stream_says_at_once_and_at_each_change_that_there_is_one_and_nothing_else()
    {
        await using var running = await RunningConsole.StartAsync();
        using var browser = await running.SignedInAsync();
        using var stream = new StreamReader(await browser.GetStreamAsync(new Uri(running.Home, Routes.Changes), Stop));

        Assert.Equal("event: changed", await LineAsync());
        Assert.Equal("data: ", await LineAsync());
        Assert.Equal("", await LineAsync());
        await running.Worker.Watched.Task.WaitAsync(Stop);
        running.Worker.Tell();

        Assert.Equal("event: changed", await LineAsync());

        async Task<string?> LineAsync() => await stream.ReadLineAsync(Stop);
    }

    [Fact]
    public async Task Worker_that_does_not_answer_is_a_change_and_is_asked_again()
    {
        await using var running = await RunningConsole.StartAsync(hasWorker: false);
        using var browser = await running.SignedInAsync();
        using var stream = new StreamReader(await browser.GetStreamAsync(new Uri(running.Home, Routes.Changes), Stop));

        Assert.Equal("event: changed", await stream.ReadLineAsync(Stop));
    }

    [Fact]
    public async Task Nobody_follows_without_a_session()
    {
        await using var running = await RunningConsole.StartAsync();
        using var browser = RunningConsole.Browser();
        using var reply = await browser.GetAsync(new Uri(running.Home, Routes.Changes), Stop);
        Assert.Equal((HttpStatusCode.Redirect, 0), (reply.StatusCode, running.Worker.Asked.Count));
    }

    [Fact]
    public async Task Page_that_follows_keeps_no_session_open_that_nobody_uses()
    {
        await using var running = await RunningConsole.StartAsync();
        using var browser = await running.SignedInAsync();
        running.Time.Advance(TimeSpan.FromMinutes(40));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(byItself: true));

        running.Time.Advance(TimeSpan.FromMinutes(40));

        Assert.Equal(HttpStatusCode.Redirect, await StatusAsync(byItself: true));

        async Task<HttpStatusCode> StatusAsync(bool byItself)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(running.Home, Routes.Ledger));
            if (byItself)
                request.Headers.Add("Sec-Fetch-Dest", "empty");
            using var reply = await browser.SendAsync(request, Stop);
            return reply.StatusCode;
        }
    }

    [Fact]
    public async Task What_came_of_a_decision_is_left_for_the_person_who_made_it()
    {
        await using var running = await RunningConsole.StartAsync();
        using var browser = await running.SignedInAsync();
        using var done = await running.SendAsync(browser, Routes.Models, "models/stop", ("note", "odd scores"));
        Assert.Equal(HttpStatusCode.SeeOther, done.StatusCode);
        using var byItself = new HttpRequestMessage(HttpMethod.Get, new Uri(running.Home, Routes.Ledger));
        byItself.Headers.Add("Sec-Fetch-Dest", "empty");
        using var reply = await browser.SendAsync(byItself, Stop);
        Assert.DoesNotContain("is stopped: nothing of it answers", await reply.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);

        Assert.Contains("is stopped: nothing of it answers", await running.ReadAsync(browser, Routes.Ledger), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Frame_of_every_page_counts_studies_keys_profiles_and_data_sets_with_values_that_wait()
    {
        await using var running = await RunningConsole.StartAsync();
        using var browser = await running.SignedInAsync();
        const string Badge = "<span class=\"waits\">{0}<span class=\"hidden\"> wait for you</span>";
        foreach (var path in PageTests.All)
            Assert.Contains(string.Format(null, Badge, 4), Nav(await running.ReadAsync(browser, path)), StringComparison.Ordinal); // two studies, one key, one data set

        running.Worker.Studies = ProfileAskedFor();

        var asked = await running.ReadAsync(browser, "");
        Assert.Contains(string.Format(null, Badge, 5), Nav(asked), StringComparison.Ordinal);
        Assert.Contains($"<a href=\"{Routes.Profile(SeededWorker.Approved)}\">Look at it</a>", asked, StringComparison.Ordinal);
        Assert.Contains("profile waits for you</dt><dd class=\"value\">1", asked, StringComparison.Ordinal);
        Assert.Contains("flagged values wait for you</dt><dd class=\"value\">4031", asked, StringComparison.Ordinal);
        Assert.Contains($"<a href=\"{Routes.Quality("ehr")}\">By rule, and how they are decided</a>", asked, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("left", true)]
    [InlineData("models", true)]
    [InlineData("left?check=yes", false)]
    [InlineData($"left/{SeededWorker.Prepared}", false)]
    [InlineData("drift?study=heart-disease", false)]
    [InlineData("quality/ehr", false)]
    public async Task Only_pages_that_cost_nothing_to_show_follow(string path, bool follows)
    {
        await using var running = await RunningConsole.StartAsync();
        using var browser = await running.SignedInAsync();
        Assert.Equal(follows, (await running.ReadAsync(browser, path)).Contains("assets/live.js", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Page_shows_what_has_changed_without_being_asked_and_leaves_what_somebody_is_at()
    {
        var (page, faults) = await chromium.SignInAsync();
        var worker = chromium.Running.Worker;
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Look at it" })).ToHaveCountAsync(0);
        await worker.Watched.Task.WaitAsync(Stop);

        worker.Studies = ProfileAskedFor();
        worker.Tell();

        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Look at it" })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Asked of us 5 wait for you" })).ToBeVisibleAsync();

        await page.GotoAsync(new Uri(chromium.Running.Home, Routes.Models).AbsoluteUri);
        await page.GetByLabel("STOP: heart-disease").ClickAsync();
        await page.GetByLabel("Why; whoever asks for a score reads it").First.FillAsync("odd scores");
        var serving = worker.Serving;
        worker.Serving = new ServingReply(serving) { Lines = { new ServedLine { Line = "new-line" } } };
        worker.Tell();

        await Expect(page.GetByText("Something on this page has changed meanwhile.")).ToBeVisibleAsync();
        await Expect(page.GetByLabel("Why; whoever asks for a score reads it").First).ToHaveValueAsync("odd scores");
        await Expect(page.GetByText("new-line")).ToHaveCountAsync(0);
        await page.GetByRole(AriaRole.Link, new() { Name = "Load it again" }).ClickAsync();
        await Expect(page.GetByText("new-line").First).ToBeVisibleAsync();

        Assert.Empty(faults);
        (worker.Serving, worker.Studies) = (serving, SeededWorker.Studies);
        await page.Context.CloseAsync();
    }

    private static string Nav(string page) => page[page.IndexOf("<nav", StringComparison.Ordinal)..page.IndexOf("</nav>", StringComparison.Ordinal)];

    private static ListStudiesReply ProfileAskedFor()
    {
        var studies = SeededWorker.Studies.Clone();
        studies.Studies.Single(study => study.Digest == SeededWorker.Approved).ProfileWaits = true;
        return studies;
    }
}
