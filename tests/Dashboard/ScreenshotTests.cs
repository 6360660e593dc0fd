using System.Runtime.CompilerServices;
using FederatedClinicalMl.Coordinator.Enrolment;
using Microsoft.Playwright;

namespace FederatedClinicalMl.Tests.Dashboard;

/// <summary>
/// The pictures in docs/images: with FCML_REGENERATE=1 they are taken anew; otherwise each page of them is only opened. Pixels are not compared: fonts are the machine's.
/// </summary>
[Collection("pages, one browser at a time")]
public sealed class ScreenshotTests(Chromium chromium) : IClassFixture<Chromium>
{
    private static readonly string s_images = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "../../docs/images"));

    [Theory]
    [InlineData("federation", Roles.Admin, ColorScheme.Light, 1280, 900)]
    [InlineData("run-done", Roles.Researcher, ColorScheme.Light, 1280, 1700)]
    [InlineData("run-live", Roles.Researcher, ColorScheme.Dark, 1280, 1500)]
    [InlineData("run-live", Roles.Researcher, ColorScheme.Light, 375, 1100)]
    [InlineData("study", Roles.Auditor, ColorScheme.Light, 1280, 1000)]
    [InlineData("line", Roles.Clinician, ColorScheme.Dark, 1280, 900)]
    [InlineData("monitoring", Roles.Researcher, ColorScheme.Light, 1280, 1500)]
    [InlineData("monitoring", Roles.Clinician, ColorScheme.Dark, 375, 1400)]
    [InlineData("quality", Roles.Researcher, ColorScheme.Light, 1280, 1300)]
    [InlineData("model", Roles.Researcher, ColorScheme.Light, 1280, 1200)]
    [InlineData("audit", Roles.Auditor, ColorScheme.Light, 1280, 900)]
    public async Task Page_is_as_its_picture(string name, Roles role, ColorScheme scheme, int width, int height)
    {
        var (page, faults) = await chromium.SignInAsync(role, scheme, width, height);
        await page.GotoAsync(SeededPages.Address(chromium.Federation, name));
        await page.GetByRole(AriaRole.Heading, new() { Level = 1 }).WaitForAsync();
        if (Environment.GetEnvironmentVariable("FCML_REGENERATE") == "1")
        {
            Directory.CreateDirectory(s_images);
            await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(s_images, $"dashboard-{name}{(scheme == ColorScheme.Dark ? "-dark" : "")}{(width < 500 ? "-phone" : "")}.png") });
        }

        Assert.Empty(faults);
        await page.Context.CloseAsync();
    }

    private static string Here([CallerFilePath] string file = "") => file;
}
