using System.IO.Pipes;
using System.Reflection;
using System.Runtime.Versioning;
using System.Security.AccessControl;
using System.Security.Principal;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Protos.WorkerPort;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.NamedPipes;
using Serilog;
using Serilog.Formatting.Compact;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// The worker's process: two Unix domain sockets (named pipes on Windows), one for the gateway, one for the steward, and no other endpoint.
/// </summary>
public static class WorkerHost
{
    /// <summary>Version of this software, as releases name it.</summary>
    public static string Software { get; } = typeof(WorkerHost).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>Builds the host of a worker's folder; start it with <c>RunAsync</c>.</summary>
    /// <exception cref="WorkerSetupException">The folder is not as it must be.</exception>
    /// <exception cref="IOException">Another worker runs on this folder.</exception>
    public static WebApplication Build(WorkerFolder folder, string exchange, bool json = false)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var configuration = WorkerConfiguration.ReadFile(folder.Configuration);
        WorkerFolder.MakePrivate(folder.Root);
        if (!OperatingSystem.IsWindows() && !configuration.StewardUids.IsEmpty)
            folder.OpenToStewards();
        var disk = new FileDisk(folder.Root, ownerOnly: true);
        var exchangeDisk = new FileDisk(exchange);
        var held = disk.Lock();
        WorkerKeyFile.Recover(disk, TimeProvider.System);
        var identity = folder.Open(configuration, Software);
        var datasets = () => DatasetMap.ReadFile(folder.Datasets);
        var policy = new PolicyFile(folder.Policy).Read;
        var storeKey = StoreKey.Open(folder, KeyFile.Credentials);
        WorkerCore? core = null;
        var events = new SiteEvents(
            folder, datasets, identity.Secret, storeKey, TimeProvider.System, dataset => core!.State.Decisions.GetValueOrDefault(dataset, ClinicalData.DecisionMark.None),
            (dataset, mapping) => core!.State.Approves(dataset, mapping))
        {
            IsBeingErased = dataset => core!.State.ErasuresOf(dataset).Pending,
        };
        var rules = new QualityFile(folder.Quality).Read;
        CohortCache Cohorts()
        {
            var cohorts = new CohortCache(datasets, events.Open, identity.Secret, rules);
            events.Erased += cohorts.Forget;
            return cohorts;
        }

