using System.Runtime.CompilerServices;
using FederatedClinicalMl.Protos.Steward;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace FederatedClinicalMl.Tests.StewardConsole;

/// <summary>What a steward does with the pages, in a browser; whether everybody can; and the pictures in docs/images, which FCML_REGENERATE=1 takes anew.</summary>
public sealed class BrowserTests(Chromium chromium) : IClassFixture<Chromium>
{
    private static readonly string s_checks = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "accessibility.js"));
    private static readonly string s_images = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "../../docs/images"));

    public static TheoryData<string, ColorScheme, int> Pages
    {
        get
        {
            var data = new TheoryData<string, ColorScheme, int>();
            foreach (var page in PageTests.All.Append("sign-in").Append("nowhere"))
            {
                data.Add(page, ColorScheme.Light, 1280);
                data.Add(page, ColorScheme.Dark, 1280);
                data.Add(page, ColorScheme.Light, 375);
            }

            return data;
        }
    }

    [Fact]
    public async Task Steward_reads_a_study_approves_it_finds_what_left_and_stops_a_model()
    {
        var (page, faults) = await chromium.SignInAsync();
        var worker = chromium.Running.Worker;

        await page.GetByRole(AriaRole.Link, new() { Name = "sepsis-onset" }).ClickAsync();
        await Expect(page.GetByText("Attention: No differential privacy")).ToBeVisibleAsync();
        await page.GetByText("Approve", new() { Exact = true }).ClickAsync();
        await page.GetByLabel("Note, which stays at this site").First.FillAsync("ethics board 2026/31");
        await page.GetByRole(AriaRole.Button, new() { Name = "Approve this study" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("sepsis-onset is approved");
        Assert.Equal(new DecisionRequest { Digest = SeededWorker.Pending, Steward = Environment.UserName, Note = "ethics board 2026/31" }, worker.Single<DecisionRequest>());

        await page.GetByRole(AriaRole.Link, new() { Name = "What has left" }).ClickAsync();
        await page.GetByLabel("Kind").SelectOptionAsync("step-declined");
        await page.GetByRole(AriaRole.Button, new() { Name = "Search" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "1 entry, the newest first" })).ToBeVisibleAsync();
        await page.GetByText("Every byte of it").ClickAsync();
        await Expect(page.GetByText("\"reason\":\"TooFewRows\"")).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Link, new() { Name = "Models in use" }).ClickAsync();
        await page.GetByLabel("STOP: heart-disease").ClickAsync();
        await page.GetByLabel("Why; whoever asks for a score reads it").First.FillAsync("odd scores since the new analyser");
        await page.GetByRole(AriaRole.Button, new() { Name = "Stop heart-disease now" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("heart-disease is stopped");
        Assert.Equal(("stop", new ServingDecision { Line = "heart-disease", Steward = Environment.UserName, Note = "odd scores since the new analyser" }), worker.Single<(string, ServingDecision)>());

        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Sign in" })).ToBeVisibleAsync();
        Assert.Empty(faults);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Words_of_a_study_run_nothing_in_a_browser()
    {
        var (page, faults) = await chromium.SignInAsync();
        foreach (var path in PageTests.All)
        {
            await page.GotoAsync(new Uri(chromium.Running.Home, path).AbsoluteUri);
            Assert.True(await page.EvaluateAsync<bool>("() => window.broken === undefined"));
        }

        Assert.Empty(faults);
        await page.Context.CloseAsync();
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Page_can_be_read_by_everybody(string path, ColorScheme scheme, int width)
    {
        var (page, faults) = await chromium.SignInAsync(scheme, width);
        await page.GotoAsync(new Uri(chromium.Running.Home, path).AbsoluteUri);

        // Everything that can be opened is: what stands in it has to hold too.
        await page.EvaluateAsync("() => document.querySelectorAll('details').forEach(one => one.open = true)");

        Assert.Empty(await page.EvaluateAsync<string[]>(s_checks));
        Assert.DoesNotContain(faults, fault => path != "nowhere" || !fault.Contains("404", StringComparison.Ordinal)); // that the page is none is its point
        await page.Context.CloseAsync();
    }

    [Theory]
    [InlineData("study", "pending", ColorScheme.Light, 1280)]
    [InlineData("ledger", "ledger", ColorScheme.Dark, 1280)]
    [InlineData("models", "models", ColorScheme.Light, 375)]
    [InlineData("left", "left", ColorScheme.Light, 1280)]
    public async Task Page_is_as_its_picture(string name, string path, ColorScheme scheme, int width)
    {
        var (page, faults) = await chromium.SignInAsync(scheme, width);
        await page.GotoAsync(new Uri(chromium.Running.Home, path == "pending" ? $"studies/{SeededWorker.Pending}" : path).AbsoluteUri);
        await page.GetByRole(AriaRole.Heading, new() { Level = 1 }).WaitForAsync();
        if (Environment.GetEnvironmentVariable("FCML_REGENERATE") == "1")
        {
            Directory.CreateDirectory(s_images);
            await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(s_images, $"console-{name}{(scheme == ColorScheme.Dark ? "-dark" : "")}{(width < 500 ? "-phone" : "")}.png") });
        }

        Assert.Empty(faults);
        await page.Context.CloseAsync();
    }

    private static string Here([CallerFilePath] string file = "") => file;
}
