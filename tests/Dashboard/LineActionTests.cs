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
