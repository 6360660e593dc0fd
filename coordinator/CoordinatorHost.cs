using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using FederatedClinicalMl.Coordinator.Api;
using FederatedClinicalMl.Coordinator.Api.Bulk;
using FederatedClinicalMl.Coordinator.Api.Sessions;
using FederatedClinicalMl.Coordinator.Audit;
using FederatedClinicalMl.Coordinator.Dashboard;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Monitoring;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Retention;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Coordinator.Studies;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Events;
using Serilog.Formatting.Compact;

namespace FederatedClinicalMl.Coordinator;

/// <summary>
/// A coordinator in a process: composed here and nowhere else, started by the executable and by tests alike. Clients are let in last, after every
/// open run was taken up.
/// </summary>
public sealed class CoordinatorHost : IAsyncDisposable
{
    private const int WindowLength = 8 << 20; // at 40 ms of round trip this is 200 MB/s instead of 13 (docs/decisions/0004-bulk-over-http.md)
    private const int LongestMessage = 4 << 20;
    private const long LongestLogFile = 64 << 20;

    private readonly WebApplication _app;
    private readonly DataFolder _folder;
    private readonly CoordinatorOptions _options;
    private DashboardHost? _dashboard;
    private System.Diagnostics.Metrics.Meter? _observed;
    private TelemetryHost? _telemetry;
    private volatile bool _serving;

    private CoordinatorHost(WebApplication app, DataFolder folder, CoordinatorOptions options) => (_app, _folder, _options) = (app, folder, options);

    /// <summary>The coordinator's id.</summary>
    public string Id => _folder.Identity.Id;

    /// <summary>The composed services, for tests.</summary>
    public IServiceProvider Services => _app.Services;

    /// <summary>Where it listens, once started.</summary>
    public IPEndPoint Address { get; private set; } = new(IPAddress.None, 0);

    /// <summary>Where the dashboard is, once started; null: nowhere.</summary>
    public Uri? Dashboard => _dashboard?.Address;

    /// <summary>Where its metrics are, once started; null: nowhere.</summary>
    public Uri? Metrics => _telemetry?.Metrics;

    /// <summary>Opens the data folder and composes the coordinator.</summary>
    /// <exception cref="DataFolderException">The folder is none, is in use, or is another coordinator's.</exception>
    public static CoordinatorHost Build(CoordinatorOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var folder = DataFolder.Open(options.DataFolder);
        try
        {
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "coordinator", ContentRootPath = folder.Disk.Root });
            AddLogging(builder, options, folder);
            AddServices(builder.Services, options, folder);
            builder.UseOrleans(silo => silo.UseNoNetwork());
            builder.Services.AddHostedService<RunsAtStart>();
            builder.Services.AddHostedService<MonitoringLoop>();
            builder.Services.AddHostedService<RetentionLoop>();
            AddWeb(builder, options.Listen ?? new IPEndPoint(IPAddress.Any, folder.Identity.Port));
            var app = builder.Build();
            MapRoutes(app);
            return new CoordinatorHost(app, folder, options);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Takes up the open runs, then lets clients in.</summary>
    /// <exception cref="LogBrokenException">The audit log does not hold what was written to it.</exception>
    /// <exception cref="InvalidDataException">A stored study does not pass today's checks, or entries about models contradict each other.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        // What is broken on the disk stops the start, not the first call that needs it.
        _ = _app.Services.GetRequiredService<AuditTrail>();
        _ = _app.Services.GetRequiredService<StudyDesk>();
        _ = _app.Services.GetRequiredService<ModelLines>();
        _ = _app.Services.GetRequiredService<MonitoringDesk>();
        _app.Services.GetRequiredService<ServingOrders>().Ordered += order => _app.Services.GetRequiredService<SessionHub>().Broadcast(_ => true, Messages.Serve(order));
        await StartTelemetryAsync(cancellationToken); // before open runs are taken up: their steps have spans
        await _app.StartAsync(cancellationToken);
        var bound = new Uri(_app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single());
        Address = new IPEndPoint(IPAddress.Parse(bound.Host), bound.Port);
        _app.Services.GetRequiredService<CoordinatorAddress>().Port = bound.Port;
        var hub = _app.Services.GetRequiredService<SessionHub>();
        if (_options.Dashboard is { } listener)
        {
            _dashboard = await DashboardHost.StartAsync(_app.Services, listener, cancellationToken);
            _app.Services.GetRequiredService<SignInLinks>().Dashboard = _dashboard.Address;
            _app.Services.GetRequiredService<MonitoringDesk>().Pages = _dashboard.Address;
        }

