using System.Collections.Immutable;

namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>How a signal's value follows from what was measured.</summary>
public enum SignalForm
{
    /// <summary>It is the number that was measured.</summary>
    Level,

    /// <summary>Days from now to a moment; negative after it.</summary>
    DaysUntil,

    /// <summary>Hours from a moment to now.</summary>
    HoursSince,
}

/// <summary>A kind of fact that rules can be about. The set is closed: what is not here no rule can name.</summary>
/// <param name="Name">Its name in rules.</param>
/// <param name="Form">How its value is told.</param>
/// <param name="Meaning">What its value says.</param>
/// <param name="Labels">What it is told of.</param>
public sealed record MonitoredSignal(string Name, SignalForm Form, string Meaning, params ImmutableArray<string> Labels)
{
    public static readonly MonitoredSignal RunFailed = new("run-failed", SignalForm.Level, "1: the last run of the study that ended has failed; 0: it has ended as it should.", "study");
    public static readonly MonitoredSignal RunCancelled = new("run-cancelled", SignalForm.Level, "1: the last run of the study that ended was cancelled by a person.", "study");
    public static readonly MonitoredSignal RoundsHeldBack = new("rounds-held-back", SignalForm.Level, "How many rounds of the study's present run were held back, by its rule of how far metrics may fall.", "study");
    public static readonly MonitoredSignal StepsAbandoned = new("steps-abandoned", SignalForm.Level, "How many attempts at the present step came to nothing, one after another; 0 after one that was committed.", "study");
    public static readonly MonitoredSignal Auroc = new("auroc", SignalForm.Level, "Pooled AUROC of the last evaluated round of the study's present run.", "study");
    public static readonly MonitoredSignal Brier = new("brier", SignalForm.Level, "Pooled Brier score of the same.", "study");
    public static readonly MonitoredSignal CalibrationSlope = new("calibration-slope", SignalForm.Level, "Pooled calibration slope of the same.", "study");
    public static readonly MonitoredSignal SiteAuroc = new("site-auroc", SignalForm.Level, "A site's own AUROC of a run's final parameters, where its policy lets it out.", "site", "study");
    public static readonly MonitoredSignal MeanAbsoluteError = new("mean-absolute-error", SignalForm.Level, "Where a number is predicted: pooled mean absolute error of the last evaluated round of the study's present run, in the outcome's unit.", "study");
    public static readonly MonitoredSignal RootMeanSquaredError = new("root-mean-squared-error", SignalForm.Level, "Pooled root mean squared error of the same.", "study");
    public static readonly MonitoredSignal RSquared = new("r-squared", SignalForm.Level, "Pooled R² of the same.", "study");
    public static readonly MonitoredSignal SiteMeanAbsoluteError = new("site-mean-absolute-error", SignalForm.Level, "A site's own mean absolute error of a run's final parameters, where its policy lets it out.", "site", "study");
    public static readonly MonitoredSignal SiteDeclined = new("site-declined", SignalForm.Level, "1: the site has declined a step, and has delivered none since.", "reason", "site");
    public static readonly MonitoredSignal SiteConnected = new("site-connected", SignalForm.Level, "1: the site's session is open; 0: it is silent.", "site");
    public static readonly MonitoredSignal CertificateDays = new("certificate-days", SignalForm.DaysUntil, "Days until a member's certificate ends.", "member");
    public static readonly MonitoredSignal ModelWithdrawn = new("model-withdrawn", SignalForm.Level, "1: the site's scoring has taken out of use, by itself, a version that sites are to serve.", "line", "reason", "site", "version");
    public static readonly MonitoredSignal RolloutEnded = new("rollout-ended", SignalForm.Level, "1: the version was let in beside production, and is let in no more without having been promoted.", "line", "version");
    public static readonly MonitoredSignal OffShelf = new("off-shelf", SignalForm.Level, "1: the site has said that what it is to serve is not on its shelf.", "line", "site");
    public static readonly MonitoredSignal LastDay = new("last-day", SignalForm.DaysUntil, "Days until the end of the last day of the version in production.", "line", "version");
    public static readonly MonitoredSignal PromotionWaits = new("promotion-waits", SignalForm.HoursSince, "Hours that a promotion has waited for people.", "line", "version");
    public static readonly MonitoredSignal ServedRows = new("served-rows", SignalForm.Level, "Rows that the version has answered at the site in the newest window that it told; 0 where they are too few to be told.", "line", "site", "version");
    public static readonly MonitoredSignal WindowLate = new("window-late", SignalForm.HoursSince, "Hours since the site could have told a window after the newest that it told of what the line serves, by its steward's schedule; negative before. Of a site that serves it and has told none: by the longest schedule, from when it was to be served.", "line", "site");
    public static readonly MonitoredSignal ServedLatency = new("served-latency", SignalForm.Level, "Below how many milliseconds the 99th percentile of that window's latency is; from how many where it has no upper end.", "line", "site", "version");
    public static readonly MonitoredSignal InputDrift = new("input-drift", SignalForm.Level, "Population stability index of a feature in that window; 0 where so large a one could come by chance (p from 0.001), or none is told.", "feature", "line", "site", "version");
    public static readonly MonitoredSignal InputDistance = new("input-distance", SignalForm.Level, "Of a number: Kolmogorov-Smirnov distance of its values in that window from the reference, at the boundaries of cells; 0 where so large a one could come by chance (p from 0.001), or none is told.", "feature", "line", "site", "version");
    public static readonly MonitoredSignal InputAssociation = new("input-association", SignalForm.Level, "Of a category: Cramér's V of Pearson's chi-square of its levels in that window and in the reference; 0 where so large a one could come by chance (p from 0.001), or none is told.", "feature", "line", "site", "version");
    public static readonly MonitoredSignal JointDrift = new("joint-drift", SignalForm.Level, "Squared maximum mean discrepancy of all numbers together in that window, against the rows that the site last trained on; 0 where so large a one could come by chance (p above 0.001), or none is told.", "line", "site", "version");
    public static readonly MonitoredSignal InputMissing = new("input-missing", SignalForm.Level, "Share of that window's rows without a value of the feature.", "feature", "line", "site", "version");
    public static readonly MonitoredSignal InputImplausible = new("input-implausible", SignalForm.Level, "Share of that window's rows with an implausible value of it.", "feature", "line", "site", "version");
    public static readonly MonitoredSignal LiveAuroc = new("live-auroc", SignalForm.Level, "AUROC at the site, in the newest window whose outcomes it told.", "line", "site", "version");
    public static readonly MonitoredSignal LiveShortfall = new("live-shortfall", SignalForm.Level, "How far the upper end of that AUROC's 95 % interval is below the AUROC of the model's own evaluation; 0 where it is not.", "line", "site", "version");
    public static readonly MonitoredSignal LiveCalibration = new("live-calibration", SignalForm.Level, "How far the share of positives was from the mean probability in that window; 0 where its 95 % interval holds none.", "line", "site", "version");
    public static readonly MonitoredSignal LiveMeanAbsoluteError = new("live-mean-absolute-error", SignalForm.Level, "Where a number is predicted: mean absolute error at the site, in the newest window whose outcomes it told, in the outcome's unit.", "line", "site", "version");
    public static readonly MonitoredSignal LiveExcess = new("live-excess", SignalForm.Level, "How far the lower end of that error's 95 % interval is above the mean absolute error of the model's own evaluation, as a share of the latter; 0 where it is not.", "line", "site", "version");
    public static readonly MonitoredSignal LabelChange = new("label-change", SignalForm.Level, "How far the share of positives was from that in the site's profile; 0 where so large a change could come by chance.", "line", "site", "version");
    public static readonly MonitoredSignal SubgroupGap = new("subgroup-gap", SignalForm.Level, "By how much, at least, a metric was further apart between a feature's subgroups than the study's gate allows (subgroup-gap), of all outcomes that the site has told; 0 where it could be chance, or there is no such gate.", "feature", "line", "site", "version");
    public static readonly MonitoredSignal DiskFree = new("disk-free", SignalForm.Level, "Gigabytes (10^9 bytes) free where the data folder is.");
    public static readonly MonitoredSignal RulesFaulty = new("rules-faulty", SignalForm.Level, "1: alerts.yaml has faults, and the rules before it go on.");

