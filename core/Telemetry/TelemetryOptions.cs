using System.Net;

namespace FederatedClinicalMl.Telemetry;

/// <summary>What a program tells of itself; nothing unless somebody says so.</summary>
/// <param name="Metrics">Where a scraper finds metrics, liveness and readiness: an address of this machine; null: nowhere.</param>
/// <param name="Traces">The collector that spans are sent to (OTLP over HTTP, <c>http://host:4318</c>); null: none.</param>
public sealed record TelemetryOptions(IPEndPoint? Metrics = null, Uri? Traces = null)
{
    /// <summary>Reads the two options of a command line.</summary>
    /// <exception cref="ArgumentException">One is malformed, or metrics would be open to other machines.</exception>
    public static TelemetryOptions Parse(string? metrics, string? traces)
    {
        IPEndPoint? listen = null;
        if (metrics is not null && !(IPEndPoint.TryParse(metrics, out listen) && IPAddress.IsLoopback(listen.Address)))
            throw new ArgumentException($"--metrics {metrics} is no address and port of this machine, such as 127.0.0.1:9464. Whoever reaches it reads it; let a proxy that asks who they are stand before it.");
        Uri? collector = null;
        if (traces is not null && !(Uri.TryCreate(traces, UriKind.Absolute, out collector) && collector.Scheme is "http" or "https"))
            throw new ArgumentException($"--traces {traces} is no address of a collector, such as http://127.0.0.1:4318.");
        return new TelemetryOptions(listen, collector);
    }
}
