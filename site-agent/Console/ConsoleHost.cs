using System.Text.Json;
using FederatedClinicalMl.SiteAgent.StewardConsole.Pages;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Hosting;

namespace FederatedClinicalMl.SiteAgent.StewardConsole;

/// <summary>The console's process: pages on loopback, and a socket that gives the account's own person links to them. (docs/decisions/0035-steward-console.md)</summary>
public sealed class ConsoleHost : IAsyncDisposable
{
    private const int LongestForm = 64 << 10;
    private const int MostConnections = 100;

    private readonly WebApplication _app;

    private ConsoleHost(WebApplication app) => _app = app;

    /// <summary>The first page, for whoever has a session.</summary>
    public Uri Home => Services.GetRequiredService<ConsoleAddress>().Of("");

    internal IServiceProvider Services => _app.Services;

    /// <summary>Starts a console.</summary>
    /// <exception cref="ConsoleSetupException">Another one runs, or the folder of its socket is not this account's.</exception>
    /// <exception cref="IOException">The address is taken.</exception>
    public static async Task<ConsoleHost> StartAsync(ConsoleSettings settings, TimeProvider time, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(settings);
        LinkSocket.Prepare(settings.Links);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "site-console", ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.AddConsole(log => log.LogToStandardErrorThreshold = LogLevel.Trace); // standard output is for the ready line
        builder.Logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning).AddFilter("Microsoft.AspNetCore.Antiforgery", LogLevel.Error).AddFilter("Grpc", LogLevel.Warning);
        var address = new ConsoleAddress();
        AddServices(builder.Services, settings, address, time);
        Listen(builder, settings);
        var app = builder.Build();
        try
        {
            app.UseMiddleware<ConsoleHeaders>();
            app.UseMiddleware<ConsoleEntrance>();
            app.UsePathBase(address.Base);
            app.UseRouting();
            app.UseMiddleware<ConsoleGate>();
            app.UseAntiforgery();
            Map(app);
            await app.StartAsync(cancel);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        address.Bind(app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Select(bound => new Uri(bound)).Single(bound => bound.IsLoopback && bound.Port > 0));
        return new ConsoleHost(app);
    }

    /// <summary>A new link that opens it, once.</summary>
    public Uri Link() => Services.GetRequiredService<ConsoleAddress>().Of($"{Routes.SignIn}?code={Services.GetRequiredService<SignInLink>().Make()}");

    /// <summary>The line that says that it answers, with the first link.</summary>
    public string ReadyLine() => JsonSerializer.Serialize(new { ready = true, link = Link().AbsoluteUri, process = Environment.ProcessId });

    /// <summary>Waits until the process is told to stop.</summary>
    public Task WaitAsync(CancellationToken cancel) => _app.WaitForShutdownAsync(cancel);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static void AddServices(IServiceCollection services, ConsoleSettings settings, ConsoleAddress address, TimeProvider time)
    {
        services.AddSingleton(settings);
        services.AddSingleton(address);
        services.AddSingleton(time);
        services.AddSingleton<SignInLink>();
        services.AddSingleton<Sessions>();
        services.AddSingleton<StewardPort>();
        services.AddSingleton<Changes>();
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(2));
        services.AddRouting();
        services.AddDataProtection().UseEphemeralDataProtectionProvider(); // what it protects lives no longer than the sessions, and those end with the process
        services.AddAntiforgery(antiforgery =>
        {
            antiforgery.Cookie.Name = "fcml-steward-form";
            antiforgery.Cookie.SameSite = SameSiteMode.Strict;
            antiforgery.Cookie.Path = address.Base;
            antiforgery.FormFieldName = "form-token";
            antiforgery.SuppressXFrameOptionsHeader = true; // ConsoleHeaders says more
        });
        services.AddRazorComponents();
    }

    private static void Listen(WebApplicationBuilder builder, ConsoleSettings settings)
    {
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = LongestForm;
            kestrel.Limits.MaxConcurrentConnections = MostConnections;
            kestrel.Listen(settings.Listen, endpoint => endpoint.Protocols = HttpProtocols.Http1);
            kestrel.ListenUnixSocket(settings.Links, endpoint => endpoint.Use(next => connection =>
            {
                connection.Items[ConsoleEntrance.LinkConnection] = true;
                return next(connection);
            }));
        });
    }

    private static void Map(WebApplication app)
    {
        app.MapGet("/assets/{file}", PageFiles.Get).WithMetadata(new OpenToAll());
        app.MapGet($"/{Routes.SignIn}", SignIn).WithMetadata(new OpenToAll());
        app.MapGet($"/{Routes.Changes}", (Changes changes, CancellationToken cancel) => TypedResults.ServerSentEvents(changes.FollowAsync(cancel), "changed"));
        app.MapRazorComponents<Document>();
        ConsoleActions.Map(app);
        app.MapAction(Routes.SignOut, SignOut);
    }

    private static IResult SignIn(HttpContext context, SignInLink links, Sessions sessions, ConsoleAddress address, ConsoleSettings settings, ILogger<ConsoleHost> log, string? code)
    {
        if (code is null)
            return new RazorComponentResult<SignInPage>(new { WasRefused = false });
        if (!links.Redeem(code))
        {
            log.LinkRefused();
            return new RazorComponentResult<SignInPage>(new { WasRefused = true }) { StatusCode = StatusCodes.Status403Forbidden };
        }

        log.SignedIn(settings.Steward);
        context.Response.Cookies.Append(ConsoleGate.Cookie, sessions.Open(), new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict, Path = address.Base, MaxAge = Sessions.Longest, IsEssential = true });
        return Results.Redirect(address.Home);
    }

    private static Task<ActionEnd> SignOut(ActionRequest request)
    {
        var address = request.Context.RequestServices.GetRequiredService<ConsoleAddress>();
        request.Context.RequestServices.GetRequiredService<Sessions>().End(ConsoleGate.SessionOf(request.Context));
        request.Context.Response.Cookies.Delete(ConsoleGate.Cookie, new CookieOptions { Path = address.Base });
        return Task.FromResult(new ActionEnd(Routes.SignIn, "You are signed out."));
    }
}
