using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>What a site tells of one window, in at most two parts, each made once and repeated to the bit from then on.</summary>
/// <param name="Window">Its days.</param>
/// <param name="Usage">What the version did; null: so few rows were answered that nothing is told.</param>
/// <param name="Outcomes">What came of it; null: not told yet.</param>
public sealed record MonitoredWindow(ReportWindow Window, MonitoredUsage? Usage, MonitoredOutcomes? Outcomes)
{
    /// <summary>How many parts are told.</summary>
    public int Parts => Outcomes is null ? 1 : 2;

    /// <summary>Whether no count from 1 to <paramref name="minimum"/> - 1 is in it or follows from it.</summary>
    public bool Fits(int minimum) => (Usage?.Fits(minimum) ?? true) && (Outcomes?.Fits(Usage, minimum) ?? true);

    /// <summary>The JSON form: <c>{"from","to","usage","outcomes"}</c>.</summary>
    public JsonObject ToJson(Study study) => new()
    {
        ["from"] = CalendarDay.Text(Window.From),
        ["to"] = CalendarDay.Text(Window.To),
        ["usage"] = Usage?.ToJson(study),
        ["outcomes"] = Outcomes?.ToJson(),
    };

    /// <summary>Reads a list of windows, in their order, none overlapping another.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static MonitoredWindow[] ReadAll(Study study, JsonFields fields, string name, int most)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(fields);
        var windows = fields.List(name, most, (item, path) => Read(study, item, path));
        if (windows.Zip(windows.Skip(1)).Any(pair => pair.First.Window.To >= pair.Second.Window.From))
            fields.Fail(name, "be in the order of their days, and share none");
        return windows;
    }

    private static MonitoredWindow Read(Study study, JsonNode? node, string path)
    {
        var fields = new JsonFields(node, path);
        var days = new ReportWindow(CalendarDay.Read(fields, "from"), CalendarDay.Read(fields, "to"));
        var window = new MonitoredWindow(
            days,
            fields.IsNull("usage") ? null : MonitoredUsage.Read(study, fields.Node("usage"), fields.PathOf("usage")),
            fields.IsNull("outcomes") ? null : MonitoredOutcomes.Read(study, fields.Object("outcomes")));
        if (!Enum.GetValues<ReportSchedule>().Any(schedule => schedule != ReportSchedule.None && schedule.WindowOf(days.From) == days))
            fields.Fail("to", "be the last day of the day, the week from Monday, or the calendar month that 'from' begins");
        fields.End();
        return window;
    }
}
