using System.Net;
using FederatedClinicalMl.SiteAgent.StewardConsole;

namespace FederatedClinicalMl.Tests.StewardConsole;

public sealed class SignInTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Link_opens_the_console_once_with_a_cookie_that_scripts_other_sites_and_other_ports_never_get()
    {
        await using var running = await RunningConsole.StartAsync();
        var link = running.Console.Link();
        using var browser = RunningConsole.Browser();

        using var first = await browser.GetAsync(link, Stop);
        Assert.Equal(HttpStatusCode.Redirect, first.StatusCode);
        var cookie = Assert.Single(first.Headers.GetValues("Set-Cookie")).Split("; ");
        Assert.Contains("httponly", cookie);
        Assert.Contains("samesite=strict", cookie);
        Assert.Contains($"path={running.Home.AbsolutePath.TrimEnd('/')}", cookie); // nobody else knows this path, so no other port is sent the cookie
        Assert.True(running.Home.AbsolutePath.Trim('/').Length >= 22); // 128 bits
        Assert.Contains("Asked of us", await running.ReadAsync(browser, ""), StringComparison.Ordinal);

        using var another = RunningConsole.Browser();
        using var second = await another.GetAsync(link, Stop);
        Assert.Equal(HttpStatusCode.Forbidden, second.StatusCode);
        Assert.False(second.Headers.Contains("Set-Cookie"));
    }

    [Fact]
    public async Task Link_that_is_late_was_replaced_or_is_made_up_opens_nothing()
    {
        await using var running = await RunningConsole.StartAsync();
        using var browser = RunningConsole.Browser();
        var replaced = running.Console.Link();
        var late = running.Console.Link();
        running.Time.Advance(SignInLink.Valid);
        foreach (var link in (Uri[])[replaced, late, new Uri(running.Home, "sign-in?code=AAAAAAAAAAAAAAAAAAAAAA")])
        {
            using var reply = await browser.GetAsync(link, Stop);
            Assert.Equal(HttpStatusCode.Forbidden, reply.StatusCode);
        }
    }

    [Fact]
    public async Task Running_console_gives_its_own_account_another_link_over_a_socket_in_a_folder_of_that_account_alone()
    {
        await using var running = await RunningConsole.StartAsync();
        using var browser = RunningConsole.Browser();
        using var reply = await browser.GetAsync(new Uri(await LinkSocket.AskAsync(running.Settings.Links, Stop)), Stop);

        Assert.Equal(HttpStatusCode.Redirect, reply.StatusCode);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(running.Settings.Links)!));
        using var overLoopback = await browser.PostAsync(new Uri(running.Home, LinkSocket.Path.TrimStart('/')), null, Stop);
        Assert.NotEqual(HttpStatusCode.OK, overLoopback.StatusCode);
        await Assert.ThrowsAsync<ConsoleSetupException>(() => ConsoleHost.StartAsync(running.Settings, TimeProvider.System, Stop)); // a second one would take the socket from the first
    }

    [Fact]
    public async Task Session_ends_when_it_is_idle_for_an_hour_when_it_is_old_and_when_the_steward_says_so()
    {
        await using var running = await RunningConsole.StartAsync();
        using var idle = await running.SignedInAsync();
        running.Time.Advance(Sessions.LongestIdle);
        await IsOutAsync(idle);

        using var old = await running.SignedInAsync();
        for (var minutes = 0; minutes < Sessions.Longest.TotalMinutes - 50; minutes += 50)
        {
            running.Time.Advance(TimeSpan.FromMinutes(50));
            await running.ReadAsync(old, "");
        }

        running.Time.Advance(TimeSpan.FromMinutes(50));
        await IsOutAsync(old);

        using var leaving = await running.SignedInAsync();
        using var left = await running.SendAsync(leaving, "", "sign-out");
        Assert.Equal(HttpStatusCode.SeeOther, left.StatusCode);
        await IsOutAsync(leaving);

        async Task IsOutAsync(HttpClient browser)
        {
            using var reply = await browser.GetAsync(running.Home, Stop);
            Assert.Equal(HttpStatusCode.Redirect, reply.StatusCode);
            Assert.EndsWith("/sign-in", reply.Headers.Location!.OriginalString, StringComparison.Ordinal);
        }
    }
}
