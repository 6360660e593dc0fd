using System.Diagnostics;
using System.Diagnostics.Metrics;
using FederatedClinicalMl.Protos.WorkerPort;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>What the gateway measures of itself, and of the worker what that has told: names are in docs/reference/telemetry.md.</summary>
internal static class Telemetry
{
    /// <summary>Name of the meter and of the source of the gateway's spans.</summary>
    public const string Name = "FederatedClinicalMl.Gateway";

    /// <summary>Name of the source of the worker's spans, which are made here of the numbers that it answers with.</summary>
    public const string WorkerName = "FederatedClinicalMl.Worker";

    private const int MostWorkerSpans = 8;
    private static readonly ActivitySource Spans = new(Name);
    private static readonly ActivitySource WorkerSpans = new(WorkerName);
    private static readonly Meter Meter = new(Name);

    /// <summary>Steps that the worker has answered, by how.</summary>
    public static readonly Counter<long> Steps = Meter.CreateCounter<long>("fcml_gateway_steps", null, "Steps that the worker has answered.");

    /// <summary>Bytes of releases that the coordinator has taken whole.</summary>
    public static readonly Counter<long> DeliveredBytes = Meter.CreateCounter<long>("fcml_gateway_delivered", "By", "Bytes of releases that the coordinator has taken.");

    /// <summary>Adds what is looked up when a scraper asks.</summary>
    /// <returns>To be disposed with the gateway.</returns>
    public static Meter Observe(Func<bool> session, Func<bool> worker)
    {
        var meter = new Meter(Name);
        meter.CreateObservableGauge("fcml_gateway_session_open", () => session() ? 1 : 0, null, "1 while the coordinator has let this site in.");
        meter.CreateObservableGauge("fcml_gateway_worker_there", () => worker() ? 1 : 0, null, "1 while the worker answers.");
        return meter;
    }

    /// <summary>Begins a span of the step whose span the coordinator has named; null where nobody collects spans, here or there.</summary>
    public static Activity? Start(string name, string? parent) =>
        ActivityContext.TryParse(parent, null, isRemote: true, out var context) ? Spans.StartActivity(name, ActivityKind.Internal, context) : null;

    /// <summary>Makes the worker's spans of what it has answered, within the call to it. What is not in the closed list, or too much, is passed over.</summary>
    public static void Report(Activity? call, IEnumerable<WorkerSpan> spans)
    {
        if (call is null)
            return;
        foreach (var span in spans.Take(MostWorkerSpans).Where(span => span.Name != WorkerSpan.Types.Name.Unspecified && Enum.IsDefined(span.Name)))
        {
            var start = call.StartTimeUtc.AddMilliseconds(span.StartMilliseconds);
            using var made = WorkerSpans.StartActivity(span.Name.ToString().ToLowerInvariant(), ActivityKind.Internal, call.Context, startTime: start);
            made?.SetEndTime(start.AddMilliseconds(span.DurationMilliseconds));
        }
    }

    /// <summary>Counts a step that the worker has answered.</summary>
    public static void Answered(GatewayEvent result) => Steps.Add(1, new Tag("outcome", result is StepDeclined ? "declined" : "released"));
}