        var trainer = new TorchTrainer();
        Microsoft.Extensions.Logging.ILogger? log = null;
        var drift = new DriftDesk(disk, (study, check) => log?.Drift(study.Name, string.Join(", ", check.Alarms.Select(DriftReport.Name))));
        var shared = new FileDisk(configuration.ServingFolder ?? folder.Serving);
        var monitoring = new MonitoringDesk(disk, shared, TimeProvider.System, why => log?.ServingRefused(why));
        core = WorkerCore.Open(
            disk, exchangeDisk, OutboxKey.OpenOrMake(exchange, KeyFile.Credentials, HasAccounts(configuration)), identity, new RootStore(storeKey.SealRoots(disk), configuration.KeepRootsDays),
            new ContentStore(storeKey.SealContents(disk), configuration.KeepContentsDays), policy, datasets,
            new SiteStepComputer(Cohorts(), trainer, beforeRound: drift.BeforeRound, monitoring: monitoring), TimeProvider.System);
        var serving = ServingDesk.Open(core.Journal, identity.Site, exchangeDisk, shared, why => log?.ServingRefused(why));
        var quality = new QualityDesk(core, events, rules, TimeProvider.System);
        var desk = new DataDesk(core, events);
        var retention = new Retention(core, events, drift, TimeSpan.FromDays(configuration.KeepReleasesDays), TimeProvider.System, why => log?.NotEnded(why));
        retention.Check(); // before anything is recovered of what is to be erased
        if (core.Broken is null)
        {
            desk.Recover();
            quality.Recover();
        }

        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddSerilog(log => Log(log, folder, json));
        builder.Services.AddGrpc(options => options.MaxReceiveMessageSize = 4 << 20);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(core);
        builder.Services.AddSingleton(desk);
        builder.Services.AddSingleton(quality);
        builder.Services.AddSingleton(serving);
        var members = new MemberDesk(core, identity);
        builder.Services.AddSingleton(members);
        builder.Services.AddSingleton(new PageDesk(core, members, identity.Site, datasets));
        builder.Services.AddSingleton(new LedgerDesk(core.Journal, policy, datasets));
        builder.Services.AddSingleton(retention);
        builder.Services.AddSingleton(new MatrixDesk(core, events, identity.Secret, exchange));
        builder.Services.AddSingleton(new MappingDesk(core, events, new FileDisk(folder.Mappings, ownerOnly: true)));
        builder.Services.AddSingleton(new StudyPreview(core, Cohorts(), trainer, configuration.Site));
        builder.Services.AddSingleton(_ => new ReplayDesk(core, identity, new SiteStepComputer(Cohorts(), trainer), new FileDisk(folder.Replay, ownerOnly: true)));
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, folder, exchange, configuration));
        if (OperatingSystem.IsWindows())
            UseSecurePipes(builder, PipeName(Endpoints(folder, exchange).Gateway));

        builder.Services.AddSingleton(new DriftReport(core, events, identity.Secret, drift));
        var app = builder.Build();
        log = app.Services.GetRequiredService<ILogger<WorkerPortService>>();
        var (gatewaySocket, stewardSocket) = Endpoints(folder, exchange);
        app.MapGrpcService<WorkerPortService>().RequireSocket(gatewaySocket);
        app.MapGrpcService<StewardService>().RequireSocket(stewardSocket);
        app.Lifetime.ApplicationStarted.Register(() => Announce(app, folder, exchange, core, configuration, identity, gatewaySocket, stewardSocket));
        var daily = retention.CheckDaily();
        var withdrawals = serving.CheckWithdrawnEvery(ServingDesk.Often, TimeProvider.System, why => log?.NotLogged(why));
        app.Lifetime.ApplicationStopped.Register(() =>
        {
            daily.Dispose();
            withdrawals.Dispose();
            core.Dispose();
            held.Dispose();
        });
        return app;
    }

    // Whether the gateway has an account of its own. On Windows the services always have.
    private static bool HasAccounts(WorkerConfiguration configuration) =>
        OperatingSystem.IsWindows() || (configuration.GatewayUid ?? PeerCredentials.OwnUid) != PeerCredentials.OwnUid;

    private static (string Gateway, string Steward) Endpoints(WorkerFolder folder, string exchange) =>
        (Path.GetFullPath(Path.Join(exchange, ExchangePaths.Socket)), Path.GetFullPath(folder.StewardSocket));

    private static void Listen(KestrelServerOptions kestrel, WorkerFolder folder, string exchange, WorkerConfiguration configuration)
    {
        var (gateway, steward) = Endpoints(folder, exchange);
        kestrel.Limits.MaxRequestBodySize = null;
        if (OperatingSystem.IsWindows())
        {
            kestrel.ListenNamedPipe(PipeName(gateway), Tagged(gateway));
            kestrel.ListenNamedPipe(PipeName(steward), Tagged(steward));
            return;
        }

        var own = PeerCredentials.OwnUid;
        var log = kestrel.ApplicationServices.GetRequiredService<ILogger<WorkerPortService>>();
        ListenUnix(kestrel, gateway, new HashSet<uint> { configuration.GatewayUid ?? own }, log);
        ListenUnix(kestrel, steward, [own, 0, .. configuration.StewardUids], log);
    }

    private static void ListenUnix(KestrelServerOptions kestrel, string socket, HashSet<uint> allowed, Microsoft.Extensions.Logging.ILogger log)
    {
        File.Delete(socket); // left by a killed worker; the folder's lock says that none is running
        kestrel.ListenUnixSocket(socket, listen =>
        {
            Tagged(socket)(listen);
            listen.Use(next => PeerCredentials.Require(next, allowed, uid => log.PeerRefused(socket, uid)));
        });
    }

    private static Action<ListenOptions> Tagged(string socket) => listen =>
    {
        listen.Protocols = HttpProtocols.Http2;
        listen.Use(next => connection =>
        {
            connection.Items[SocketTag.Key] = socket;
            return next(connection);
        });
    };

    /// <summary>The name of the pipe that stands for a socket's path on Windows.</summary>
    public static string PipeName(string socket) => "fcml-" + Studies.Sha256Digest.Of(System.Text.Encoding.UTF8.GetBytes(Path.GetFullPath(socket).ToUpperInvariant())).Short;

    // Not run on Linux. Each pipe belongs to the worker's account; the gateway's lets the gateway's service in, the steward's administrators.
    [SupportedOSPlatform("windows")]
    private static void UseSecurePipes(WebApplicationBuilder builder, string gateway) => builder.WebHost.UseNamedPipes(options =>
    {
        options.CurrentUserOnly = false;
        options.CreateNamedPipeServerStream = context =>
        {
            var security = new PipeSecurity();
            Allow(WindowsIdentity.GetCurrent().User!, PipeAccessRights.FullControl);
            if (context.NamedPipeEndPoint.PipeName != gateway)
                Allow(new SecurityIdentifier(WellKnownSidType.BuiltinAdministratorsSid, null), PipeAccessRights.ReadWrite);
            else if (GatewayService() is { } service)
                Allow(service, PipeAccessRights.ReadWrite);
            return NamedPipeServerStreamAcl.Create(
                context.NamedPipeEndPoint.PipeName, PipeDirection.InOut, NamedPipeServerStream.MaxAllowedServerInstances, PipeTransmissionMode.Byte,
                context.PipeOptions, inBufferSize: 0, outBufferSize: 0, security);

            void Allow(SecurityIdentifier who, PipeAccessRights rights) => security.AddAccessRule(new PipeAccessRule(who, rights, AccessControlType.Allow));
        };
    });

    // The account of the service that docs/how-to/hospital.md creates; null where there is none, and gateway and worker run under one account.
    [SupportedOSPlatform("windows")]
    private static SecurityIdentifier? GatewayService()
    {
        try
        {
            return (SecurityIdentifier)new NTAccount(@"NT SERVICE\fcml-agent").Translate(typeof(SecurityIdentifier));
        }
        catch (IdentityNotMappedException)
        {
            return null;
        }
    }

    private static void Announce(WebApplication app, WorkerFolder folder, string exchange, WorkerCore core, WorkerConfiguration configuration, WorkerIdentity identity, string gateway, string steward)
    {
        var log = app.Services.GetRequiredService<ILogger<WorkerPortService>>();
        if (OperatingSystem.IsWindows())
        {
            log.Pipe($@"\\.\pipe\{PipeName(gateway)}");
        }
        else
        {
            // Directory modes are the first lock, peer credentials the second: a socket's own mode only has to let both accounts through.
            File.SetUnixFileMode(gateway, (UnixFileMode)Convert.ToInt32("666", 8));
            File.SetUnixFileMode(steward, (UnixFileMode)Convert.ToInt32("666", 8));
            if (!HasAccounts(configuration))
                log.AccountSeparationOff(PeerCredentials.OwnUid);
        }

        if (!OperatingSystem.IsWindows())
        {
            if (File.Exists(folder.StoreKey))
                log.StoreKeyBesideData(folder.StoreKey);
            if (File.Exists(OutboxKey.PathIn(exchange)))
                log.OutboxKeyBesideData(OutboxKey.PathIn(exchange));
        }

        if (core.Broken is { } broken)
            log.LogBroken(broken.Message);
        foreach (var fault in core.Policy().Faults)
            log.PolicyFault(fault);
        // Standard output is for this line; what is logged goes to standard error.
        Console.WriteLine($$"""{"ready":true,"site":"{{configuration.Site}}","process":{{Environment.ProcessId}}}""");
        log.Ready(configuration.Site.Value, core.State.Studies.Count, core.Held().Count, identity.Key.PublicKey.Fingerprint.ToString());
    }

    private static void Log(LoggerConfiguration log, WorkerFolder folder, bool json)
    {
        log.MinimumLevel.Information().MinimumLevel.Override("Microsoft", Serilog.Events.LogEventLevel.Warning).MinimumLevel.Override("Grpc", Serilog.Events.LogEventLevel.Warning)
            .WriteTo.File(new CompactJsonFormatter(), Path.Join(folder.Logs, "worker-.log"), rollingInterval: RollingInterval.Day);
        const Serilog.Events.LogEventLevel All = Serilog.Events.LogEventLevel.Verbose;
        _ = json
            ? log.WriteTo.Console(new CompactJsonFormatter(), standardErrorFromLevel: All)
            : log.WriteTo.Console(standardErrorFromLevel: All, formatProvider: System.Globalization.CultureInfo.InvariantCulture);
    }
}

/// <summary>Ties each service to its own socket: one server listens on both, and the gateway must not reach the steward's service.</summary>
internal static class SocketTag
{
    public static readonly object Key = new();

    public static void RequireSocket(this IEndpointConventionBuilder endpoint, string socket) => endpoint.Add(builder =>
    {
        var next = builder.RequestDelegate!;
        builder.RequestDelegate = context =>
        {
            if (context.Features.Get<Microsoft.AspNetCore.Connections.Features.IConnectionItemsFeature>()?.Items.TryGetValue(Key, out var tag) == true && tag is string name && name == socket)
                return next(context);
            context.Response.StatusCode = StatusCodes.Status404NotFound; // gRPC: UNIMPLEMENTED
            return Task.CompletedTask;
        };
    });
}