        _serving = true;
        _app.Lifetime.ApplicationStopping.Register(() =>
        {
            _serving = false;
            hub.CloseAll(Fault.CoordinatorStopping);
        });
    }

    private async Task StartTelemetryAsync(CancellationToken cancel)
    {
        if (_options.Telemetry is { Metrics: null, Traces: null })
            return;
        var (sessions, journal, audit) = (_app.Services.GetRequiredService<SessionHub>(), _app.Services.GetRequiredService<IRunJournal>(), _app.Services.GetRequiredService<AuditTrail>());
        _observed = Telemetry.Observe(() => sessions.Count, () => journal.List(openOnly: true).Count, () => audit.Count);
        _telemetry = await TelemetryHost.StartAsync(_options.Telemetry, Telemetry.Name, [new TracedService(Telemetry.Name, "coordinator")], () => _serving, cancel);
    }

    /// <summary>Completes when the process is asked to stop (SIGTERM, Ctrl+C) and everything has ended.</summary>
    public Task WaitForShutdownAsync(CancellationToken cancellationToken = default) => _app.WaitForShutdownAsync(cancellationToken);

    /// <summary>Ends sessions with a farewell, and stops.</summary>
    public Task StopAsync(CancellationToken cancellationToken = default) => _app.StopAsync(cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_dashboard is not null)
            await _dashboard.DisposeAsync();
        if (_telemetry is not null)
            await _telemetry.DisposeAsync();
        _observed?.Dispose();
        await _app.DisposeAsync();
        _folder.Dispose();
    }

    private static void AddLogging(WebApplicationBuilder builder, CoordinatorOptions options, DataFolder folder)
    {
        if (options.Logging is { } logging)
        {
            logging(builder.Logging);
            return;
        }

        var logger = new LoggerConfiguration()
            .MinimumLevel.Information()
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
            .MinimumLevel.Override("Orleans", LogEventLevel.Warning)
            .MinimumLevel.Override("Grpc", LogEventLevel.Warning)
            .WriteTo.Console(standardErrorFromLevel: LogEventLevel.Verbose) // standard output is for the line that says ready
            .WriteTo.File(
                new CompactJsonFormatter(), Path.Combine(folder.Disk.Root, "logs", "coordinator-.json"), rollingInterval: RollingInterval.Day,
                fileSizeLimitBytes: LongestLogFile, rollOnFileSizeLimit: true, retainedFileCountLimit: 30)
            .CreateLogger();
        builder.Services.AddSerilog(logger, dispose: true);
    }

    private static void AddServices(IServiceCollection services, CoordinatorOptions options, DataFolder folder)
    {
        var time = options.Time;
        services.AddSingleton(time);
        services.AddSingleton(folder);
        services.AddSingleton<IDisk>(folder.Disk);
        services.AddSingleton(options.Sessions);
        services.AddSingleton(new CoordinatorIdentity(folder.Identity.Id));
        services.AddSingleton(new CoordinatorAddress(folder.Identity.Hosts, folder.Identity.Port));

        var members = new MemberStore(folder.Database);
        services.AddSingleton(members);
        services.AddSingleton(new MemberDirectory(members.Certificates()));
        services.AddSingleton(new StudyStore(folder.Database));
        services.AddSingleton(_ => new AuditTrail(folder.Disk, folder.Key, time));
        services.AddSingleton(_ => folder.OpenAuthority(time));
        services.AddSingleton<ServerCertificate>();
        services.AddSingleton<EnrolmentDesk>();
        services.AddSingleton<StudyDesk>();
        services.AddSingleton<Connections>();
        var signIn = SignInSettings.Read(folder.Disk.Root);
        services.AddSingleton(provider => new BearerTokens(
            signIn, signIn is null ? null : new IssuerKeys(signIn, time, provider.GetRequiredService<ILogger<IssuerKeys>>()), time));
        services.AddSingleton<SignInLinks>();
        services.AddSingleton<DashboardSessions>();
        services.AddSingleton<Revocation>();
        services.AddSingleton<SessionHub>();

        services.AddSingleton<IRunJournal>(_ => new SqliteRunJournal(folder.Database));
        services.AddSingleton(_ => new StagingArea(folder.Disk, new LedgerWitness(folder.Disk, folder.Key)));
        services.AddSingleton(_ => new ResultStore(folder.Disk));
        services.AddSingleton(_ => new ModelRegistry(folder.Disk));
        services.AddSingleton<ModelLines>();
        services.AddSingleton<ServingOrders>();
        services.AddSingleton<SiteReports>();
        services.AddSingleton<SiteComparisons>();
        services.AddSingleton<CardEvidences>();
        services.AddSingleton<ModelDocuments>();
        services.AddSingleton<StageDesk>();
        services.AddSingleton<ComparisonDesk>();
        services.AddSingleton<SiteMonitorings>();
        services.AddSingleton<ObservationDesk>();
        services.AddSingleton(_ => new NoiseRoots(folder.Disk));
        services.AddSingleton(provider => new RunServices(
            provider.GetRequiredService<IRunJournal>(),
            provider.GetRequiredService<StagingArea>(),
            provider.GetRequiredService<ResultStore>(),
            provider.GetRequiredService<ModelRegistry>(),
            provider.GetRequiredService<NoiseRoots>(),
            folder.Key,
            members.WorkerKey,
            members.Renewals,
            time,
            ModelRegistry.OurSoftware));
        services.AddSingleton<RunFeed>();
        services.AddSingleton<RoundTraces>();
        services.AddSingleton<RunWorkQueue>();
        services.AddSingleton<RunEffects>();
        services.AddSingleton<Runs>();
        services.AddSingleton<RunControl>();
        services.AddSingleton<RunStarter>();
        services.AddSingleton(new MonitoringStore(folder.Database));
        services.AddSingleton<RulesFile>();
        services.AddSingleton<MonitoringDesk>();
        services.AddSingleton<RetrainingDesk>();
        services.AddSingleton<WebhookSender>();
        services.AddSingleton<MailSender>();
        services.AddSingleton<IReadOnlyDictionary<Type, IAlertSender>>(provider => new Dictionary<Type, IAlertSender>
        {
            [typeof(WebhookChannel)] = provider.GetRequiredService<WebhookSender>(), [typeof(MailChannel)] = provider.GetRequiredService<MailSender>(),
        });
        services.AddSingleton<Outbox>();
        _ = RetentionSettings.Read(folder.Disk.Root); // what is wrong in it stops the start, not the day on which something would go
        services.AddSingleton<RetentionDesk>();
        services.AddSingleton<UploadTurns>();
        services.AddSingleton<ReleaseUploads>();
        services.AddSingleton<ParameterDownloads>();
        services.AddSingleton<ModelDownloads>();
    }

    private static void AddWeb(WebApplicationBuilder builder, IPEndPoint listen)
    {
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(10));
        builder.Services.Configure<ConsoleLifetimeOptions>(console => console.SuppressStatusMessages = true);
        builder.Services.AddRoutingCore();
        builder.Services.AddGrpc(grpc =>
        {
            grpc.Interceptors.Add<FaultInterceptor>();
            grpc.MaxReceiveMessageSize = LongestMessage;
            grpc.IgnoreUnknownServices = true; // the gate answers for them
        }).AddJsonTranscoding(rest => rest.JsonSettings.WriteInt64sAsStrings = true); // as protobuf's JSON has them
        builder.WebHost.UseKestrelCore();
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>, NetworkMemory>(); // after Kestrel's own: the last one counts
        builder.WebHost.ConfigureKestrel((_, kestrel) =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBufferSize = NetworkMemory.MostPerConnection;
            kestrel.Limits.Http2.InitialConnectionWindowSize = WindowLength;
            kestrel.Limits.Http2.InitialStreamWindowSize = WindowLength;
            var certificate = kestrel.ApplicationServices.GetRequiredService<ServerCertificate>();
            kestrel.Listen(listen, endpoint =>
            {
                endpoint.Protocols = HttpProtocols.Http1AndHttp2;
                endpoint.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(Tls.Options(certificate.Context)) });
            });
        });
    }

    private static void MapRoutes(WebApplication app)
    {
        app.UseRouting();
        app.UseMiddleware<Gate>();
        app.Use(UnreadableCalls.AnswerAsync);
        app.Use(RestFaults.AnswerAsync);
        app.MapGrpcService<EnrolmentService>();
        app.MapGrpcService<SessionService>();
        app.MapGrpcService<AdministrationService>();
        app.MapGrpcService<StagesService>();
        app.MapGrpcService<MonitoringService>();
        app.MapMethods(Access.OpenApiRoute, [HttpMethods.Get], OpenApi.GetAsync);
        var parameters = app.Services.GetRequiredService<ParameterDownloads>();
        app.MapMethods(Access.ParametersRoute, [HttpMethods.Get], context => parameters.GetAsync(context, (string)context.GetRouteValue("digest")!));
        var models = app.Services.GetRequiredService<ModelDownloads>();
        app.MapMethods(Access.ModelsRoute, [HttpMethods.Get], context => models.GetAsync(context, (string)context.GetRouteValue("digest")!, (string)context.GetRouteValue("file")!));
        var releases = app.Services.GetRequiredService<ReleaseUploads>();
        app.MapMethods(Access.ReleasesRoute, [HttpMethods.Head], context => releases.HeadAsync(context, (string)context.GetRouteValue("step")!));
        app.MapMethods(Access.ReleasesRoute, [HttpMethods.Put], context => releases.PutAsync(context, (string)context.GetRouteValue("step")!));
    }

    /// <summary>Takes up the open runs after the silo has started and before Kestrel does: hosted services start in order.</summary>
    private sealed class RunsAtStart(Runs runs) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => runs.WakeAllAsync();

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
