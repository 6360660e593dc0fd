using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>A version of a line at this site: its model, how it has done, and whether it may be used. Lives as long as a shelf names it.</summary>
internal sealed class ServedUnit
{
    /// <summary>A version whose model is loaded, or is not for the reason that <paramref name="fault"/> says.</summary>
    public ServedUnit(ServedVersion served, LoadedModel? loaded, string? fault, GuardBounds bounds, TimeProvider time)
    {
        (Version, Model, Loaded, Fault) = (served.Version, served.Model, loaded, fault);
        Breaker = new CircuitBreaker(bounds.BreakAfter, bounds.Pause, time);
        Rows = new RowWindow(bounds, time);
        Outcomes = OutcomeWindow.Of(bounds, loaded?.Study);
    }

    /// <summary>The version.</summary>
    public ModelVersion Version { get; }

    /// <summary>Its model's digest.</summary>
    public Sha256Digest Model { get; }

    /// <summary>The model; null: it could not be loaded.</summary>
    public LoadedModel? Loaded { get; }

    /// <summary>Why it could not.</summary>
    public string? Fault { get; }

    /// <summary>Keeps rows from a session that fails.</summary>
    public CircuitBreaker Breaker { get; }

    /// <summary>How its rows went.</summary>
    public RowWindow Rows { get; }

    /// <summary>What its predictions came to.</summary>
    public OutcomeWindow Outcomes { get; }

    /// <summary>Why this site does not use it any more; null: it does. Changed by its line only, under its lock.</summary>
    public WithdrawalReason? Withdrawn { get; set; }

    /// <summary>Whether it may answer.</summary>
    public bool IsUsable => Loaded is not null && Withdrawn is null;
}
