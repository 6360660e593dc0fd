namespace FederatedClinicalMl.Learning;

/// <summary>How often a site tells what a line of models did: what its steward has approved.</summary>
public enum ReportSchedule
{
    /// <summary>Never.</summary>
    None,

    /// <summary>Of each day.</summary>
    Daily,

    /// <summary>Of each week, from Monday to Sunday (ISO 8601).</summary>
    Weekly,

    /// <summary>Of each calendar month.</summary>
    Monthly,
}

/// <summary>The words that stand for schedules.</summary>
public static class ReportSchedules
{
    /// <summary>Days after the end of a window from which it may be told: what the scoring program counted before midnight is written by then.</summary>
    public const int Grace = 1;

    /// <summary>Fewest and most days that outcomes are waited for.</summary>
    public const int LeastOutcomesAfter = 1, MostOutcomesAfter = 365;

    /// <summary>Days that outcomes are waited for where the steward says nothing else.</summary>
    public const int OutcomesAfter = 30;

    /// <summary>The word for one.</summary>
    public static string Word(this ReportSchedule schedule) => schedule switch
    {
        ReportSchedule.None => "none",
        ReportSchedule.Daily => "daily",
        ReportSchedule.Weekly => "weekly",
        ReportSchedule.Monthly => "monthly",
        _ => throw new ArgumentOutOfRangeException(nameof(schedule), schedule, "There is no such schedule."),
    };

    /// <summary>The schedule that a word stands for.</summary>
    public static bool TryParse(string word, out ReportSchedule schedule)
    {
        foreach (var known in Enum.GetValues<ReportSchedule>())
        {
            if (known.Word() == word)
            {
                schedule = known;
                return true;
            }
        }

        schedule = default;
        return false;
    }

    /// <summary>The window of a schedule that a day lies in.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is none.</exception>
    public static ReportWindow WindowOf(this ReportSchedule schedule, DateOnly day)
    {
        switch (schedule)
        {
            case ReportSchedule.Daily:
                return new ReportWindow(day, day);
            case ReportSchedule.Weekly:
                var monday = day.AddDays(-(((int)day.DayOfWeek + 6) % 7));
                return new ReportWindow(monday, monday.AddDays(6));
            case ReportSchedule.Monthly:
                var first = new DateOnly(day.Year, day.Month, 1);
                return new ReportWindow(first, first.AddMonths(1).AddDays(-1));
            default:
                throw new ArgumentOutOfRangeException(nameof(schedule), schedule, "Such a schedule has no windows.");
        }
    }

    /// <summary>
    /// The windows that may be told newly: whole windows of the schedule that hold a day of which there is something, are over by a day's grace, and share no day with a window that was told before, on whatever
    /// schedule. So no two windows that were ever told overlap.
    /// </summary>
    /// <param name="schedule">The schedule.</param>
    /// <param name="days">Days of which there are reports.</param>
    /// <param name="told">Windows that were told before.</param>
    /// <param name="today">The day by the site's clock (UTC).</param>
    public static IReadOnlyList<ReportWindow> Ripe(this ReportSchedule schedule, IEnumerable<DateOnly> days, IReadOnlyCollection<ReportWindow> told, DateOnly today) =>
        schedule == ReportSchedule.None ? [] :
        [
            .. days.Select(day => schedule.WindowOf(day)).Distinct().Where(window => window.IsOver(today, Grace) && !told.Any(window.Overlaps)).OrderBy(window => window.From),
        ];
}

/// <summary>Whole days (UTC), both ends among them.</summary>
/// <param name="From">The first.</param>
/// <param name="To">The last.</param>
public readonly record struct ReportWindow(DateOnly From, DateOnly To)
{
    /// <summary>Whether so many whole days have passed since its last day was over.</summary>
    public bool IsOver(DateOnly today, int days) => today.DayNumber - To.DayNumber > days;

    /// <summary>Whether both have a day in common.</summary>
    public bool Overlaps(ReportWindow other) => From <= other.To && other.From <= To;

    /// <summary>Whether a day lies in it.</summary>
    public bool Holds(DateOnly day) => From <= day && day <= To;
}
