using System.Text.RegularExpressions;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Monitoring;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace FederatedClinicalMl.Tests.Dashboard;

/// <summary>What people do with the pages, in a browser, by role.</summary>
[Collection("pages, one browser at a time")]
public sealed partial class ClickPathTests(Chromium chromium) : IClassFixture<Chromium>
{
    [Fact]
    public async Task Admin_sees_who_is_here_and_invites_a_researcher()
    {
        var (page, faults) = await chromium.SignInAsync(Roles.Admin);

        await Expect(page.GetByRole(AriaRole.Row, new() { NameRegex = Switzerland() }).First).ToContainTextAsync("not connected");
        await Expect(page.GetByText("3 of 4").First).ToBeVisibleAsync();
        await Browser.LiveAsync(page);
        await page.GetByLabel("As").SelectOptionAsync("researcher");
        await page.GetByLabel("Name").FillAsync("lise");
        await page.GetByRole(AriaRole.Button, new() { Name = "Invite", Exact = true }).ClickAsync();

        await Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("An invitation for researcher lise");
        await Expect(page.GetByLabel("To copy, now:")).ToHaveValueAsync(Invitation());
        await page.ReloadAsync();
        Assert.Equal(0, await page.GetByLabel("To copy, now:").CountAsync()); // it is shown once
        Assert.Empty(faults);
    }

