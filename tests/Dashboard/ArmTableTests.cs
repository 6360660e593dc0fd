using System.Runtime.CompilerServices;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Studies;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace FederatedClinicalMl.Tests.Dashboard;

/// <summary>What the page of a line tells of the version that is let in beside production; its picture is taken anew with FCML_REGENERATE=1.</summary>
[Collection("pages, one browser at a time")]
public sealed class ArmTableTests(ArmPages pages) : IClassFixture<ArmPages>
{
    private const string Section = "1.0.0 and 1.1.0, side by side";

    private static readonly string s_checks = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "accessibility.js"));

    [Fact]
    public async Task Comparison_stands_on_the_pages_of_both_versions_with_each_site_s_two_rows_and_their_difference()
    {
        pages.LetIn("ab", 30);
        foreach (var version in (string[])["1.0.0", "1.1.0"])
        {
            var (page, faults) = await OpenAsync(version);
            var arms = page.GetByRole(AriaRole.Region, new() { Name = Section }).Last;

            Assert.Equal(
                ["cleveland, 1.0.0", "cleveland, 1.1.0", "hungarian, 1.0.0", "hungarian, 1.1.0", "va-long-beach, 1.0.0", "va-long-beach, 1.1.0", "all of them, 1.0.0", "all of them, 1.1.0"],
                await arms.GetByRole(AriaRole.Rowheader).AllTextContentsAsync()); // switzerland has no schedule
            var worse = await Cells(arms, "hungarian, 1.0.0").AllTextContentsAsync();
            var better = await Cells(arms, "hungarian, 1.1.0").AllTextContentsAsync();
            Assert.Equal(("8", "2640", "1320"), (worse[0], worse[1], worse[5])); // the candidate came in the fifth week; four weeks have outcomes
            Assert.Equal(("8", "1320", "660"), (better[0], better[1], better[5]));
            Assert.Equal("", worse[7]);
            Assert.Matches(@"^\+0\.\d{3} \[[+-]0\.\d{3}, \+0\.\d{3}\]$", better[7]);
            await Expect(page.GetByText("1.1.0 less 1.0.0 in AUROC: +0.")).ToBeVisibleAsync();
            await Expect(page.GetByText("so that the rows are of different patients")).ToBeVisibleAsync();
            Assert.Empty(faults);
            await page.Context.CloseAsync();
        }
    }

    [Fact]
    public async Task Version_that_was_made_a_shadow_has_the_windows_before_and_the_page_says_so()
    {
        pages.LetIn("shadow", 0);
        var (page, faults) = await OpenAsync("1.0.0");

        await Expect(page.GetByText("A shadow answers nobody and nothing is told of it: these windows are of days")).ToBeVisibleAsync();
        Assert.Empty(faults);
    }

    [Fact]
    public async Task Shadow_has_nothing_to_compare_and_versions_that_predict_a_number_are_compared_by_their_error()
    {
        pages.LetIn("shadow", 0, "length-of-stay", "2.0.0");
        var (page, faults) = await OpenAsync("1.0.0", line: "length-of-stay");
        await Expect(page.GetByText("No site has told a window of both. Of a shadow none will be")).ToBeVisibleAsync();

        await Browser.LiveAsync(page);
        pages.TellOfSecondNumber();
        pages.LetIn("canary", 5, "length-of-stay", "2.0.0");

        await Expect(page.GetByText("2.0.0 less 1.0.0 in mean absolute error: -")).ToBeVisibleAsync();
        await Expect(page.GetByText("More than chance: 2.0.0 did better.")).ToBeVisibleAsync();
        var arms = page.GetByRole(AriaRole.Region, new() { Name = "1.0.0 and 2.0.0, side by side" }).Last;
        await Expect(arms.GetByRole(AriaRole.Columnheader, new() { Name = "MAE (d), 95 %" })).ToBeVisibleAsync();
        Assert.Matches(@"^-[\d.]+ \[-[\d.]+, -[\d.]+\]$", (await Cells(arms, "hungarian, 2.0.0").AllTextContentsAsync())[7]);
        await Expect(arms).Not.ToContainTextAsync("AUROC");
        Assert.Empty(faults);
    }

    [Theory]
    [InlineData(ColorScheme.Light, 1280)]
    [InlineData(ColorScheme.Dark, 375)]
    public async Task Comparison_can_be_read_by_everybody(ColorScheme scheme, int width)
    {
        pages.LetIn("ab", 30);
        var (page, _) = await OpenAsync("1.1.0", scheme, width);

        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = Section })).ToBeVisibleAsync();
        await Browser.LiveAsync(page);
        Assert.Empty(await page.EvaluateAsync<string[]>(s_checks));
        if (Environment.GetEnvironmentVariable("FCML_REGENERATE") == "1")
            await page.Locator("section", new() { Has = page.Locator("#arms") }).ScreenshotAsync(new() { Path = Path.Combine(Path.GetDirectoryName(Here())!, $"../../docs/images/dashboard-arms{(width < 500 ? "-dark-phone" : "")}.png") });
        await page.Context.CloseAsync();
    }

    private async Task<(IPage Page, List<string> Faults)> OpenAsync(string version, ColorScheme scheme = ColorScheme.Light, int width = 1280, string line = "heart-disease")
    {
        var (page, faults) = await pages.Chromium.SignInAsync(Roles.Researcher, scheme, width);
        await page.GotoAsync(new Uri(pages.Chromium.Federation.Coordinator.Dashboard, $"/models/lines/{line}/monitoring?version={version}").AbsoluteUri);
        return (page, faults);
    }

    private static ILocator Cells(ILocator arms, string row) => arms.GetByRole(AriaRole.Row).Filter(new() { Has = arms.Page.GetByRole(AriaRole.Rowheader, new() { Name = row, Exact = true }) }).GetByRole(AriaRole.Cell);

    private static string Here([CallerFilePath] string file = "") => file;
}

