using FederatedClinicalMl.Tests.Dashboard;
using Microsoft.Playwright;

namespace FederatedClinicalMl.Tests.StewardConsole;

/// <summary>A browser, and the console that it opens; one of both for all tests of a class.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private readonly Browser _browser = new();

    internal RunningConsole Running { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Running = await RunningConsole.StartAsync();
        if (Browser.IsInstalled)
            await _browser.StartAsync();
    }

    /// <summary>A page of the steward, with whatever a page said of faults.</summary>
    internal Task<(IPage Page, List<string> Faults)> SignInAsync(ColorScheme scheme = ColorScheme.Light, int width = 1280, int height = 900) =>
        _browser.OpenAsync(() => Task.FromResult(Running.Console.Link().AbsoluteUri), scheme, width, height);

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        await Running.DisposeAsync();
    }
}
