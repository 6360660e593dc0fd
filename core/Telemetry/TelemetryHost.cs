using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace FederatedClinicalMl.Telemetry;

/// <summary>A source of spans, and the name of the service whose they are.</summary>
/// <param name="Source">Name of an <see cref="System.Diagnostics.ActivitySource"/>.</param>
/// <param name="Service">Whose spans they are, e.g. <c>site-worker</c>.</param>
public sealed record TracedService(string Source, string Service);

/// <summary>
/// Exports what the rooms measure with the platform's own means (<see cref="System.Diagnostics.Metrics"/>, <see cref="System.Diagnostics.ActivitySource"/>), on a listener of its own, so that what scrapers see can
/// never be reached through a port that is open to others, nor the other way round: <c>/metrics</c> (Prometheus), <c>/health/live</c>, <c>/health/ready</c>. Without options nothing is
/// loaded, listened to or sent.
/// </summary>
public sealed class TelemetryHost : IAsyncDisposable
{
    private readonly List<IDisposable> _providers = [];
    private WebApplication? _listener;

    private TelemetryHost()
    {
    }

    /// <summary>Where metrics are; null: nowhere.</summary>
    public Uri? Metrics { get; private set; }

    /// <summary>Begins to export.</summary>
    /// <param name="options">What.</param>
    /// <param name="meter">Name of the program's meter.</param>
    /// <param name="services">Its sources of spans.</param>
    /// <param name="ready">Whether the program does what it is there for.</param>
    /// <param name="cancel">Gives up.</param>
    public static async Task<TelemetryHost> StartAsync(TelemetryOptions options, string meter, IReadOnlyList<TracedService> services, Func<bool> ready, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var host = new TelemetryHost();
        if (options.Traces is { } collector)
            host.Trace(collector, services);
        if (options.Metrics is { } listen)
            await host.ListenAsync(listen, meter, ready, cancel);
        return host;
    }

    /// <summary>Sends what waits, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_listener is not null)
            await _listener.DisposeAsync();
        _providers.ForEach(provider => provider.Dispose());
    }

    // Each in a method of its own: what a program does not use is not loaded when it starts.
    private void Trace(Uri collector, IReadOnlyList<TracedService> services) => _providers.AddRange(services.Select(service => Sdk.CreateTracerProviderBuilder()
        .SetResourceBuilder(ResourceBuilder.CreateEmpty().AddService(service.Service, autoGenerateServiceInstanceId: false))
        .AddSource(service.Source)
        .AddOtlpExporter(exporter =>
        {
            exporter.Endpoint = new Uri(collector, "/v1/traces");
            exporter.Protocol = OtlpExportProtocol.HttpProtobuf;
            exporter.TimeoutMilliseconds = 5000;
            exporter.BatchExportProcessorOptions = new BatchExportActivityProcessorOptions { ScheduledDelayMilliseconds = 1000, MaxQueueSize = 4096 };
        })
        .Build()));

    private async Task ListenAsync(IPEndPoint listen, string meter, Func<bool> ready, CancellationToken cancel)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(listen);
        });
        _listener = builder.Build();
        var provider = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(ResourceBuilder.CreateEmpty())
            .AddMeter(meter, "System.Runtime")
            .AddPrometheusExporter()
            .Build();
        _providers.Add(provider);
        _listener.UseOpenTelemetryPrometheusScrapingEndpoint(provider, null, "/metrics", null, null);
        _listener.Run(context =>
        {
            context.Response.StatusCode = context.Request.Path.Value switch
            {
                "/health/live" => StatusCodes.Status200OK,
                "/health/ready" => ready() ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable,
                _ => StatusCodes.Status404NotFound,
            };
            return Task.CompletedTask;
        });
        await _listener.StartAsync(cancel);
        Metrics = new Uri(_listener.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single() + "/metrics");
    }
}
