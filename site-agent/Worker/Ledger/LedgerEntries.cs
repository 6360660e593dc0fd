using System.Text.Json.Nodes;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>The entries of the worker's log that are its privacy ledger: kinds and bodies. docs/reference/worker-log.md describes them.</summary>
public static class LedgerEntries
{
    /// <summary>A run's whole plan is held free for it; written before anything of it is charged.</summary>
    public const string Reserved = "privacy-reserved";

    /// <summary>A release is charged; written before it is computed.</summary>
    public const string Charged = "privacy-charged";

    /// <summary>A steward ended a run: what was reserved and not charged is free. What was charged stays charged.</summary>
    public const string Closed = "privacy-closed";

    /// <summary>A steward put one population to another: what was charged against either counts against both.</summary>
    public const string Merged = "populations-merged";

    /// <summary>Somebody else has seen and signed how far the ledger has come.</summary>
    public const string Countersigned = "ledger-countersigned";

    /// <summary>Somebody showed a head of this ledger that this log does not have.</summary>
    public const string Behind = "ledger-behind";

    /// <summary>A steward said what the entries that are missing had cost.</summary>
    public const string Resolved = "ledger-resolved";

    internal static JsonObject Reserve(ChargeSchedule plan, string population) => new()
    {
        ["run"] = plan.Run.Value,
        ["study"] = plan.Study.ToString(),
        ["dataset"] = plan.Dataset,
        ["population"] = population,
        ["charges"] = new JsonArray([.. plan.Charges.Select(planned => planned.ToJson())]),
    };

    internal static JsonObject Charge(ReleaseInputs inputs) => new()
    {
        ["step"] = inputs.Step.ToString(),
        ["inputs"] = inputs.Digest.ToString(),
        ["charges"] = new JsonArray([.. inputs.Charges.Select(charge => charge.ToJson())]),
    };

    internal static JsonObject Close(RunId run, string steward, string note) => new() { ["run"] = run.Value, ["steward"] = steward, ["note"] = note };

    internal static JsonObject Merge(string from, string into, string steward, string note) =>
        new() { ["from"] = from, ["into"] = into, ["steward"] = steward, ["note"] = note };

    internal static JsonObject Seen(LedgerHead head, Sha256Digest by) =>
        new() { ["sequence"] = head.Sequence, ["digest"] = head.Digest.ToString(), ["by"] = by.ToString() };

    internal static JsonObject Resolve(PrivacyCharge? lost, string steward, string note) =>
        new() { ["charges"] = new JsonArray([.. lost is null ? [] : new[] { lost.ToJson() }]), ["steward"] = steward, ["note"] = note };
}
