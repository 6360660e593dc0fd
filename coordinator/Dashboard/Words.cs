using System.Globalization;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Dashboard;

/// <summary>How the dashboard says things.</summary>
internal static class Words
{
    /// <summary>A moment, to the minute, UTC.</summary>
    public static string Minute(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    /// <summary>A moment, to the second, UTC.</summary>
    public static string Second(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>A moment for a machine.</summary>
    public static string Machine(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>The days of a window.</summary>
    public static string Days(ReportWindow days) => days.From == days.To ? CalendarDay.Text(days.From) : $"{CalendarDay.Text(days.From)} to {CalendarDay.Text(days.To)}";

    /// <summary>A number of seconds.</summary>
    public static string Seconds(double seconds) => seconds < 10 ? string.Create(CultureInfo.InvariantCulture, $"{seconds:0.00} s") : seconds < 600 ? string.Create(CultureInfo.InvariantCulture, $"{seconds:0} s") : string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0} min");

    /// <summary>Within what the slowest were answered.</summary>
    public static string Slowest(LatencyBounds? bounds)
    {
        return bounds is not { } slowest ? "" : slowest.Below is { } below ? Milliseconds(below) : $"more than {Milliseconds(slowest.From)}";

        static string Milliseconds(long microseconds) => string.Create(CultureInfo.InvariantCulture, $"{microseconds / 1000.0:0.###} ms");
    }

    /// <summary>A count and what is counted.</summary>
    public static string Count(int count, string one, string? many = null) => count == 1 ? $"1 {one}" : $"{count} {many ?? one + "s"}";

    /// <summary>Words of a name: <c>TooFewRows</c> is "too few rows".</summary>
    public static string OfName(Enum name)
    {
        var words = new System.Text.StringBuilder();
        foreach (var c in name.ToString())
        {
            if (char.IsAsciiLetterUpper(c) && words.Length > 0)
                words.Append(' ');
            words.Append(char.ToLowerInvariant(c));
        }

        return words.ToString();
    }

    /// <summary>Where a run stands, and which class of the styles says so.</summary>
    public static (string Word, string Class) Of(RunStatus status) => status switch
    {
        RunStatus.Created => ("created", ""),
        RunStatus.Running => ("running", "busy"),
        RunStatus.Paused => ("paused", "warn"),
        RunStatus.Completed => ("registering", "busy"),
        RunStatus.Registered => ("model registered", "good"),
        RunStatus.Profiled => ("profile there", "good"),
        RunStatus.Compared => ("comparison there", "good"),
        RunStatus.Monitored => ("monitoring there", "good"),
        RunStatus.Failed => ("failed", "bad"),
        _ => ("cancelled", "bad"),
    };

    /// <summary>What a site says of a study, and the class.</summary>
    public static (string Word, string Class) Of(StudyVerdict.Types.State? verdict) => verdict switch
    {
        StudyVerdict.Types.State.Approved => ("approved", "good"),
        StudyVerdict.Types.State.Refused => ("refused", "bad"),
        StudyVerdict.Types.State.Revoked => ("approval withdrawn", "bad"),
        null or StudyVerdict.Types.State.Unspecified => ("not answered", ""),
        { } other => (OfName(other), "warn"),
    };

    /// <summary>What a site is doing in a step that collects.</summary>
    public static string Doing(StepState step, SiteId site, RunPlan plan, bool isPaused, bool isConnected) => step.Answers.GetValueOrDefault(site) switch
    {
        AcceptedAnswer => $"delivered {StepWords.Of(step.Id.Kind)} of {Place(step.Id, plan)}",
        DeclinedAnswer declined => $"declined {StepWords.Of(step.Id.Kind)} of {Place(step.Id, plan)}: {OfName(declined.Reason)}",
        RefusedAnswer => $"its {StepWords.Of(step.Id.Kind)} of {Place(step.Id, plan)} was refused",
        LeftAnswer => $"left {plan.Name}",
        _ => $"{(isPaused ? "paused at" : isConnected ? "at work on" : "awaited with")} {StepWords.Of(step.Id.Kind)} of {Place(step.Id, plan)}",
    };

    private static string Place(StepId step, RunPlan plan) => step.Round.Value == 0 ? plan.Name : $"round {step.Round} of {plan.Rounds}, {plan.Name}";
}
