using FederatedClinicalMl.Coordinator.Enrolment;
using Microsoft.Playwright;

namespace FederatedClinicalMl.Tests.Dashboard;

/// <summary>A browser and the federation whose dashboard it opens; one of both for all tests of a class.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private readonly Browser _browser = new();

    internal SeededFederation Federation { get; } = new();

    public async ValueTask InitializeAsync()
    {
        if (!Browser.IsInstalled)
            return;
        await Federation.InitializeAsync();
        await _browser.StartAsync();
    }

    /// <summary>A page of somebody who is signed in, with whatever a page said of faults.</summary>
    internal Task<(IPage Page, List<string> Faults)> SignInAsync(Roles role, ColorScheme scheme = ColorScheme.Light, int width = 1280, int height = 900) =>
        _browser.OpenAsync(() => Federation.LinkAsync(role), scheme, width, height);

    /// <summary>A page of nobody.</summary>
    internal Task<IPage> NewPageAsync(ColorScheme scheme = ColorScheme.Light, int width = 1280, int height = 900) => _browser.NewPageAsync(scheme, width, height);

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        if (Federation.Coordinator is not null)
            await Federation.DisposeAsync();
    }
}
