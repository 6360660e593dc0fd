using System.Globalization;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Dashboard;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace FederatedClinicalMl.Tests.EndToEnd;

/// <summary>The life of a model, decided on the coordinator's pages, in a browser: by an admin, and where two are needed by a clinician too.</summary>
public sealed class LifeByPageTests(PagedFederation fixture) : LifeTests(fixture), IClassFixture<PagedFederation>, IAsyncLifetime
{
    private readonly Browser _browser = new();
    private readonly List<List<string>> _faults = []; // of each page
    private IPage? _ada;
    private IPage? _grace;

    public async ValueTask InitializeAsync()
    {
        if (Browser.IsInstalled)
            await _browser.StartAsync();
    }

    public ValueTask DisposeAsync() => _browser.DisposeAsync();

    protected override async Task<string> StartRunAsync()
    {
        var page = await OpenAsync(await AdaAsync(), $"studies/{Study}");
        await OpenActAsync(page, "Start a run");
        await SendAsync(page, "Start a run");
        await SaidAsync(page, "A run of served has started");
        return page.Url[(page.Url.LastIndexOf('/') + 1)..];
    }

    protected override async Task ConfirmAsync(Sha256Digest model, string version)
    {
        var page = await AdaAsync();
        await page.GotoAsync(At(page, $"models/{model}")); // not live: a model never changes
        await page.Locator("#version").FillAsync(version);
        await SendAsync(page, "Confirm");
        await SaidAsync(page, $"The model is version {version}");
    }

    protected override async Task PromoteAsync(string version, string to)
    {
        var page = await OpenLineAsync(await AdaAsync());
        await SendAsync(page, $"Ask for {version} to go to {to}");
        await SaidAsync(page, "Its gates have passed");
        foreach (var person in new[] { await AdaAsync(), await GraceAsync() })
        {
            page = await OpenLineAsync(person);
            await OpenActAsync(page, "Agree");
            await page.Locator("#approve-reason").FillAsync("Looked at it");
            await SendAsync(page, "Agree");
            await SaidAsync(page, "You have agreed");
        }
    }

    protected override async Task LetInAsync(string version, RolloutMode mode, int? percent, string reason)
    {
        var page = await OpenLineAsync(await AdaAsync());
        await OpenActAsync(page, "Let in");
        await page.Locator("#rollout-version").SelectOptionAsync(version);
        await page.Locator("#rollout-mode").SelectOptionAsync(mode.Word());
        if (percent is { } share)
            await page.Locator("#rollout-percent").FillAsync(share.ToString(CultureInfo.InvariantCulture));
        await page.Locator("#rollout-reason").FillAsync(reason);
        await SendAsync(page, "Let in");
        await SaidAsync(page, "It is let in so far");
    }

    private protected override async Task SeeToAsync(AlertSummary alert, IncidentSummary incident)
    {
        var page = await OpenAsync(await AdaAsync(), "alerts");
        await OpenActAsync(page, "Acknowledge");
        await page.Locator("#alert-number").SelectOptionAsync($"{alert.Number}");
        await page.Locator("#acknowledge-reason").FillAsync("Calling the site");
        await SendAsync(page, "Acknowledge");
        await SaidAsync(page, "You see to it");
        await Browser.LiveAsync(page);
        await OpenActAsync(page, $"Close: incident {incident.Number}");
        await page.Locator($"#close-{incident.Number}").FillAsync("Rolled back");
        await SendAsync(page, $"Close incident {incident.Number}");
        await SaidAsync(page, "The incident is closed");
    }

    private protected override async Task ApproveAsync(ProposalSummary proposal, string reason)
    {
        var page = await OpenAsync(await AdaAsync(), "alerts");
        await OpenActAsync(page, $"Approve: proposal {proposal.Number}");
        await page.Locator($"#study-{proposal.Number}").SelectOptionAsync(Study);
        await page.Locator($"#approve-{proposal.Number}").FillAsync(reason);
        await SendAsync(page, $"Approve proposal {proposal.Number}");
        await SaidAsync(page, "The proposal is approved, and this is its run");
        Assert.All(_faults, Assert.Empty);
    }

    private async Task<IPage> AdaAsync() => _ada ??= await SignInAsync(Federation.Admin);

    private async Task<IPage> GraceAsync()
    {
        using var grace = Connection.Open(Clinician, TimeProvider.System);
        return _grace ??= await SignInAsync(grace);
    }

    private async Task<IPage> SignInAsync(Connection person)
    {
        var link = (await person.AskAsync(calls => calls.SignInAsync(new SignInRequest(), cancellationToken: Cancel), Cancel)).Link;
        var (page, faults) = await _browser.OpenAsync(() => Task.FromResult(link), ColorScheme.Light, 1280, 900);
        _faults.Add(faults);
        return page;
    }

    private Task<IPage> OpenLineAsync(IPage page) => OpenAsync(page, $"models/lines/{Line}");

    private static async Task<IPage> OpenAsync(IPage page, string path)
    {
        await page.GotoAsync(At(page, path));
        await Browser.LiveAsync(page);
        return page;
    }

    private static string At(IPage page, string path) => new Uri(new Uri(page.Url), $"/{path}").AbsoluteUri;

    private static Task OpenActAsync(IPage page, string name) => page.Locator("summary").And(page.GetByLabel(name, new() { Exact = true })).ClickAsync();

    private static Task SendAsync(IPage page, string name) => page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true }).ClickAsync();

    private static Task SaidAsync(IPage page, string sentence) => Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync(sentence);
}
