using System.Globalization;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using Grpc.Core;
using Member = FederatedClinicalMl.Coordinator.Enrolment.Member;
using ModelLine = FederatedClinicalMl.Coordinator.Registry.ModelLine;

namespace FederatedClinicalMl.Coordinator.Api;

/// <summary>What people decide about versions of models. Roles are <see cref="Access"/>'s; decisions are <see cref="StageDesk"/>'s.</summary>
public sealed class StagesService(StageDesk desk, ComparisonDesk comparisons, ObservationDesk observations, ModelLines lines) : Protos.Federation.Stages.StagesBase
{
    private const string Day = StageDesk.Day;

    /// <inheritdoc/>
    public override Task<ListLinesReply> ListLines(ListLinesRequest request, ServerCallContext context)
    {
        var reply = new ListLinesReply();
        reply.Lines.AddRange(lines.All.Select(Describe));
        return Task.FromResult(reply);
    }

    /// <inheritdoc/>
    public override Task<ProposeVersionReply> ProposeVersion(ProposeVersionRequest request, ServerCallContext context)
    {
        var (entry, proposal) = desk.Propose(request.Model);
        var reply = new ProposeVersionReply
        {
            Line = entry.Name, Version = proposal.Version.ToString(), Part = proposal.Part?.ToString().ToLowerInvariant() ?? "", Confirmed = lines.Of(entry.Name).Of(entry.Digest)?.Version.ToString() ?? "",
        };
        reply.Changes.AddRange(proposal.Reasons.Select(change => change.ToString()));
        return Task.FromResult(reply);
    }

    /// <inheritdoc/>
    public override Task<Protos.Federation.ModelLine> ConfirmVersion(ConfirmVersionRequest request, ServerCallContext context) =>
        Reply(desk.Confirm(request.Model, request.Version, By(context)));

    /// <inheritdoc/>
    public override Task<CheckGatesReply> CheckGates(CheckGatesRequest request, ServerCallContext context)
    {
        var report = desk.CheckGates(request.Line, request.Version);
        var reply = new CheckGatesReply { Passed = report.Passed };
        reply.Gates.AddRange(report.Gates.Select(Describe));
        return Task.FromResult(reply);
    }

    /// <inheritdoc/>
    public override Task<CompareAtSitesReply> CompareAtSites(CompareAtSitesRequest request, ServerCallContext context) =>
        comparisons.StartAsync(request.Line, request.Version, By(context));

    /// <inheritdoc/>
    public override Task<ObserveVersionReply> ObserveVersion(ObserveVersionRequest request, ServerCallContext context) =>
        observations.StartAsync(request.Line, request.Version, By(context));

    /// <inheritdoc/>
    public override Task<GetMonitoringReply> GetMonitoring(GetMonitoringRequest request, ServerCallContext context) => Task.FromResult(observations.Get(request.Line, request.Version));

    /// <inheritdoc/>
    public override Task<Protos.Federation.ModelLine> AskPromotion(PromotionRequest request, ServerCallContext context) =>
        Reply(desk.Ask(request.Line, request.Version, request.To, By(context)));

    /// <inheritdoc/>
    public override Task<Protos.Federation.ModelLine> ApprovePromotion(PromotionRequest request, ServerCallContext context) =>
        Reply(desk.Approve(request.Line, request.Version, request.To, request.Reason, By(context)));

    /// <inheritdoc/>
    public override Task<Protos.Federation.ModelLine> RefusePromotion(VersionRequest request, ServerCallContext context) =>
        Reply(desk.Refuse(request.Line, request.Version, request.Reason, By(context)));

    /// <inheritdoc/>
    public override Task<Protos.Federation.ModelLine> SetRollout(SetRolloutRequest request, ServerCallContext context) =>
        Reply(desk.SetRollout(request.Line, request.Version, request.Mode, request.Percent, request.Reason, By(context)));

