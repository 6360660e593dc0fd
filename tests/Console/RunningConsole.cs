using System.Net;
using System.Text.RegularExpressions;
using FederatedClinicalMl.SiteAgent.StewardConsole;
using FederatedClinicalMl.Tests.Coordinator;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace FederatedClinicalMl.Tests.StewardConsole;

/// <summary>The production console over a scripted worker's socket, and a browser's half of a conversation with it.</summary>
internal sealed partial class RunningConsole : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private WebApplication? _worker;
    private ConsoleHost? _console;

    public FakeSteward Worker { get; } = new();

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 26, 8, 0, 0, TimeSpan.Zero));

    public ConsoleHost Console => _console!;

    public Uri Home => Console.Home;

    public ConsoleSettings Settings { get; private set; } = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<RunningConsole> StartAsync(bool hasWorker = true)
    {
        var running = new RunningConsole();
        var folder = Directory.CreateDirectory(running._folder.Of("w")).FullName;
        if (hasWorker)
            await running.StartWorkerAsync(Path.Join(folder, "steward.sock"));
        running.Settings = ConsoleSettings.Of(folder, null, "127.0.0.1:0", running._folder.Of("home"));
        running._console = await ConsoleHost.StartAsync(running.Settings, running.Time, Stop);
        return running;
    }

    /// <summary>A browser without a session. It keeps cookies as one does, and follows nothing by itself.</summary>
    public static HttpClient Browser() => new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, CookieContainer = new CookieContainer() });

    /// <summary>A browser that has opened a link.</summary>
    public async Task<HttpClient> SignedInAsync()
    {
        var browser = Browser();
        using var reply = await browser.GetAsync(Console.Link(), Stop);
        Assert.Equal(HttpStatusCode.Redirect, reply.StatusCode);
        return browser;
    }

    /// <summary>A page's text.</summary>
    public async Task<string> ReadAsync(HttpClient browser, string path)
    {
        using var reply = await browser.GetAsync(new Uri(Home, path), Stop);
        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        return await reply.Content.ReadAsStringAsync(Stop);
    }

    /// <summary>Sends the form of a page to an action, with every field that the page has hidden in it, and the fields that somebody fills in.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpClient browser, string page, string action, params (string Name, string Value)[] fields)
    {
        var form = FormTo(await ReadAsync(browser, page), action);
        var hidden = Hidden().Matches(form).Select(match => KeyValuePair.Create(WebUtility.HtmlDecode(match.Groups[1].Value), WebUtility.HtmlDecode(match.Groups[2].Value)));
        using var content = new FormUrlEncodedContent(hidden.Concat(fields.Select(field => KeyValuePair.Create(field.Name, field.Value))));
        return await browser.PostAsync(new Uri(Home, action), content, Stop);
    }

    public async ValueTask DisposeAsync()
    {
        if (_console is not null)
            await _console.DisposeAsync();
        if (_worker is not null)
        {
            await _worker.StopAsync(CancellationToken.None);
            await _worker.DisposeAsync();
        }

        _folder.Dispose();
    }

    public static string FormTo(string page, string action) =>
        Form().Matches(page).Select(match => match.Value).FirstOrDefault(form => form.Contains($"action=\"{action}\"", StringComparison.Ordinal)) ?? throw new InvalidOperationException($"The page has no form to {action}.");

    private async Task StartWorkerAsync(string socket)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(socket, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddRouting().AddSingleton(Worker).AddGrpc();
        _worker = builder.Build();
        _worker.UseRouting();
        _worker.MapGrpcService<FakeSteward>();
        await _worker.StartAsync(Stop);
    }

    [GeneratedRegex("<form.*?</form>", RegexOptions.Singleline)]
    private static partial Regex Form();

    [GeneratedRegex("<input type=\"hidden\" name=\"([^\"]*)\" value=\"([^\"]*)\"")]
    private static partial Regex Hidden();
}
