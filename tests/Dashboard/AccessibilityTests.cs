using FederatedClinicalMl.Coordinator.Enrolment;
using Microsoft.Playwright;

namespace FederatedClinicalMl.Tests.Dashboard;

/// <summary>
/// What WCAG 2.2 asks (AA) as far as a script can tell: names, labels, headings, landmarks, contrast, a width of 375 pixels. The checks are ours, in <c>accessibility.js</c>; whether words make sense, people judge.
/// </summary>
[Collection("pages, one browser at a time")]
public sealed class AccessibilityTests(Chromium chromium) : IClassFixture<Chromium>
{
    private static readonly string s_checks = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "accessibility.js"));

    public static TheoryData<string, ColorScheme, int> Pages
    {
        get
        {
            var data = new TheoryData<string, ColorScheme, int>();
            foreach (var page in SeededPages.Names)
            {
                data.Add(page, ColorScheme.Light, 1280);
                data.Add(page, ColorScheme.Dark, 1280);
                data.Add(page, ColorScheme.Light, 375);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Page_can_be_read_by_everybody(string name, ColorScheme scheme, int width)
    {
        var (page, faults) = await chromium.SignInAsync(Roles.Admin, scheme, width);
        await page.GotoAsync(SeededPages.Address(chromium.Federation, name));

        // Everything that can be opened is: what stands in it has to hold too.
        await page.EvaluateAsync("() => document.querySelectorAll('details').forEach(one => one.open = true)");

        Assert.Empty(await page.EvaluateAsync<string[]>(s_checks));
        Assert.DoesNotContain(faults, fault => name != "not-allowed" || !fault.Contains("404", StringComparison.Ordinal)); // that the page is none is its point
        await page.Context.CloseAsync();
    }

    [Theory]
    [InlineData("<p style='color:#999'>pale</p>", "contrast")]
    [InlineData("<img src='/assets/icon.svg'>", "no name")]
    [InlineData("<svg><path d='M0 0h1'/></svg>", "no name")]
    [InlineData("<input id='nameless'>", "no label")]
    [InlineData("<h5>deep</h5>", "heading")]
    [InlineData("<button></button>", "no name")]
    [InlineData("<div tabindex='3'>ahead</div>", "tabindex")]
    [InlineData("<div id='content'>twice</div>", "twice")]
    public async Task Check_finds_what_is_planted(string planted, string found)
    {
        var (page, _) = await chromium.SignInAsync(Roles.Admin);
        await page.EvaluateAsync("html => document.querySelector('main').insertAdjacentHTML('beforeend', html)", planted);
        if (planted.Contains("style=", StringComparison.Ordinal))
            await page.EvaluateAsync("() => { document.querySelector('main').lastElementChild.style.color = '#999'; }"); // a style in markup does not count here: the policy forbids it

        Assert.Contains(await page.EvaluateAsync<string[]>(s_checks), fault => fault.Contains(found, StringComparison.Ordinal));
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Keyboard_reaches_everything_that_can_be_used_and_shows_where_it_is()
    {
        var (page, _) = await chromium.SignInAsync(Roles.Admin);
        await Browser.LiveAsync(page); // which makes elements anew
        var all = await page.EvaluateAsync<int>("() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, summary, [tabindex=\"0\"]')].filter(one => one.checkVisibility()).length");
        var reached = new HashSet<string>();
        for (var press = 0; press < all + 5; press++)
        {
            await page.Keyboard.PressAsync("Tab");
            var (key, outlined) = await page.EvaluateAsync<string>("() => { const one = document.activeElement; window.numbers ??= new Map(); if (!window.numbers.has(one)) window.numbers.set(one, window.numbers.size); return `${one.tagName === 'BODY' ? 'none' : window.numbers.get(one)}|${getComputedStyle(one).outlineStyle !== 'none'}`; }") is var said ? (said.Split('|')[0], said.Split('|')[1] == "true") : default;
            if (key == "none")
                continue;
            reached.Add(key);
            Assert.True(outlined, $"what the tabulator reached as number {key} does not show it");
        }

        Assert.Equal(all, reached.Count);
    }
}
