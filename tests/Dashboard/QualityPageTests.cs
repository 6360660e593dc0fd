using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace FederatedClinicalMl.Tests.Dashboard;

/// <summary>What the page of data quality tells, by site.</summary>
[Collection("pages, one browser at a time")]
public sealed class QualityPageTests(Chromium chromium) : IClassFixture<Chromium>
{
    private static readonly RunId s_late = RunId.Parse("b0000000000000d1");

    [Fact]
    public async Task Declined_steps_are_told_with_run_and_study_and_whether_the_site_joined_later_and_new_ones_come_by_themselves()
    {
        var (page, faults) = await OpenAsync();
        var declined = page.GetByRole(AriaRole.Region, new() { Name = "Declined by a site's quality gate" }).Last;
        var rows = declined.Locator("tbody tr");

        await Expect(rows.First).ToContainTextAsync("switzerland");
        await Expect(rows.First).ToContainTextAsync("evaluation of round 5");
        await Expect(rows.Last).ToContainTextAsync("training of round 4");
        await Expect(declined.GetByText("not in this run")).ToHaveCountAsync(0); // it took part in round 6
        await Expect(rows.First.GetByRole(AriaRole.Link, new() { Name = SeededFederation.FirstRun.Value })).ToHaveAttributeAsync("href", $"/runs/{SeededFederation.FirstRun}");
        await Expect(rows.First.GetByRole(AriaRole.Link, new() { Name = "heart-disease" })).ToHaveAttributeAsync("href", $"/studies/{SeededFederation.First.Digest}");
        await Expect(declined.GetByText("worker unreachable")).ToHaveCountAsync(0);
        var before = await rows.CountAsync();

        await Browser.LiveAsync(page);
        var federation = chromium.Federation;
        federation.Append(s_late, federation.Make(SeededFederation.Second, s_late, new(2026, 11, 26, 8, 0, 0, TimeSpan.Zero), answers: (step, site) => site.Value == "hungarian" && step.Round.Value >= 2 ? SiteReason.DataQuality : null, stopAfter: 2).Play(registry: null));

        await Expect(rows).ToHaveCountAsync(before + 3);
        await Expect(rows.First).ToContainTextAsync("hungarian");
        await Expect(declined.GetByText("not in this run")).ToHaveCountAsync(3);
        await Expect(Summary(page, "hungarian").Locator("td").First).ToHaveTextAsync("3");
        await Expect(Summary(page, "switzerland").Locator("td").First).ToHaveTextAsync($"{before}");
        await Expect(Summary(page, "cleveland").Locator("td").Nth(1)).ToHaveTextAsync("never");
        Assert.Empty(faults);
    }

    [Fact]
    public async Task Profile_tells_by_site_what_rows_lack_the_worst_first_and_withheld_cells_as_such()
    {
        var (page, faults) = await OpenAsync();
        var profile = page.GetByRole(AriaRole.Region, new() { NameString = "Profile of heart-disease" });

        Assert.Equal(["site", "oldpeak", "age", "cp", "thalach"], await profile.Locator("thead th").AllTextContentsAsync());
        Assert.Equal(["withheld", "0.0", "0.0", "0.0"], await Row(profile, "cleveland").Locator("td").AllTextContentsAsync());
        Assert.Equal(["▲ 25.0", "0.0", "0.0", "0.0"], await Row(profile, "hungarian").Locator("td").AllTextContentsAsync());
        await Expect(page.GetByText("1 of 4 studies have a profile that is here.")).ToBeVisibleAsync();
        await Expect(page.GetByText("Nothing is told by switzerland, va-long-beach.")).ToBeVisibleAsync();
        await Expect(Summary(page, "hungarian")).ToContainTextAsync("oldpeak of heart-disease, 25.0 %");
        await Expect(Summary(page, "cleveland")).ToContainTextAsync("none, of what is told");
        Assert.Empty(faults);
    }

    [Fact]
    public async Task Served_version_tells_the_newest_window_of_each_site_and_who_tells_nothing()
    {
        var (page, faults) = await OpenAsync();
        var use = page.GetByRole(AriaRole.Region, new() { NameString = "heart-disease 1.0.0 in use" });

        Assert.Equal(["site", "oldpeak"], (await use.Locator("thead th").AllTextContentsAsync()).Take(2));
        Assert.Equal(["cleveland, 2026-11-16 to 2026-11-22", "hungarian, 2026-11-16 to 2026-11-22", "va-long-beach, 2026-11-16 to 2026-11-22"], await use.Locator("tbody th").AllTextContentsAsync());
        Assert.StartsWith("▲ 27.", (await Row(use, "hungarian").Locator("td").AllTextContentsAsync())[0], StringComparison.Ordinal);
        Assert.Contains("withheld", (await Row(use, "cleveland").Locator("td").AllTextContentsAsync())[0], StringComparison.Ordinal); // few
        await Expect(page.GetByText("Nothing is told by switzerland.")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "heart-disease 1.0.0" })).ToHaveAttributeAsync("href", "/models/lines/heart-disease/monitoring?version=1.0.0");
        await Expect(Summary(page, "hungarian")).ToContainTextAsync("oldpeak of heart-disease 1.0.0, 27.");
        await Expect(Summary(page, "switzerland").GetByText("nothing is told")).ToHaveCountAsync(2);
        Assert.Empty(faults);
    }

    private async Task<(IPage Page, List<string> Faults)> OpenAsync()
    {
        var (page, faults) = await chromium.SignInAsync(Roles.Auditor);
        await page.GetByRole(AriaRole.Link, new() { Name = "Data quality", Exact = true }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Data quality");
        return (page, faults);
    }

    private static ILocator Summary(IPage page, string site) => Row(page.GetByRole(AriaRole.Region, new() { Name = "By site" }).Last, site);

    private static ILocator Row(ILocator table, string site) => table.Locator("tbody tr").Filter(new() { Has = table.Page.GetByRole(AriaRole.Rowheader, new() { NameString = site }) });
}
