using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Rounds;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace FederatedClinicalMl.Tests.Dashboard;

/// <summary>An entry or a result that the disk has changed, on the pages.</summary>
[Collection("pages, one browser at a time")]
public sealed class DamagedModelTests(Chromium chromium) : IClassFixture<Chromium>
{
    [Fact]
    public async Task Page_of_a_damaged_model_says_what_differs_and_the_list_shows_the_others()
    {
        var model = chromium.Federation.Registry.List().Single(entry => entry.Run == SeededFederation.SecondRun).Digest;
        var (page, faults) = await chromium.SignInAsync(Roles.Researcher);
        var address = new Uri(chromium.Federation.Coordinator.Dashboard, $"/models/{model}").AbsoluteUri;
        await page.GotoAsync(address);
        await Expect(page.GetByText("every file and record holds")).ToBeVisibleAsync();

        Change(chromium.Federation.Coordinator.PathOf($"models/{model}/model.onnx"));
        await page.GotoAsync(address);
        await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("This model is not what was registered");
        await Expect(page.GetByRole(AriaRole.Status).First).ToContainTextAsync("model.onnx has the digest");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Confirm" })).ToHaveCountAsync(0);
        var card = await page.APIRequest.GetAsync($"{address}/card");
        Assert.Equal(409, card.Status);
        Assert.Contains("is not what was registered", await card.TextAsync(), StringComparison.Ordinal);

        Change(chromium.Federation.Coordinator.PathOf($"models/{model}/manifest.json"));
        await page.GotoAsync(new Uri(chromium.Federation.Coordinator.Dashboard, "/models").AbsoluteUri);
        await Expect(page.GetByRole(AriaRole.Status).Filter(new() { HasText = model.Short })).ToContainTextAsync("is not what was registered");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "heart-disease" }).First).ToBeVisibleAsync();
        Assert.Empty(faults);
    }

    [Fact]
    public async Task Page_of_data_quality_says_which_result_cannot_be_read_and_shows_the_others()
    {
        var coordinator = chromium.Federation.Coordinator;
        var profile = coordinator.Service<IRunJournal>().Read(SeededFederation.ProfileRun).Select(journaled => journaled.Event).OfType<RunProfiled>().Single().Profile;
        Change(coordinator.PathOf($"results/{profile}"));
        var (page, faults) = await chromium.SignInAsync(Roles.Researcher);

        await page.GotoAsync(new Uri(coordinator.Dashboard, "/quality").AbsoluteUri);

        await Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync(profile.Short);
        await Expect(page.GetByRole(AriaRole.Region, new() { NameString = "Profile of heart-disease" })).ToHaveCountAsync(0);
        await Expect(page.GetByRole(AriaRole.Region, new() { NameString = "heart-disease 1.0.0 in use" })).ToBeVisibleAsync();
        Assert.Empty(faults);
    }

    private static void Change(string file)
    {
        var content = File.ReadAllBytes(file);
        content[content.Length / 2] ^= 1;
        File.WriteAllBytes(file, content);
    }
}
