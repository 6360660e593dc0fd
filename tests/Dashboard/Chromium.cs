using FederatedClinicalMl.Coordinator.Enrolment;
using Microsoft.Playwright;

namespace FederatedClinicalMl.Tests.Dashboard;

/// <summary>Debian's Chromium, driven by Playwright; one for all tests of a class. Where there is none, tests are skipped, which counts as failed with CI=true.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private const string Program = "/usr/bin/chromium";
    private static readonly string[] s_arguments =
        ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    internal SeededFederation Federation { get; } = new();

    public async ValueTask InitializeAsync()
    {
        if (!File.Exists(Program))
            return;
        await Federation.InitializeAsync();
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Program, Args = s_arguments });
    }

    /// <summary>A page of somebody who is signed in, with whatever a page said of faults.</summary>
    internal async Task<(IPage Page, List<string> Faults)> SignInAsync(Roles role, ColorScheme scheme = ColorScheme.Light, int width = 1280, int height = 900)
    {
        var page = await NewPageAsync(scheme, width, height);
        var faults = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
                faults.Add(message.Text);
        };
        page.PageError += (_, fault) => faults.Add(fault);
        await page.GotoAsync(await Federation.LinkAsync(role));
        return (page, faults);
    }

    /// <summary>A page of nobody.</summary>
    internal async Task<IPage> NewPageAsync(ColorScheme scheme = ColorScheme.Light, int width = 1280, int height = 900)
    {
        var browser = _browser;
        if (browser is null)
            Assert.Skip($"{Program} is missing: install Debian's package chromium.");
        var context = await browser.NewContextAsync(new BrowserNewContextOptions { ColorScheme = scheme, ViewportSize = new ViewportSize { Width = width, Height = height }, Locale = "en-GB" });
        return await context.NewPageAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
        if (Federation.Coordinator is not null)
            await Federation.DisposeAsync();
    }
}
