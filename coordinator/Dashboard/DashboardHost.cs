using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using FederatedClinicalMl.Coordinator.Api;
using FederatedClinicalMl.Coordinator.Api.Sessions;
using FederatedClinicalMl.Coordinator.Audit;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Monitoring;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Coordinator.Studies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Components.Server;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FederatedClinicalMl.Coordinator.Dashboard;

/// <summary>
/// The dashboard: a web application of its own in the coordinator's process, over the coordinator's own services. So no page can be asked for on the port of the API, no call on the dashboard's, and a
/// coordinator without a dashboard has nothing of it in memory. (docs/decisions/0034-dashboard-in-the-coordinator.md)
/// </summary>
internal sealed class DashboardHost : IAsyncDisposable
{
    private const int LongestMessage = 16 << 10; // of a browser to a live page: clicks
    private const int LongestForm = 64 << 10;
    private const int MostConnections = 500;

    // What pages show and what actions go through: the coordinator's, by instance, so that its container disposes of them.
    private static readonly Type[] s_shared =
    [
        typeof(TimeProvider), typeof(ILoggerFactory), typeof(DataFolder), typeof(SignInLinks), typeof(DashboardSessions), typeof(AuditTrail), typeof(MemberStore), typeof(EnrolmentDesk), typeof(Revocation), typeof(SessionHub), typeof(StudyDesk),
        typeof(IRunJournal), typeof(Runs), typeof(RunFeed), typeof(RunStarter), typeof(RunControl), typeof(ResultStore), typeof(ModelRegistry), typeof(ModelLines), typeof(CardEvidences), typeof(ModelDocuments), typeof(StageDesk), typeof(ComparisonDesk), typeof(ObservationDesk), typeof(SiteMonitorings), typeof(MonitoringDesk), typeof(RetrainingDesk), typeof(Outbox),
    ];

    private readonly WebApplication _app;

    private DashboardHost(WebApplication app, Uri address) => (_app, Address) = (app, address);

    /// <summary>Where it is.</summary>
    public Uri Address { get; }

    /// <summary>Starts it.</summary>
    /// <param name="coordinator">The coordinator's services.</param>
    /// <param name="listener">Where it listens.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="IOException">The address is taken.</exception>
    public static async Task<DashboardHost> StartAsync(IServiceProvider coordinator, DashboardListener listener, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "coordinator", ContentRootPath = AppContext.BaseDirectory });
        AddServices(builder.Services, coordinator, listener);
        AddWeb(builder, coordinator, listener);
        var app = builder.Build();
        try
        {
            app.UseMiddleware<DashboardHeaders>();
            app.UseRouting();
            app.UseMiddleware<DashboardGate>();
            app.UseAntiforgery();
            DashboardRoutes.Map(app);
            await app.StartAsync(cancellationToken);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        var bound = new Uri(app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single());
        var host = IPAddress.IsLoopback(listener.Address.Address) ? bound.Host : coordinator.GetRequiredService<CoordinatorAddress>().Hosts[0];
        return new DashboardHost(app, new UriBuilder(listener.IsHttps ? Uri.UriSchemeHttps : Uri.UriSchemeHttp, host, bound.Port).Uri);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static void AddServices(IServiceCollection services, IServiceProvider coordinator, DashboardListener listener)
    {
        foreach (var type in s_shared)
            services.AddSingleton(type, coordinator.GetRequiredService(type));
        services.AddSingleton(listener);
        services.AddSingleton<RunBoards>();
        services.AddSingleton<QualityBoard>();
        services.AddSingleton<IHostLifetime, CoordinatorsLifetime>();
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(2));
        services.AddRouting();
        services.AddDataProtection().UseEphemeralDataProtectionProvider(); // what it protects lives no longer than the sessions, and those end with the process
        services.AddAntiforgery(antiforgery =>
        {
            antiforgery.Cookie.Name = listener.IsHttps ? "__Host-fcml-form" : "fcml-form";
            antiforgery.Cookie.SameSite = SameSiteMode.Strict;
            antiforgery.Cookie.Path = "/";
            antiforgery.Cookie.SecurePolicy = listener.IsHttps ? CookieSecurePolicy.Always : CookieSecurePolicy.SameAsRequest;
            antiforgery.FormFieldName = "form-token";
            antiforgery.SuppressXFrameOptionsHeader = true; // DashboardHeaders says more
        });
        services.AddRazorComponents().AddInteractiveServerComponents(circuits =>
        {
            circuits.DisconnectedCircuitMaxRetained = 50;
            circuits.DisconnectedCircuitRetentionPeriod = TimeSpan.FromMinutes(1);
            circuits.MaxBufferedUnacknowledgedRenderBatches = 10;
        });
        services.Configure<HubOptions>(hub =>
        {
            hub.MaximumReceiveMessageSize = LongestMessage;
            hub.MaximumParallelInvocationsPerClient = 1;
        });
    }

    private static void AddWeb(WebApplicationBuilder builder, IServiceProvider coordinator, DashboardListener listener)
    {
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = LongestForm;
            kestrel.Limits.MaxConcurrentConnections = MostConnections;
            kestrel.Limits.MaxConcurrentUpgradedConnections = MostConnections;
            kestrel.Listen(listener.Address, endpoint =>
            {
                endpoint.Protocols = HttpProtocols.Http1; // a browser's live page is a WebSocket of HTTP/1.1
                if (listener.IsHttps)
                    endpoint.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = Certificate(coordinator, listener) });
            });
        });
    }

    private static Func<TlsHandshakeCallbackContext, ValueTask<SslServerAuthenticationOptions>> Certificate(IServiceProvider coordinator, DashboardListener listener)
    {
        if (listener.Certificate is not { } file)
        {
            var ours = coordinator.GetRequiredService<ServerCertificate>();
            return _ => ValueTask.FromResult(Tls.WithoutClientCertificate(ours.Context));
        }

        var options = Tls.WithoutClientCertificate(SslStreamCertificateContext.Create(X509CertificateLoader.LoadPkcs12FromFile(file, null), additionalCertificates: null, offline: true));
        return _ => ValueTask.FromResult(options);
    }

    /// <summary>The coordinator starts and stops the dashboard; signals are its business.</summary>
    private sealed class CoordinatorsLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
