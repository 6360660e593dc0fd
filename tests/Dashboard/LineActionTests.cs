using FederatedClinicalMl.Coordinator.Api;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Monitoring;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace FederatedClinicalMl.Tests.Dashboard;

/// <summary>What a researcher asks of a line, on its page.</summary>
[Collection("pages, one browser at a time")]
public sealed class LineActionTests(Chromium chromium) : IClassFixture<Chromium>
{
    private const string Line = "heart-disease";

    [Fact]
    public async Task Quality_of_data_is_told_of_the_features_that_lack_most_first()
    {
        var (page, faults) = await chromium.SignInAsync(Roles.Researcher);
        await page.GotoAsync(new Uri(chromium.Federation.Coordinator.Dashboard, $"/models/lines/{Line}/monitoring").AbsoluteUri);

        var rows = await page.GetByRole(AriaRole.Region, new() { NameString = "Rows of the newest window without a value" }).Locator("tbody tr").AllAsync();
        var sites = await Task.WhenAll(rows.Select(async row => (await row.Locator("td").AllInnerTextsAsync()).Select(Lacking).ToArray()));
        var most = Enumerable.Range(0, sites[0].Length).Select(column => Math.Round(sites.Max(site => site[column]), 1)).ToList();
        Assert.True(most[0] > 10, $"{most[0]} %");
        Assert.All(most.Zip(most[1..]), pair => Assert.True(pair.First >= pair.Second - 0.11, string.Join(", ", most))); // as exact as the texts
        Assert.Empty(faults);

        static double Lacking(string cell) => cell.Trim('◆', '▲', ' ').Split(" + ").Sum(part => double.TryParse(part, System.Globalization.CultureInfo.InvariantCulture, out var share) ? share : 0);
    }

    [Fact]
    public async Task Researcher_has_the_sites_compare_a_version_in_staging_and_proposes_to_train_the_line_again()
    {
        var (page, faults) = await chromium.SignInAsync(Roles.Researcher);
        chromium.Federation.Coordinator.Service<StageDesk>().Approve(Line, "1.1.0", "staging", "Calibration is right where we would act.", new Member(Roles.Clinician, "grace"));
        var address = new Uri(chromium.Federation.Coordinator.Dashboard, $"/models/lines/{Line}").AbsoluteUri;

        await page.GotoAsync(address);
        await page.GetByRole(AriaRole.Button, new() { Name = "Have the sites compare 1.1.0 with 1.0.0" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("The sites compare 1.1.0 with 1.0.0 on their own test rows");
        Assert.StartsWith("/runs/", new Uri(page.Url).AbsolutePath, StringComparison.Ordinal);

        await page.GotoAsync(address);
        await Browser.LiveAsync(page);
        await page.GetByText("Propose to train again", new() { Exact = true }).First.ClickAsync();
        await page.Locator("#retrain-reason").FillAsync("A new analyser since October");
        await page.GetByRole(AriaRole.Button, new() { Name = "Propose to train again" }).ClickAsync();
        await Expect(page.GetByText("A new analyser since October")).ToBeVisibleAsync();
        Assert.Equal((Line, ProposalState.Open), (Assert.Single(chromium.Federation.Coordinator.Service<MonitoringDesk>().Book.Proposals.Values).Line, chromium.Federation.Coordinator.Service<MonitoringDesk>().Book.Proposals.Values.Single().State));
        Assert.Empty(faults);
    }
}