    [Fact]
    public async Task Run_page_follows_the_journal_without_being_asked_for_again()
    {
        var (page, faults) = await chromium.SignInAsync(Roles.Researcher);
        await page.GetByRole(AriaRole.Link, new() { Name = "Runs", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = SeededFederation.LiveRun.Value }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 2, NameRegex = Round7() })).ToBeVisibleAsync();
        await Browser.LiveAsync(page);
        await page.EvaluateAsync("() => { window.sameDocument = true; }");

        var federation = chromium.Federation;
        var whole = federation.Make(SeededFederation.Third, SeededFederation.LiveRun, federation.LiveJournal[0].At, stopAfter: 8,
            answers: (step, site) => site.Value == "va-long-beach" && step.Round.Value == 2 ? Protos.Federation.SiteReason.WorkerUnreachable : null).Play(registry: null);
        federation.Append(SeededFederation.LiveRun, [.. whole.Skip(federation.LiveJournal.Count)]);

        await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 2, NameRegex = Round9() })).ToBeVisibleAsync();
        Assert.True(await page.EvaluateAsync<bool>("() => window.sameDocument === true"));
        Assert.Empty(faults);
    }

    [Fact]
    public async Task Clinician_agrees_to_a_promotion_lets_the_version_in_to_some_patients_and_can_do_no_more_than_that()
    {
        var (page, faults) = await chromium.SignInAsync(Roles.Clinician);
        await page.GetByRole(AriaRole.Link, new() { Name = "Models", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "heart-disease" }).First.ClickAsync();
        await Expect(page.GetByText("no clinician yet")).ToBeVisibleAsync();
        await Browser.LiveAsync(page);
        Assert.Equal(0, await page.GetByText("Retire for good").CountAsync());

        await page.GetByText("Agree", new() { Exact = true }).First.ClickAsync();
        await page.Locator("#approve-reason").FillAsync("Calibration is right where we would act.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Agree" }).ClickAsync();

        await Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("You have agreed");
        await Expect(page.GetByRole(AriaRole.Row, new() { NameRegex = Second() }).First).ToContainTextAsync("staging");
        Assert.Equal(ModelStage.Staging, chromium.Federation.Coordinator.Service<ModelLines>().Of("heart-disease").Versions.Values.Last().Stage);

        await Browser.LiveAsync(page);
        await page.GetByText("Let in", new() { Exact = true }).First.ClickAsync();
        await page.Locator("#rollout-version").SelectOptionAsync("1.1.0");
        Assert.DoesNotContain("shadow", await page.Locator("#rollout-mode").InnerTextAsync(), StringComparison.Ordinal); // which is an admin's or a researcher's to set
        await page.Locator("#rollout-mode").SelectOptionAsync("canary");
        await page.Locator("#rollout-percent").FillAsync("5");
        await page.Locator("#rollout-reason").FillAsync("Five in a hundred, for a week.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Let in" }).ClickAsync();
        await Expect(page.GetByText("It answers 5 percent of the patients")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "What sites serve" })).ToContainTextAsync("switzerland");
        Assert.Equal("canary 5 %", chromium.Federation.Coordinator.Service<ModelLines>().Of("heart-disease").Rollout!.Rollout.ToString());
        Assert.Empty(faults);
    }

    [Fact]
    public async Task Clinician_reads_at_which_site_inputs_drift_and_where_the_model_gets_worse()
    {
        var (page, faults) = await chromium.SignInAsync(Roles.Clinician);
        await page.GotoAsync(new Uri(chromium.Federation.Coordinator.Dashboard, "/models/lines/heart-disease").AbsoluteUri);
        await page.GetByRole(AriaRole.Link, new() { Name = "What it does at the sites" }).ClickAsync();

        var drift = page.GetByRole(AriaRole.Region, new() { NameRegex = Stability() });
        await Expect(drift.GetByRole(AriaRole.Row, new() { NameRegex = Cleveland() })).ToContainTextAsync("▲");
        await Expect(drift.GetByRole(AriaRole.Row, new() { NameRegex = Hungarian() })).Not.ToContainTextAsync("▲");
        var joint = page.GetByRole(AriaRole.Region, new() { NameRegex = Together() });
        await Expect(joint.GetByRole(AriaRole.Row, new() { NameRegex = Cleveland() })).ToContainTextAsync("▲");
        await Expect(joint.GetByRole(AriaRole.Row, new() { NameRegex = LongBeach() })).ToContainTextAsync("(");
        var quality = page.GetByRole(AriaRole.Region, new() { NameRegex = WithoutValue() });
        await Expect(quality.GetByRole(AriaRole.Row, new() { NameRegex = Hungarian() })).ToContainTextAsync("▲");
        var sites = page.GetByRole(AriaRole.Region, new() { Name = "The newest window of each site" });
        await Expect(sites.GetByRole(AriaRole.Row, new() { NameRegex = Switzerland() })).ToContainTextAsync("no schedule is approved");
        await Expect(page.GetByRole(AriaRole.Img, new() { NameRegex = LiveAuroc() })).ToBeVisibleAsync();
        var pain = page.GetByRole(AriaRole.Region, new() { Name = "By cp, as outcomes arrive" }).Last; // the table within the section
        await Expect(pain.GetByRole(AriaRole.Row)).ToHaveCountAsync(6); // four levels, and those without one
        await Expect(pain).ToContainTextAsync("of 24 windows");
        var decisions = page.GetByRole(AriaRole.Region, new() { Name = "Right and wrong, as outcomes arrive" }).Last;
        await Expect(decisions.GetByRole(AriaRole.Row)).ToHaveCountAsync(9); // eight weeks
        await Expect(decisions).ToContainTextAsync("review (0.5)");
        Assert.Equal(0, await page.GetByText("Ask the sites now").CountAsync()); // an admin's or a researcher's
        Assert.Contains(chromium.Federation.Coordinator.Service<MonitoringDesk>().Book.Open.Values, alert => alert.Key.Rule == "input-drift" && alert.Key.Subject["site"] == "cleveland" && alert.Key.Subject["feature"] == "thalach");
        Assert.Equal(["cleveland"], chromium.Federation.Coordinator.Service<MonitoringDesk>().Book.Open.Values.Where(alert => alert.Key.Rule == "joint-drift").Select(alert => alert.Key.Subject["site"]));
        Assert.Equal(["hungarian"], chromium.Federation.Coordinator.Service<MonitoringDesk>().Book.Open.Values.Where(alert => alert.Key.Rule == "live-subgroup-gap").Select(alert => alert.Key.Subject["site"]));
        Assert.Empty(faults);
    }

    [Fact]
    public async Task Auditor_searches_the_log_and_takes_a_copy_and_is_offered_nothing_else()
    {
        var (page, faults) = await chromium.SignInAsync(Roles.Auditor);
        Assert.Equal(0, await page.GetByText("Invite").CountAsync());
        await page.GetByRole(AriaRole.Link, new() { Name = "Audit", Exact = true }).ClickAsync();
        await Expect(page.GetByText("intact", new() { Exact = true })).ToBeVisibleAsync();

        await Browser.LiveAsync(page);
        await page.GetByLabel("Kind").SelectOptionAsync(StageEntries.Approved);
        await page.GetByLabel("Who").FillAsync("clinician grace");
        await page.GetByRole(AriaRole.Button, new() { Name = "Search" }).ClickAsync();

        await Expect(page.GetByRole(AriaRole.Table)).ToContainTextAsync("a clinician reads every alarm");
        Assert.DoesNotContain("admin ada", await page.GetByRole(AriaRole.Table).InnerTextAsync(), StringComparison.Ordinal);
        var copy = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Link, new() { Name = "Export as NDJSON" }).ClickAsync());
        var exported = await File.ReadAllLinesAsync((await copy.PathAsync())!, TestContext.Current.CancellationToken);
        Assert.Equal(chromium.Federation.Coordinator.Service<FederatedClinicalMl.Coordinator.Audit.AuditTrail>().Entries().Count, exported.Length);
        Assert.Empty(faults);
    }

    [Fact]
    public async Task Researcher_reads_a_model_from_its_data_to_its_version_and_compares_it()
    {
        var (page, faults) = await chromium.SignInAsync(Roles.Researcher);
        var second = chromium.Federation.Registry.List().Single(entry => entry.Run == SeededFederation.SecondRun);
        await page.GotoAsync($"{chromium.Federation.Coordinator.Dashboard}models/{second.Digest}");
        await Expect(page.GetByText("every file and record holds")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Group, new() { Name = "Lineage" })).ToContainTextAsync("data of cleveland");

        await page.GetByRole(AriaRole.Button, new() { Name = "Compare" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Row, new() { NameRegex = LearningRate() })).ToContainTextAsync("0.15");
        Assert.Empty(faults);
    }

    [Fact]
    public async Task Researcher_sees_an_alert_come_acknowledges_it_and_closes_its_incident()
    {
        var (page, faults) = await chromium.SignInAsync(Roles.Researcher);
        await page.GetByRole(AriaRole.Link, new() { Name = "Alerts", Exact = true }).ClickAsync();
        await Browser.LiveAsync(page);
        var desk = chromium.Federation.Coordinator.Service<MonitoringDesk>();
        desk.Observe(board => board.Take(new Fact(
            MonitoredSignal.ModelWithdrawn, Subject.Of(("line", "heart-disease"), ("site", "hungary"), ("version", "9.0.0"), ("reason", "calibration")), DateTimeOffset.UnixEpoch, 1)));
        var alert = desk.Book.Open.Values.Single(open => open.Key.Rule == "model-withdrawn");

        await Expect(page.GetByRole(AriaRole.Row, new() { NameRegex = Withdrawn() })).ToContainTextAsync("critical"); // pushed, not asked for
        await page.GetByText("Acknowledge", new() { Exact = true }).First.ClickAsync();
        await page.GetByLabel("Alert", new() { Exact = true }).SelectOptionAsync($"{alert.Number}");
        await page.Locator("#acknowledge-reason").FillAsync("Calling the site");
        await page.GetByRole(AriaRole.Button, new() { Name = "Acknowledge" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Row, new() { NameRegex = Withdrawn() })).ToContainTextAsync("Calling the site");

        await page.GetByRole(AriaRole.Link, new() { Name = "Runbook of model-withdrawn" }).First.ClickAsync();
        Assert.Equal("/runbooks#model-withdrawn", new Uri(page.Url).PathAndQuery + new Uri(page.Url).Fragment);
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "model-withdrawn" })).ToContainTextAsync("fcml models rollback LINE VERSION --reason ...");
        await page.GoBackAsync();

        var incident = Assert.Single(desk.Book.Incidents.Values);
        await page.GetByText("What to do: model-withdrawn").WaitForAsync();
        await page.GetByText("Close", new() { Exact = true }).First.ClickAsync();
        await page.Locator($"#close-{incident.Number}").FillAsync("Rolled back");
        await page.GetByRole(AriaRole.Button, new() { Name = $"Close incident {incident.Number}" }).ClickAsync();
        await Expect(page.GetByText("Closed: Rolled back")).ToBeVisibleAsync();
        Assert.Empty(faults);
    }

    [Fact]
    public async Task What_a_study_says_is_shown_and_never_run()
    {
        var (page, faults) = await chromium.SignInAsync(Roles.Admin);
        foreach (var path in (string[])["studies", $"studies/{SeededFederation.HostileStudy.Digest}"])
        {
            await page.GotoAsync($"{chromium.Federation.Coordinator.Dashboard}{path}");
            await Browser.LiveAsync(page);
            await Expect(page.GetByText(SeededFederation.Hostile).First).ToBeVisibleAsync();
            Assert.True(await page.EvaluateAsync<bool>("() => window.broken === undefined && document.querySelector('main img, main script') === null"));
        }

        Assert.Empty(faults);
    }

    [Fact]
    public async Task Page_whose_connection_is_dead_says_so_and_one_whose_person_was_put_out_leads_to_the_way_in()
    {
        var (page, _) = await chromium.SignInAsync(Roles.Auditor);
        await Browser.LiveAsync(page);
        chromium.Federation.Coordinator.Service<FederatedClinicalMl.Coordinator.Dashboard.DashboardSessions>().End(new Member(Roles.Auditor, "florence"));

        await Expect(page.GetByText("No connection to the coordinator")).ToBeVisibleAsync();
        await page.ReloadAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Sign in" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Theme_that_was_chosen_stays()
    {
        var (page, faults) = await chromium.SignInAsync(Roles.Admin);
        await page.GetByRole(AriaRole.Button, new() { Name = "Light or dark" }).ClickAsync();
        await page.ReloadAsync();
        Assert.Equal("dark", await page.EvaluateAsync<string>("() => document.documentElement.dataset.theme"));
        Assert.Empty(faults);
    }

    [GeneratedRegex("model-withdrawn")]
    private static partial Regex Withdrawn();

    [GeneratedRegex("^Population stability index")]
    private static partial Regex Stability();

    [GeneratedRegex("^All numbers together")]
    private static partial Regex Together();

    [GeneratedRegex("^Rows of the newest window without a value")]
    private static partial Regex WithoutValue();

    [GeneratedRegex("^AUROC of each window")]
    private static partial Regex LiveAuroc();

    [GeneratedRegex("cleveland")]
    private static partial Regex Cleveland();

    [GeneratedRegex("va-long-beach")]
    private static partial Regex LongBeach();

    [GeneratedRegex("hungarian")]
    private static partial Regex Hungarian();

    [GeneratedRegex("switzerland")]
    private static partial Regex Switzerland();

    [GeneratedRegex(@"^fcml1\..+")]
    private static partial Regex Invitation();

    [GeneratedRegex("round 7")]
    private static partial Regex Round7();

    [GeneratedRegex("round 9")]
    private static partial Regex Round9();

    [GeneratedRegex(@"1\.1\.0")]
    private static partial Regex Second();

    [GeneratedRegex("learning-rate")]
    private static partial Regex LearningRate();
}
