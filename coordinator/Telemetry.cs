using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace FederatedClinicalMl.Coordinator;

/// <summary>What the coordinator measures of itself: names are in docs/reference/telemetry.md. No label names a site, a person, a study or a run: there would be as many series.</summary>
internal static class Telemetry
{
    /// <summary>Name of the meter and of the source of spans.</summary>
    public const string Name = "FederatedClinicalMl.Coordinator";

    private static readonly Meter Meter = new(Name);

    /// <summary>Spans of rounds.</summary>
    public static readonly ActivitySource Spans = new(Name);

    /// <summary>From a step's opening to its commit or abandonment, by kind and outcome.</summary>
    public static readonly Histogram<double> StepDuration = Meter.CreateHistogram("fcml_step_duration", "s", "From a step's opening to its end.", advice: new InstrumentAdvice<double>
    {
        HistogramBucketBoundaries = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 43200, 86400],
    });

    /// <summary>Bytes of releases that were taken from sites.</summary>
    public static readonly Counter<long> UploadedBytes = Meter.CreateCounter<long>("fcml_upload", "By", "Bytes of releases that sites have uploaded.");

    /// <summary>Runs that have ended, by how.</summary>
    public static readonly Counter<long> RunsEnded = Meter.CreateCounter<long>("fcml_runs_ended", null, "Runs that have ended since the start.");

    private static readonly Counter<long> FaultsCounted = Meter.CreateCounter<long>("fcml_faults", null, "Answers with a fault of the catalogue.");

    /// <summary>Counts a fault that somebody was answered with.</summary>
    public static void Refused(string code) => FaultsCounted.Add(1, new KeyValuePair<string, object?>("code", code));

    /// <summary>Adds what is looked up when a scraper asks.</summary>
    /// <returns>To be disposed with the coordinator: another one in the same process has its own.</returns>
    public static Meter Observe(Func<int> sites, Func<int> openRuns, Func<int> auditEntries)
    {
        var meter = new Meter(Name);
        meter.CreateObservableGauge("fcml_sites_connected", sites, null, "Sites with an open session.");
        meter.CreateObservableGauge("fcml_runs_open", openRuns, null, "Runs that have not ended.");
        meter.CreateObservableGauge("fcml_audit_entries", auditEntries, null, "Entries of the audit log.");
        return meter;
    }
}
