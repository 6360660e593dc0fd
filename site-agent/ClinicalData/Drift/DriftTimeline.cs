using System.Collections.Immutable;
using System.Globalization;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>How long a window is.</summary>
public enum DriftPeriod
{
    /// <summary>A year.</summary>
    Year,

    /// <summary>A quarter of a year.</summary>
    Quarter,

    /// <summary>A month.</summary>
    Month,
}

/// <summary>Names of windows.</summary>
public static class DriftPeriods
{
    /// <summary>2018, 2018-Q1 or 2018-03: in the order of time where they are ordered as text.</summary>
    /// <param name="period">How long it is.</param>
    /// <param name="local">A moment of it, on the hospital's clock.</param>
    public static string NameOf(this DriftPeriod period, DateTime local) => period switch
    {
        DriftPeriod.Year => local.ToString("yyyy", CultureInfo.InvariantCulture),
        DriftPeriod.Quarter => string.Create(CultureInfo.InvariantCulture, $"{local:yyyy}-Q{(local.Month + 2) / 3}"),
        _ => local.ToString("yyyy-MM", CultureInfo.InvariantCulture),
    };
}

/// <summary>One stretch of time.</summary>
/// <param name="Name">2018, 2018-Q1 or 2018-03.</param>
/// <param name="Rows">Its rows.</param>
/// <param name="Results">Its tests, in the order of a <see cref="DriftCheck"/>.</param>
public sealed record DriftWindow(string Name, int Rows, ImmutableArray<DriftResult> Results);

/// <summary>Windows of time, each held against the same earlier rows: one check, aggregates only.</summary>
/// <remarks>
/// The windows of one call are asked one question, whether and when the data changed, and share their reference; so they spend alpha once, and the false
/// discovery rate is held over all their tests together (<see cref="BenjaminiHochberg"/>): with every window asked for itself, a decade of months would get
/// a hundred and twenty times as many false alarms. Tests that share a reference depend on each other positively, with which the procedure holds.
/// </remarks>
/// <param name="Number">The how many-th check of this study at this site, from 1.</param>
/// <param name="Alpha">What it may spend.</param>
/// <param name="ReferenceRows">The rows that all windows are held against.</param>
/// <param name="Windows">In the order of time.</param>
public sealed record DriftTimeline(int Number, double Alpha, int ReferenceRows, ImmutableArray<DriftWindow> Windows)
{
    /// <summary>Number of alarms.</summary>
    public int Alarms => Windows.Sum(window => window.Results.Count(result => result.Verdict == DriftVerdict.Alarm));

    /// <summary>What drifted, and its first window.</summary>
    public ImmutableArray<(string Subject, string Window)> First =>
    [
        .. Windows.SelectMany(window => window.Results.Where(result => result.Verdict == DriftVerdict.Alarm).Select(result => (result.Measurement.Subject, window.Name)))
            .DistinctBy(alarm => alarm.Subject, StringComparer.Ordinal),
    ];
}
