using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using FederatedClinicalMl.Coordinator.Dashboard;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Dashboard;

/// <summary>
/// How long pages take, as docs/reference/dashboard.md says it: the first page that a coordinator is ever asked for, and the page of a run of 100 sites and 500 rounds that nobody has looked at yet, each up to
/// <c>DOMContentLoaded</c>. Printed always; held against the bars with FCML_MEASURE=1, on a machine that does nothing else.
/// </summary>
[Collection("pages, one browser at a time")]
public sealed class SpeedTests(Chromium chromium) : IClassFixture<Chromium>
{
    private const int Sites = 100, Rounds = 500;
    private static readonly TimeSpan s_first = TimeSpan.FromSeconds(1), s_large = TimeSpan.FromSeconds(1.5);

    [Fact]
    public async Task First_page_and_the_page_of_a_large_run_are_there_at_once()
    {
        await using var coordinator = await RunningCoordinator.StartAsync(dashboard: new DashboardListener(new IPEndPoint(IPAddress.Loopback, 0)));
        using var ada = await Person.EnrolAsync(coordinator, Roles.Admin, "ada");
        var names = Enumerable.Range(1, Sites).Select(number => $"hospital-{number:000}").ToImmutableArray();
        var (study, run) = (Seed.StudyOf("large", "A hundred hospitals", names, Rounds), RunId.Parse("5eed000000000500"));
        await ada.SubmitAsync(study);
        var seed = new Seed(study, run, [.. names.Select(SiteId.Parse)], DateTimeOffset.UnixEpoch.AddYears(56), coordinator.Service<DataFolder>().Key, coordinator.Service<ResultStore>())
        {
            Answers = (step, site) => (site.Value[^1] - '0' + step.Round.Value) % 17 == 0 ? SiteReason.DataQuality : null,
        };
        coordinator.Service<IRunJournal>().Append(run, 0, seed.Play(registry: null));
        var page = await chromium.NewPageAsync();
        var link = (await ada.Calls.SignInAsync(new SignInRequest(), cancellationToken: TestContext.Current.CancellationToken)).Link;

        var way = Stopwatch.GetTimestamp();
        await page.GotoAsync(new Uri(coordinator.Dashboard, "/sign-in").AbsoluteUri, new() { WaitUntil = Microsoft.Playwright.WaitUntilState.DOMContentLoaded });
        var first = Stopwatch.GetElapsedTime(way);
        await page.GotoAsync(link, new() { WaitUntil = Microsoft.Playwright.WaitUntilState.DOMContentLoaded });
        var large = Stopwatch.GetTimestamp();
        await page.GotoAsync(new Uri(coordinator.Dashboard, $"/runs/{run}").AbsoluteUri, new() { WaitUntil = Microsoft.Playwright.WaitUntilState.DOMContentLoaded });
        var run500 = Stopwatch.GetElapsedTime(large);
        var again = Stopwatch.GetTimestamp();
        await page.ReloadAsync(new() { WaitUntil = Microsoft.Playwright.WaitUntilState.DOMContentLoaded });

        TestContext.Current.TestOutputHelper!.WriteLine($"first page {first.TotalSeconds:0.00} s; {Sites} sites x {Rounds} rounds {run500.TotalSeconds:0.00} s, again {Stopwatch.GetElapsedTime(again).TotalSeconds:0.00} s");
        Assert.True(await page.EvaluateAsync<bool>("() => document.querySelectorAll('.participation path').length > 10"));
        if (Environment.GetEnvironmentVariable("FCML_MEASURE") == "1")
        {
            Assert.InRange(first, TimeSpan.Zero, s_first);
            Assert.InRange(run500, TimeSpan.Zero, s_large);
        }
    }
}
