using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Studies;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace FederatedClinicalMl.Tests.Dashboard;

/// <summary>What pages show of a study that predicts a number: errors with their unit, and nothing of probabilities.</summary>
[Collection("pages, one browser at a time")]
public sealed class NumberPagesTests(NumberPages pages) : IClassFixture<NumberPages>
{
    [Fact]
    public async Task Run_page_draws_errors_and_R_squared_over_rounds_and_each_site_s_error()
    {
        var (page, faults) = await OpenAsync($"/runs/{pages.Run}");

        await Expect(page.GetByRole(AriaRole.Img, new() { NameString = "Errors of each evaluated round's parameters" })).ToBeVisibleAsync();
        await Expect(page.Locator("#errors-name")).ToBeVisibleAsync();
        await Expect(page.GetByText("error (d)", new() { Exact = true }).First).ToBeVisibleAsync();
        await Expect(page.GetByText("R², at most 1").First).ToBeVisibleAsync();
        await Expect(page.GetByText("mean absolute error (d), pooled, newest")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Img, new() { NameString = "Mean absolute error of the final model" })).ToHaveAttributeAsync("aria-label", Withheld());
        Assert.DoesNotContain("undefined", await page.Locator("main").InnerTextAsync(), StringComparison.Ordinal);
        await NothingOfScoresAsync(page, faults);
    }

    [Fact]
    public async Task Model_page_tells_errors_of_all_of_sites_and_of_subgroups_and_no_calibration()
    {
        var (page, faults) = await OpenAsync($"/models/{pages.Models[0]}");

        await Expect(page.GetByText("Mean absolute error (d)", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(page.GetByText("R²", new() { Exact = true }).First).ToBeVisibleAsync();
        await Expect(page.GetByText("Gap: MAE")).ToHaveCountAsync(2); // at evaluation, and in use
        await Expect(page.GetByText("mean-absolute-error", new() { Exact = true })).ToBeVisibleAsync();
        Assert.Equal(0, await page.Locator("#calibration").CountAsync());
        await NothingOfScoresAsync(page, faults);
    }

    [Fact]
    public async Task Comparison_of_two_is_of_their_errors()
    {
        var (page, faults) = await OpenAsync($"/models/compare?before={pages.Models[0]}&after={pages.Models[1]}");

        await Expect(page.GetByText("Mean absolute error differs from production's")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Rowheader, new() { NameString = "Root mean squared error" })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Rowheader, new() { NameString = "Gap by age: MAE" })).ToBeVisibleAsync();
        await NothingOfScoresAsync(page, faults);
    }

    [Fact]
    public async Task Study_page_says_what_is_predicted_by_what_and_which_gates_it_has_to_pass()
    {
        var (page, faults) = await OpenAsync($"/studies/{pages.Study}");

        await Expect(page.GetByText("days, a number from 0 to 60 (d)")).ToBeVisibleAsync();
        await Expect(page.GetByText("linear regression", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(page.GetByText("R² above 0; mean absolute error below 3 d, and at most 5 % above production's; bias at most 0.1 of the outcomes' standard deviation; subgroups' mean absolute errors at most 2 d apart")).ToBeVisibleAsync();
        await NothingOfScoresAsync(page, faults);
    }

    [Fact]
    public async Task Version_that_nobody_has_told_of_yet_has_a_page_of_what_it_does_at_the_sites()
    {
        var (page, faults) = await OpenAsync("/models/lines/length-of-stay/monitoring?version=2.0.0");

        await Expect(page.GetByText("No site has told anything yet.")).ToBeVisibleAsync();
        Assert.Empty(faults);
    }

    [Fact]
    public async Task Page_of_what_it_does_at_the_sites_tells_errors_by_window_and_subgroup_with_their_unit()
    {
        var (page, faults) = await OpenAsync("/models/lines/length-of-stay/monitoring?version=1.0.0");

        var sites = page.GetByRole(AriaRole.Region, new() { Name = "The newest window of each site" }).Last;
        await Expect(sites.GetByRole(AriaRole.Columnheader, new() { Name = "MAE (d), 95 %" })).ToBeVisibleAsync();
        await Expect(sites.GetByRole(AriaRole.Columnheader, new() { Name = "Bias (d)" })).ToBeVisibleAsync();
        await Expect(sites.GetByRole(AriaRole.Row, new() { NameString = "va-long-beach" })).ToContainTextAsync(Error());
        await Expect(page.GetByRole(AriaRole.Img, new() { NameString = "Mean absolute error of each window whose outcomes are told; at evaluation it was 1." })).ToBeVisibleAsync();
        await Expect(page.GetByText("mean absolute error (d)", new() { Exact = true }).First).ToBeVisibleAsync();
        var errors = page.GetByRole(AriaRole.Region, new() { Name = "How far off, as outcomes arrive" }).Last;
        await Expect(errors.GetByRole(AriaRole.Row)).ToHaveCountAsync(10); // eight weeks, and all of them
        var tests = page.GetByRole(AriaRole.Region, new() { NameString = "Of the same cells: the Kolmogorov-Smirnov distance" });
        await Expect(tests.GetByRole(AriaRole.Row, new() { NameString = "va-long-beach" })).ToContainTextAsync("D 0.");
        var ages = page.GetByRole(AriaRole.Region, new() { Name = "By age, as outcomes arrive" }).Last;
        await Expect(ages.GetByRole(AriaRole.Row)).ToHaveCountAsync(4); // two bands, and those without an age
        await Expect(ages).ToContainTextAsync("24 of 24 windows");
        await Expect(page.GetByText(Apart())).ToBeVisibleAsync();
        Assert.Equal((0, 0), (await page.Locator("#decisions").CountAsync(), await page.Locator("#calibration").CountAsync()));
        await NothingOfScoresAsync(page, faults);
    }

    private static System.Text.RegularExpressions.Regex Error() => new(@"1\.\d+ \[1\.\d+, 1\.\d+\]");

    private static System.Text.RegularExpressions.Regex Apart() => new(@"^MAE [\d.]+ \[[\d., ]+\] d apart; bias [\d.]+ \[[\d., ]+\] d apart\. ");

    private static System.Text.RegularExpressions.Regex Withheld() => new(@"cleveland: [\d.]+ \[.*va-long-beach: withheld");

    private async Task<(IPage Page, List<string> Faults)> OpenAsync(string path)
    {
        var (page, faults) = await pages.Chromium.SignInAsync(Roles.Researcher);
        await page.GotoAsync(new Uri(pages.Chromium.Federation.Coordinator.Dashboard, path).AbsoluteUri);
        return (page, faults);
    }

    private static async Task NothingOfScoresAsync(IPage page, List<string> faults)
    {
        var text = await page.Locator("main").InnerTextAsync();
        Assert.DoesNotContain("AUROC", text, StringComparison.Ordinal);
        Assert.DoesNotContain("robabilit", text, StringComparison.Ordinal);
        Assert.Empty(faults);
    }
}

/// <summary>A browser, and a federation that has a study of a number with two models.</summary>
public sealed class NumberPages : IAsyncLifetime
{
    internal Chromium Chromium { get; } = new();

    internal StudyDigest Study { get; private set; }

    internal RunId Run { get; private set; }

    internal IReadOnlyList<Sha256Digest> Models { get; private set; } = [];

    public async ValueTask InitializeAsync()
    {
        await Chromium.InitializeAsync();
        if (!Browser.IsInstalled)
            return;
        var (study, runs) = await Chromium.Federation.AddNumberAsync();
        (Study, Run) = (study.Digest, runs[0]);
        Models = [.. Chromium.Federation.Registry.List().Where(entry => runs.Contains(entry.Run)).OrderBy(entry => entry.Run.Value, StringComparer.Ordinal).Select(entry => entry.Digest)];
        var desk = Chromium.Federation.Coordinator.Service<FederatedClinicalMl.Coordinator.Api.StageDesk>();
        foreach (var (at, version) in ((string[])["1.0.0", "2.0.0"]).Index())
            desk.Confirm(Models[at].ToString(), version, new Member(Roles.Researcher, "rosalind"));
        Chromium.Federation.TellOfNumber(study, runs[0]);
    }

    public ValueTask DisposeAsync() => Chromium.DisposeAsync();
}