    /// <summary>Every signal, in the order of the reference page.</summary>
    public static readonly ImmutableArray<MonitoredSignal> All =
    [
        RunFailed, RunCancelled, RoundsHeldBack, StepsAbandoned, Auroc, Brier, CalibrationSlope, SiteAuroc, MeanAbsoluteError, RootMeanSquaredError, RSquared, SiteMeanAbsoluteError, SiteDeclined, SiteConnected, CertificateDays, ModelWithdrawn, RolloutEnded,
        OffShelf, LastDay, PromotionWaits, ServedRows, WindowLate, ServedLatency, InputDrift, InputDistance, InputAssociation, JointDrift, InputMissing, InputImplausible, LiveAuroc, LiveShortfall, LiveCalibration, LiveMeanAbsoluteError, LiveExcess, LabelChange, SubgroupGap, DiskFree, RulesFaulty,
    ];

    /// <summary>Those of what sites tell of versions.</summary>
    public static readonly ImmutableArray<MonitoredSignal> Served = [ServedRows, ServedLatency, InputDrift, InputDistance, InputAssociation, JointDrift, InputMissing, InputImplausible, LiveAuroc, LiveShortfall, LiveCalibration, LiveMeanAbsoluteError, LiveExcess, LabelChange, SubgroupGap];

    /// <summary>The signal of a name.</summary>
    public static MonitoredSignal Of(string name) => All.Single(signal => signal.Name == name);
}

/// <summary>A fact: what a signal says of a subject from a moment on.</summary>
/// <param name="Signal">Which signal.</param>
/// <param name="Subject">Of what: values for all of its labels.</param>
/// <param name="At">When it was measured.</param>
/// <param name="Number">The level; or, of a signal that is told by a moment, that moment in Unix seconds.</param>
public sealed record Fact(MonitoredSignal Signal, Subject Subject, DateTimeOffset At, double Number)
{
    /// <summary>A fact told by a moment.</summary>
    public static Fact Of(MonitoredSignal signal, Subject subject, DateTimeOffset at, DateTimeOffset moment) => new(signal, subject, at, moment.ToUnixTimeSeconds());

    /// <summary>The signal's value at a moment.</summary>
    public double ValueAt(DateTimeOffset now) => Signal.Form switch
    {
        SignalForm.DaysUntil => (DateTimeOffset.FromUnixTimeSeconds((long)Number) - now).TotalDays,
        SignalForm.HoursSince => (now - DateTimeOffset.FromUnixTimeSeconds((long)Number)).TotalHours,
        _ => Number,
    };
}
