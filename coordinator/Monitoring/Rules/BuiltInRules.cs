using System.Collections.Immutable;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>The rules that come with the software. Each can be switched off by its name; each has a section of docs/how-to/runbooks.md, which a test holds.</summary>
public static class BuiltInRules
{
    /// <summary>The page with their runbooks.</summary>
    public const string Runbooks = "docs/how-to/runbooks.md";

    /// <summary>When sites are asked what served versions did, where no file says otherwise: daily at 05:00 UTC.</summary>
    public const string AskSites = "0 5 * * *";

    private static readonly TimeSpan s_now = TimeSpan.Zero;

    /// <summary>All of them, in the order of the reference page; nobody is notified until a file says who.</summary>
    public static readonly ImmutableArray<AlertRule> All =
    [
        Rule("run-failed", MonitoredSignal.RunFailed, Above(0), s_now, Severity.Warning),
        Rule("rounds-held-back", MonitoredSignal.RoundsHeldBack, Above(0), s_now, Severity.Warning),
        Rule("steps-abandoned", MonitoredSignal.StepsAbandoned, Above(1), s_now, Severity.Warning),
        Rule("auroc-fell", MonitoredSignal.Auroc, new Change(Rise: false, 0.05, TimeSpan.FromDays(7)), s_now, Severity.Warning),
        Rule("r-squared-fell", MonitoredSignal.RSquared, new Change(Rise: false, 0.05, TimeSpan.FromDays(7)), s_now, Severity.Warning),
        Rule("site-silent", MonitoredSignal.SiteConnected, Below(1), TimeSpan.FromMinutes(15), Severity.Warning, new Escalation(TimeSpan.FromHours(24), Severity.Critical)),
        Rule("site-declined", MonitoredSignal.SiteDeclined, Above(0), s_now, Severity.Info),
        Rule("certificate-ends", MonitoredSignal.CertificateDays, Below(14), s_now, Severity.Warning, new Escalation(TimeSpan.FromDays(10), Severity.Critical)),
        Rule("model-withdrawn", MonitoredSignal.ModelWithdrawn, Above(0), s_now, Severity.Critical),
        Rule("rollout-ended", MonitoredSignal.RolloutEnded, Above(0), s_now, Severity.Info),
        Rule("off-shelf", MonitoredSignal.OffShelf, Above(0), TimeSpan.FromHours(1), Severity.Warning),
        Rule("last-day", MonitoredSignal.LastDay, Below(30), s_now, Severity.Warning),
        Rule("promotion-waits", MonitoredSignal.PromotionWaits, Above(72), s_now, Severity.Info),
        Rule("input-drift", MonitoredSignal.InputDrift, Above(PopulationStability.MajorFrom), s_now, Severity.Warning),
        Rule("joint-drift", MonitoredSignal.JointDrift, Above(JointDrift.LargeFrom), s_now, Severity.Warning),
        Rule("values-missing", MonitoredSignal.InputMissing, new Change(Rise: true, 0.2, TimeSpan.FromDays(62)), s_now, Severity.Warning),
        Rule("values-implausible", MonitoredSignal.InputImplausible, Above(0.05), s_now, Severity.Warning),
        Rule("live-auroc-low", MonitoredSignal.LiveShortfall, Above(0.03), s_now, Severity.Warning),
        Rule("live-calibration-off", MonitoredSignal.LiveCalibration, Above(0.1), s_now, Severity.Warning),
        Rule("live-error", MonitoredSignal.LiveExcess, Above(0.1), s_now, Severity.Warning),
        Rule("label-changed", MonitoredSignal.LabelChange, Above(0.1), s_now, Severity.Info),
        Rule("live-subgroup-gap", MonitoredSignal.SubgroupGap, Above(0), s_now, Severity.Warning),
        Rule("windows-late", MonitoredSignal.WindowLate, Above(72), s_now, Severity.Warning),
        Rule("disk-low", MonitoredSignal.DiskFree, Below(10), TimeSpan.FromMinutes(5), Severity.Warning),
        Rule("disk-full", MonitoredSignal.DiskFree, Below(1), s_now, Severity.Critical),
        Rule("rules-faulty", MonitoredSignal.RulesFaulty, Above(0), s_now, Severity.Warning),
    ];

    /// <summary>What holds where there is no file.</summary>
    public static readonly AlertRules Alone = new(
        All.ToImmutableSortedDictionary(rule => rule.Name, rule => rule, StringComparer.Ordinal), ImmutableSortedDictionary<string, Channel>.Empty, ImmutableSortedDictionary<string, Retraining>.Empty)
    {
        AskSites = Cronos.CronExpression.Parse(AskSites),
    };

    private static Threshold Above(double bound) => new(Above: true, bound);

    private static Threshold Below(double bound) => new(Above: false, bound);

    private static AlertRule Rule(string name, MonitoredSignal signal, Condition condition, TimeSpan @for, Severity severity, Escalation? escalation = null) =>
        new(name, signal, Subject.None, condition, @for, severity, escalation, $"{Runbooks}#{name}", [], name);
}
