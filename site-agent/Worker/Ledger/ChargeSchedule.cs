using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>A charge that a run is going to make, so many times.</summary>
/// <param name="Charge">The charge.</param>
/// <param name="Times">How often; from 1.</param>
public sealed record PlannedCharge(PrivacyCharge Charge, int Times)
{
    /// <summary>Most different charges of a plan.</summary>
    internal const int Most = 1000;

    internal JsonObject ToJson() => new() { ["charge"] = Charge.ToJson(), ["times"] = Times };

    internal static PlannedCharge Read(JsonNode? node, string path)
    {
        var fields = new JsonFields(node, path);
        var planned = new PlannedCharge(PrivacyCharge.Read(fields.Node("charge"), fields.PathOf("charge")), (int)fields.Integer("times", 1, 1_000_000));
        fields.End();
        return planned;
    }
}

/// <summary>Everything that a run is going to release from a population, as it is known when it starts.</summary>
/// <param name="Run">The run.</param>
/// <param name="Study">Its study.</param>
/// <param name="Dataset">The data set that it reads.</param>
/// <param name="Charges">The whole schedule, each charge once.</param>
public sealed record ChargeSchedule(RunId Run, StudyDigest Study, string Dataset, ImmutableArray<PlannedCharge> Charges);

/// <summary>A plan that was reserved, and what has become of it.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Population">The population against which it was reserved; it may have been merged since.</param>
public sealed record ReservedRun(ChargeSchedule Plan, string Population)
{
    /// <summary>What is reserved and not charged yet.</summary>
    public ImmutableDictionary<PrivacyCharge, int> Left { get; init; } = ImmutableDictionary<PrivacyCharge, int>.Empty;

    /// <summary>How many releases were charged.</summary>
    public int Released { get; init; }

    /// <summary>Whether anything is still reserved, or may be charged: the run is not over.</summary>
    public bool IsOpen { get; init; } = true;

    /// <summary>The run once its plan has ended: nothing of it is reserved, and nothing more is charged.</summary>
    internal ReservedRun Closed() => this with { IsOpen = false, Left = ImmutableDictionary<PrivacyCharge, int>.Empty };

    /// <summary>Whether a plan is this one.</summary>
    internal bool Is(ChargeSchedule plan) =>
        (plan.Run, plan.Study, plan.Dataset) == (Plan.Run, Plan.Study, Plan.Dataset) && plan.Charges.AsSpan().SequenceEqual(Plan.Charges.AsSpan());
}
