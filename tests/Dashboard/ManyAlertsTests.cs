using FederatedClinicalMl.Coordinator.Audit;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Monitoring;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace FederatedClinicalMl.Tests.Dashboard;

/// <summary>A thousand alerts at once, on the page.</summary>
[Collection("pages, one browser at a time")]
public sealed class ManyAlertsTests(Chromium chromium) : IClassFixture<Chromium>
{
    private const int Many = 1000;

    [Fact]
    public async Task Thousand_alerts_are_shown_by_the_newest_hundred_or_whole_and_are_acknowledged_together()
    {
        var desk = chromium.Federation.Coordinator.Service<MonitoringDesk>();
        desk.Observe(board =>
        {
            for (var i = 0; i < Many; i++)
            {
                board.Take(new Fact(MonitoredSignal.ModelWithdrawn, Subject.Of(("line", "heart-disease"), ("site", $"site-{i}"), ("version", "9.0.0"), ("reason", "calibration")), DateTimeOffset.UnixEpoch, 1));
                board.Take(new Fact(MonitoredSignal.SiteDeclined, Subject.Of(("site", $"site-{i}"), ("reason", "Policy")), DateTimeOffset.UnixEpoch, 1));
            }
        });
        var incident = Assert.Single(desk.Book.Incidents.Values);
        Assert.Equal(Many, incident.Alerts.Length);

        var (page, faults) = await chromium.SignInAsync(Roles.Researcher);
        await page.GotoAsync(new Uri(chromium.Federation.Coordinator.Dashboard, "/alerts").AbsoluteUri);
        await Browser.LiveAsync(page);
        var (alerts, entries) = (page.GetByRole(AriaRole.Region, new() { NameRegex = OpenAlerts() }).Last.Locator("tbody tr"), page.Locator("ol li"));
        await Expect(alerts).ToHaveCountAsync(100);
        await Expect(entries).ToHaveCountAsync(100);
        await Expect(alerts.First.GetByRole(AriaRole.Rowheader)).ToHaveTextAsync($"{incident.Alerts[^1]}"); // the newest of the gravest

        await page.GetByRole(AriaRole.Link, new() { Name = $"Show all {Many} entries" }).ClickAsync();
        await Browser.LiveAsync(page);
        await Expect(entries).ToHaveCountAsync(Many);
        await Expect(alerts).ToHaveCountAsync(desk.Book.Open.Count);

        await page.GetByText("Acknowledge all", new() { Exact = true }).ClickAsync();
        await page.Locator($"#acknowledge-{incident.Number}").FillAsync("The vendor's update");
        await page.GetByRole(AriaRole.Button, new() { Name = $"Acknowledge all of incident {incident.Number}" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("You see to all of them.");
        Assert.All(incident.Alerts, number => Assert.Equal("The vendor's update", desk.Book.Open[number].Acknowledged!.Reason));
        Assert.All(desk.Book.Open.Values.Where(alert => alert.Key.Rule == "site-declined"), alert => Assert.Null(alert.Acknowledged));

        await Browser.LiveAsync(page);
        await page.GetByText("Acknowledge all of a rule", new() { Exact = true }).First.ClickAsync();
        await page.GetByLabel("Rule of the alerts").SelectOptionAsync("site-declined");
        await page.Locator("#acknowledge-rule-reason").FillAsync("Known");
        await page.GetByRole(AriaRole.Button, new() { Name = "Acknowledge all of a rule" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("You see to all of them.");
        Assert.All(desk.Book.Open.Values.Where(alert => alert.Key.Rule == "site-declined"), alert => Assert.Equal("Known", alert.Acknowledged!.Reason));
        Assert.Equal(2, chromium.Federation.Coordinator.Service<AuditTrail>().Entries().Count(entry => entry.Kind == "alerts-acknowledged"));
        Assert.Empty(faults);
    }

    private static System.Text.RegularExpressions.Regex OpenAlerts() => new("^[0-9]+ open alerts$");
}
