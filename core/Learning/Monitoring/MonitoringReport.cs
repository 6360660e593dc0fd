using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>Why a site tells nothing of a version. A closed list of words, which tell nothing but this.</summary>
public enum MonitoringWithholding
{
    /// <summary><c>not-allowed</c>: its steward does not allow the line, or what is asked of is not what was allowed.</summary>
    NotAllowed,

    /// <summary><c>not-scheduled</c>: its steward has approved no schedule.</summary>
    NotScheduled,
}

/// <summary>
/// The payload of a release of monitoring: all windows that the site's steward's schedule has made ripe, of one version. Canonical JSON
/// <c>{"line","model","version","withheld","schedule","outcomesAfter","windows":[...]}</c>. docs/reference/monitoring.md
/// </summary>
public sealed class MonitoringReport
{
    /// <summary>Most parts of windows in one report: the newest.</summary>
    public const int MaximumParts = 400;

    // What is beside the windows is shorter.
    private const int MaximumWindowsLength = ReleaseManifest.MaximumJsonLength - 4096;

    private MonitoringReport(MonitoringOrder of, MonitoringWithholding? withheld, ReportSchedule schedule, int outcomesAfter, ImmutableArray<MonitoredWindow> windows) =>
        (Of, Withheld, Schedule, OutcomesAfter, Windows) = (of, withheld, schedule, outcomesAfter, windows);

    /// <summary>Of which version.</summary>
    public MonitoringOrder Of { get; }

    /// <summary>Why there is nothing; null where there may be.</summary>
    public MonitoringWithholding? Withheld { get; }

    /// <summary>The word for why there is nothing; empty where there may be.</summary>
    public string WithheldWord => Withheld switch { null => "", MonitoringWithholding.NotScheduled => "not-scheduled", _ => "not-allowed" };

    /// <summary>The schedule; <see cref="ReportSchedule.None"/> where withheld.</summary>
    public ReportSchedule Schedule { get; }

    /// <summary>Days that outcomes are waited for; 0 where withheld.</summary>
    public int OutcomesAfter { get; }

    /// <summary>The windows, in their order.</summary>
    public ImmutableArray<MonitoredWindow> Windows { get; }

    /// <summary>A report of nothing.</summary>
    public static MonitoringReport Without(MonitoringOrder of, MonitoringWithholding why) => new(of, why, ReportSchedule.None, 0, []);

    /// <summary>A report of the newest windows, as many as it takes.</summary>
    /// <param name="study">The model's study.</param>
    /// <param name="of">Of which version.</param>
    /// <param name="schedule">The schedule; not none.</param>
    /// <param name="outcomesAfter">Days that outcomes are waited for.</param>
    /// <param name="windows">All windows, in their order.</param>
    /// <param name="minimum">The least count that the site's policy lets out: what was told under a lower one is not repeated.</param>
    public static MonitoringReport With(Study study, MonitoringOrder of, ReportSchedule schedule, int outcomesAfter, IReadOnlyList<MonitoredWindow> windows, int minimum)
    {
        ArgumentNullException.ThrowIfNull(windows);
        ArgumentOutOfRangeException.ThrowIfEqual((int)schedule, (int)ReportSchedule.None);
        var (parts, length) = (0, 0L);
        var newest = windows.Reverse().Where(window => window.Fits(minimum)).TakeWhile(window =>
            (parts += window.Parts) <= MaximumParts && (length += CanonicalJson.Write(window.ToJson(study)).Length) <= MaximumWindowsLength).ToList();
        return new MonitoringReport(of, null, schedule, outcomesAfter, [.. Enumerable.Reverse(newest)]);
    }

    /// <summary>Whether no count from 1 to <paramref name="minimum"/> - 1 is in it or follows from it.</summary>
    public bool Fits(int minimum) => Windows.All(window => window.Fits(minimum));

    /// <summary>Canonical JSON.</summary>
    public byte[] Write(Study study) => CanonicalJson.Write(ToJson(study));

    /// <summary>Reads a report on a model of a study, strictly: counts that no rows can have are refused.</summary>
    /// <exception cref="FormatException">The bytes are something else.</exception>
    public static MonitoringReport Read(Study study, ReadOnlySpan<byte> json) => Read(study, CanonicalJson.Read(json), "monitoring");

    internal JsonObject ToJson(Study study)
    {
        var json = new JsonObject
        {
            ["withheld"] = Withheld is null ? null : WithheldWord,
            ["schedule"] = Schedule.Word(),
            ["outcomesAfter"] = OutcomesAfter,
            ["windows"] = new JsonArray([.. Windows.Select(window => window.ToJson(study))]),
        };
        Of.WriteTo(json);
        return json;
    }

    internal static MonitoringReport Read(Study study, JsonNode? node, string path)
    {
        ArgumentNullException.ThrowIfNull(study);
        var fields = new JsonFields(node, path);
        var of = MonitoringOrder.Read(fields);
        MonitoringWithholding? withheld = fields.IsNull("withheld") ? null : fields.Text("withheld", 13) switch
        {
            "not-allowed" => MonitoringWithholding.NotAllowed,
            "not-scheduled" => MonitoringWithholding.NotScheduled,
            _ => throw new FormatException($"{fields.PathOf("withheld")} must be not-allowed or not-scheduled."),
        };
        if (!ReportSchedules.TryParse(fields.Text("schedule", 7), out var schedule) || withheld is null == (schedule == ReportSchedule.None))
            fields.Fail("schedule", "be none where the report is withheld, and else daily, weekly or monthly");
        var after = (int)fields.Integer("outcomesAfter", withheld is null ? ReportSchedules.LeastOutcomesAfter : 0, withheld is null ? ReportSchedules.MostOutcomesAfter : 0);
        var windows = MonitoredWindow.ReadAll(study, fields, "windows", withheld is null ? MaximumParts : 0);
        if (windows.Sum(window => window.Parts) > MaximumParts)
            fields.Fail("windows", $"have at most {MaximumParts} parts");
        fields.End();
        return new MonitoringReport(of, withheld, schedule, after, [.. windows]);
    }
}