    /// <inheritdoc/>
    public override Task<ListServingReply> ListServing(ListServingRequest request, ServerCallContext context)
    {
        var line = lines.Of(request.Line);
        var reply = new ListServingReply();
        reply.Sites.AddRange(desk.Serving(line.Name).Select(site => new SiteServing
        {
            Site = site.Site.Value, Connected = site.Connected, Order = site.Report?.Order ?? 0, State = site.Report?.State.Word() ?? "", SinceUnixSeconds = site.Report?.Since.ToUnixTimeSeconds() ?? 0,
        }));
        reply.Withdrawals.AddRange(line.Withdrawals.Select(withdrawal => new SiteWithdrawalSummary
        {
            Site = withdrawal.Site.Value, Version = line.Of(withdrawal.Model)!.Version.ToString(), Reason = withdrawal.Reason.Word(), AtUnixSeconds = withdrawal.At.ToUnixTimeSeconds(),
        }));
        return Task.FromResult(reply);
    }

    /// <inheritdoc/>
    public override Task<Protos.Federation.ModelLine> RollBack(VersionRequest request, ServerCallContext context) =>
        Reply(desk.RollBack(request.Line, request.Version, request.Reason, By(context)));

    /// <inheritdoc/>
    public override Task<Protos.Federation.ModelLine> DeprecateVersion(DeprecateVersionRequest request, ServerCallContext context) =>
        Reply(desk.Deprecate(request.Line, request.Version, request.LastDay, request.Reason, By(context)));

    /// <inheritdoc/>
    public override Task<Protos.Federation.ModelLine> RetireVersion(VersionRequest request, ServerCallContext context) =>
        Reply(desk.Retire(request.Line, request.Version, request.Reason, By(context)));

    private static Member By(ServerCallContext context) => Caller.Of(context).Member;

    private static Task<Protos.Federation.ModelLine> Reply(ModelLine line) => Task.FromResult(Describe(line));

    private static Protos.Federation.ModelLine Describe(ModelLine line)
    {
        var reply = new Protos.Federation.ModelLine { Name = line.Name, Production = line.Production?.ToString() ?? "", Fallback = line.Fallback?.ToString() ?? "", Promotion = Describe(line.Promotion), Order = line.Ordered.Sequence };
        if (line.Rollout is { } rollout)
        {
            reply.Rollout = new RolloutSummary
            {
                Version = rollout.Version.ToString(), Mode = rollout.Rollout.Mode.Word(), Percent = (uint)rollout.Rollout.Percent, By = rollout.By, Reason = rollout.Reason, AtUnixSeconds = rollout.At.ToUnixTimeSeconds(),
            };
        }

        reply.Versions.AddRange(line.Versions.Values.Select(version => new VersionSummary
        {
            Version = version.Version.ToString(), Model = version.Model.ToString(), Stage = version.Stage.Word(), ConfirmedBy = version.ConfirmedBy,
            ConfirmedUnixSeconds = version.At.ToUnixTimeSeconds(), LastDay = version.LastDay?.ToString(Day, CultureInfo.InvariantCulture) ?? "",
        }));
        return reply;
    }

    private static PromotionSummary? Describe(ModelPromotion? promotion)
    {
        if (promotion is null)
            return null;
        var summary = new PromotionSummary { Version = promotion.Version.ToString(), To = promotion.To.Word(), By = promotion.By, AskedUnixSeconds = promotion.At.ToUnixTimeSeconds() };
        summary.Gates.AddRange(promotion.Gates.Gates.Select(Describe));
        summary.Approvals.AddRange(promotion.Approvals.Select(approval => new ApprovalSummary
        {
            Person = approval.Person, Clinical = approval.Clinical, Reason = approval.Reason, AtUnixSeconds = approval.At.ToUnixTimeSeconds(),
        }));
        return summary;
    }

    private static GateSummary Describe(GateResult gate) => new() { Gate = gate.Name, Passed = gate.Passed, Sentence = gate.Sentence };
}
