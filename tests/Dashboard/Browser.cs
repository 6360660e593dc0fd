using Microsoft.Playwright;

namespace FederatedClinicalMl.Tests.Dashboard;

/// <summary>Debian's Chromium, driven by Playwright. Where there is none, tests are skipped, which counts as failed with CI=true.</summary>
public sealed class Browser : IAsyncDisposable
{
    private const string Program = "/usr/bin/chromium";
    private const float Patience = 60_000; // milliseconds: the machine may do other things, and a page that is late is not a page that is wrong
    private static readonly string[] s_arguments =
        ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <summary>Whether there is one.</summary>
    public static bool IsInstalled => File.Exists(Program);

    /// <summary>Starts it.</summary>
    public async Task StartAsync()
    {
        _playwright = await Playwright.CreateAsync();
        Assertions.SetDefaultExpectTimeout(Patience);
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Program, Args = s_arguments, Timeout = Patience });
    }

    /// <summary>A page that has opened a link, with whatever it says of faults from then on.</summary>
    internal async Task<(IPage Page, List<string> Faults)> OpenAsync(Func<Task<string>> link, ColorScheme scheme, int width, int height)
    {
        var page = await NewPageAsync(scheme, width, height);
        var faults = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
                faults.Add(message.Text);
        };
        page.PageError += (_, fault) => faults.Add(fault);
        await page.GotoAsync(await link());
        return (page, faults);
    }

    /// <summary>A page of nobody.</summary>
    internal async Task<IPage> NewPageAsync(ColorScheme scheme = ColorScheme.Light, int width = 1280, int height = 900)
    {
        var browser = _browser;
        if (browser is null)
            Assert.Skip($"{Program} is missing: install Debian's package chromium.");
        var context = await browser.NewContextAsync(new BrowserNewContextOptions { ColorScheme = scheme, ViewportSize = new ViewportSize { Width = width, Height = height }, Locale = "en-GB" });
        context.SetDefaultTimeout(Patience);
        return await context.NewPageAsync();
    }

    /// <summary>Waits until a page is live: what is filled in before that is drawn anew, and lost.</summary>
    internal static Task LiveAsync(IPage page) => page.Locator("[data-live=yes]").First.WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Attached });

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
    }
}
