using System.Security.Cryptography.X509Certificates;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Serilog;
using Serilog.Formatting.Compact;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>The program's process: one endpoint for callers, two folders, and no route to anybody else.</summary>
public static class ScoringHost
{
    private const long LargestBody = 16 << 20;

    /// <summary>Builds the host of a folder; start it with <c>RunAsync</c>.</summary>
    /// <exception cref="ScoringSetupException">The folder or the configuration is not as it must be.</exception>
    /// <exception cref="IOException">Another process runs on this folder.</exception>
    public static WebApplication Build(ScoringFolder folder, bool json = false) => Build(folder, TimeProvider.System, OnnxSession.Open, json);

    internal static WebApplication Build(ScoringFolder folder, TimeProvider time, OpenSession open, bool json = false)
    {
        var configuration = ScoringConfiguration.ReadFile(folder.Configuration);
        ScoringFolder.MakePrivate(folder.Root);
        var disk = new FileDisk(folder.Root, ownerOnly: true);
        var held = disk.Lock();
        var serving = new FileDisk(configuration.Serving);
        var key = ScoringKey.Open(folder, KeyFile.Credentials);
        var mapping = MappingOf(configuration);
        var clock = new ClinicalClock(configuration.Zone);

        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddSerilog(log => Log(log, folder, json), preserveStaticLogger: true);
        builder.Services.AddOpenApi(ScoringDocument.Configure);
        builder.Services.AddClientRates(configuration);
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => Listen(kestrel, configuration));
        builder.Services.AddSingleton(time);
        builder.Services.AddSingleton<OperatorLog>();
        builder.Services.AddSingleton(services => new ServingShelf(configuration, serving, new WithdrawalStore(serving, disk), open, time, services.GetRequiredService<OperatorLog>().Log));
        var batches = new BatchReports(disk, serving);
        builder.Services.AddSingleton(services => new PredictionDesk(
            new PredictionLog(disk, key, configuration.KeepPredictionsDays), new ReportDesk(serving, batches, services.GetRequiredService<OperatorLog>().Log), time, services.GetRequiredService<OperatorLog>().Log));
        builder.Services.AddSingleton(services => new OutcomeDesk(services.GetRequiredService<PredictionDesk>(), services.GetRequiredService<ServingShelf>(), configuration.KeepPredictionsDays, time));
        builder.Services.AddSingleton<ShadowQueue>();
        builder.Services.AddSingleton(services => new Scorer(services.GetRequiredService<PredictionDesk>(), services.GetRequiredService<ShadowQueue>(), time, services.GetRequiredService<OperatorLog>().Log));
        builder.Services.AddSingleton(new CardReader(key, mapping, clock, time));
        builder.Services.AddSingleton(new ScoreReader(configuration.Rows, mapping, clock, time));
        var app = builder.Build();

        var log = app.Services.GetRequiredService<OperatorLog>().Log;
        var clients = new ClientFile(folder.Clients, log);
        var shelf = app.Services.GetRequiredService<ServingShelf>();
        shelf.Prepare();
        shelf.Refresh();
        var desk = app.Services.GetRequiredService<PredictionDesk>();
        desk.Log.Prepare();
        batches.Prepare();
        app.Services.GetRequiredService<OutcomeDesk>().Recover();
        app.UseClientGate(() => clients.Present, new EhrTokens(time));
        app.MapScoring();
        app.MapCards();
        app.MapOpenApi("/openapi/{documentName}.json");
        var chores = new Chores(configuration, shelf, clients, desk, app.Services.GetRequiredService<ShadowQueue>(), time, log);
        app.Lifetime.ApplicationStarted.Register(() => Announce(app, configuration, folder, shelf, clients, log));
        app.Lifetime.ApplicationStopped.Register(() =>
        {
            chores.Dispose();
            held.Dispose();
        });
        return app;
    }

    private static SiteMapping MappingOf(ScoringConfiguration configuration)
    {
        if (configuration.Mapping is not { } path)
            return SiteMapping.Empty;
        if (!File.Exists(path))
            throw new ScoringSetupException($"The mapping '{path}' is not there. Without it features would be computed otherwise than in training.");
        var reading = SiteMappingReader.Read(File.ReadAllText(path));
        return reading.Mapping ?? throw new ScoringSetupException(ConfigurationFault.Lines(path, reading.Faults));
    }

    private static void Listen(KestrelServerOptions kestrel, ScoringConfiguration configuration)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = LargestBody;
        kestrel.Listen(configuration.Listen, listen =>
        {
            if (configuration.Certificate is { } certificate)
                listen.UseHttps(Certificate(certificate, configuration.CertificatePasswordFile));
        });
    }

    private static X509Certificate2 Certificate(string path, string? passwordFile)
    {
        foreach (var secret in new[] { path, passwordFile }.OfType<string>())
            ScoringFolder.RequirePrivate(secret);
        return X509CertificateLoader.LoadPkcs12FromFile(path, passwordFile is null ? null : File.ReadAllText(passwordFile).TrimEnd('\r', '\n'));
    }

    private static void Announce(WebApplication app, ScoringConfiguration configuration, ScoringFolder folder, ServingShelf shelf, ClientFile clients, Microsoft.Extensions.Logging.ILogger log)
    {
        if (!OperatingSystem.IsWindows() && File.Exists(folder.Key))
            log.KeyBesideData(folder.Key);
        var address = app.Urls.First();
        // Standard output is for this line; what is logged goes to standard error.
        Console.WriteLine($$"""{"ready":true,"site":"{{configuration.Site}}","address":"{{address}}","process":{{Environment.ProcessId}}}""");
        log.Ready(configuration.Site.Value, address, shelf.Lines.Count, clients.Present.Clients.Length, clients.Present.Ehrs.Length);
    }

    private static void Log(LoggerConfiguration log, ScoringFolder folder, bool json)
    {
        log.MinimumLevel.Information().MinimumLevel.Override("Microsoft", Serilog.Events.LogEventLevel.Warning)
            .WriteTo.File(new CompactJsonFormatter(), Path.Join(folder.Logs, "scoring-.log"), rollingInterval: RollingInterval.Day);
        const Serilog.Events.LogEventLevel All = Serilog.Events.LogEventLevel.Verbose;
        _ = json
            ? log.WriteTo.Console(new CompactJsonFormatter(), standardErrorFromLevel: All)
            : log.WriteTo.Console(standardErrorFromLevel: All, formatProvider: System.Globalization.CultureInfo.InvariantCulture);
    }
}

/// <summary>The program's own log.</summary>
internal sealed class OperatorLog(ILoggerFactory loggers)
{
    public Microsoft.Extensions.Logging.ILogger Log { get; } = loggers.CreateLogger("FederatedClinicalMl.SiteAgent.Scoring");
}