/// <summary>A browser, and a federation of which two lines have a second version in staging; sites have told what that of the first did.</summary>
public sealed class ArmPages : IAsyncLifetime
{
    private Study? _number;
    private RunId _second;

    internal Chromium Chromium { get; } = new();

    public async ValueTask InitializeAsync()
    {
        await Chromium.InitializeAsync();
        if (!Browser.IsInstalled)
            return;
        var federation = Chromium.Federation;
        Desk.Approve("heart-disease", "1.1.0", "staging", "It agrees with how we would have judged.", new Member(Roles.Clinician, "grace"));
        federation.TellOfSecond(RunId.Parse("42d2a7c39b5e6f02"), SeededFederation.Second, SeededFederation.SecondRun);
        (_number, var runs) = await federation.AddNumberAsync();
        _second = runs[1];
        foreach (var (at, version) in ((string[])["1.0.0", "2.0.0"]).Index())
        {
            Desk.Confirm(federation.Registry.List().Single(entry => entry.Run == runs[at]).Digest.ToString(), version, new Member(Roles.Researcher, "rosalind"));
            federation.Promote("length-of-stay", version, at == 0 ? [ModelStage.Staging, ModelStage.Production] : [ModelStage.Staging]);
        }

        federation.TellOfNumber(_number, runs[0]);
    }

    internal void LetIn(string mode, uint percent, string line = "heart-disease", string version = "1.1.0")
    {
        var ada = new Member(Roles.Admin, "ada");
        if (Chromium.Federation.Coordinator.Service<ModelLines>().Of(line).Rollout is { } let)
            Desk.SetRollout(line, let.Version.ToString(), "", 0, "Another one.", ada);
        Desk.SetRollout(line, version, mode, percent, "To see which does better.", ada);
    }

    internal void TellOfSecondNumber() => Chromium.Federation.TellOfSecond(RunId.Parse("90000000000000a4"), _number!, _second);

    public ValueTask DisposeAsync() => Chromium.DisposeAsync();

    private FederatedClinicalMl.Coordinator.Api.StageDesk Desk => Chromium.Federation.Coordinator.Service<FederatedClinicalMl.Coordinator.Api.StageDesk>();
}
