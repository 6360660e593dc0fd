using System.Globalization;
using FederatedClinicalMl.Coordinator.Api.Sessions;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Grpc.Core;
using ModelLine = FederatedClinicalMl.Coordinator.Registry.ModelLine;

namespace FederatedClinicalMl.Coordinator.Api;

/// <summary>What people decide about versions of models. Roles are <see cref="Access"/>'s; decisions are <see cref="ModelLines"/>'.</summary>
public sealed class StagesService(ModelLines lines, ModelRegistry models, SiteReports reports, MemberStore members, SessionHub hub) : Protos.Federation.Stages.StagesBase
{
    private const string Day = "yyyy-MM-dd";

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
        var entry = Entry(request.Model);
        var proposal = lines.Propose(entry, models);
        var reply = new ProposeVersionReply
        {
            Line = entry.Name, Version = proposal.Version.ToString(), Part = proposal.Part?.ToString().ToLowerInvariant() ?? "", Confirmed = lines.Of(entry.Name).Of(entry.Digest)?.Version.ToString() ?? "",
        };
        reply.Changes.AddRange(proposal.Reasons.Select(change => change.ToString()));
        return Task.FromResult(reply);
    }

    /// <inheritdoc/>
    public override Task<Protos.Federation.ModelLine> ConfirmVersion(ConfirmVersionRequest request, ServerCallContext context)
    {
        var entry = Entry(request.Model);
        var version = Version(request.Version);
        return Decide(entry.Name, context, _ => new ConfirmVersion(entry.Digest, lines.Propose(entry, models), version));
    }

    /// <inheritdoc/>
    public override Task<CheckGatesReply> CheckGates(CheckGatesRequest request, ServerCallContext context)
    {
        var (line, version) = (lines.Of(request.Line), Version(request.Version));
        if (!line.Versions.ContainsKey(version))
            throw new FaultException(Fault.StageRefused, $"'{request.Line}' has no version {version}.");
        var report = Gates(line, version);
        var reply = new CheckGatesReply { Passed = report.Passed };
        reply.Gates.AddRange(report.Gates.Select(Describe));
        return Task.FromResult(reply);
    }

    /// <inheritdoc/>
    public override Task<Protos.Federation.ModelLine> AskPromotion(PromotionRequest request, ServerCallContext context)
    {
        var (version, to) = (Version(request.Version), Stage(request.To));
        return Decide(request.Line, context, line => new AskPromotion(version, to, Gates(line, version)));
    }

    /// <inheritdoc/>
    public override Task<Protos.Federation.ModelLine> ApprovePromotion(PromotionRequest request, ServerCallContext context)
    {
        var (version, to) = (Version(request.Version), Stage(request.To));
        return Decide(request.Line, context, _ => new ApprovePromotion(Caller.Of(context).Member.Role.HasFlag(Roles.Clinician), version, to, request.Reason));
    }

    /// <inheritdoc/>
    public override Task<Protos.Federation.ModelLine> RefusePromotion(VersionRequest request, ServerCallContext context) =>
        Decide(request.Line, context, _ => new RefusePromotion(Version(request.Version), request.Reason));

    /// <inheritdoc/>
    public override Task<Protos.Federation.ModelLine> SetRollout(SetRolloutRequest request, ServerCallContext context)
    {
        var (version, rollout) = (Version(request.Version), Rollout(request));
        var allowed = rollout is null ? Roles.Admin | Roles.Researcher | Roles.Clinician : rollout.Mode == RolloutMode.Shadow ? Roles.Admin | Roles.Researcher : Roles.Admin | Roles.Clinician;
        if ((Caller.Of(context).Member.Role & allowed) == Roles.None)
            throw new FaultException(Fault.RoleMissing, rollout!.Mode == RolloutMode.Shadow ? "A shadow is an admin's or a researcher's to set." : "What answers patients is an admin's or a clinician's to set.");
        return Decide(request.Line, context, _ => new SetRollout(version, rollout, request.Reason));
    }

    /// <inheritdoc/>
    public override Task<ListServingReply> ListServing(ListServingRequest request, ServerCallContext context)
    {
        var line = lines.Of(request.Line);
        var reply = new ListServingReply();
        foreach (var site in members.Members().Where(member => member.Member.IsSite && !member.Revoked).Select(member => member.Member.Site).Order())
        {
            var report = reports.Of(site, line.Name);
            reply.Sites.Add(new SiteServing
            {
                Site = site.Value, Connected = hub.IsOpen(site), Order = report?.Order ?? 0, State = report?.State.Word() ?? "", SinceUnixSeconds = report?.Since.ToUnixTimeSeconds() ?? 0,
            });
        }

        reply.Withdrawals.AddRange(line.Withdrawals.Select(withdrawal => new SiteWithdrawalSummary
        {
            Site = withdrawal.Site.Value, Version = line.Of(withdrawal.Model)!.Version.ToString(), Reason = withdrawal.Reason.Word(), AtUnixSeconds = withdrawal.At.ToUnixTimeSeconds(),
        }));
        return Task.FromResult(reply);
    }

    /// <inheritdoc/>
    public override Task<Protos.Federation.ModelLine> RollBack(VersionRequest request, ServerCallContext context) =>
        Decide(request.Line, context, _ => new RollBack(Version(request.Version), request.Reason));

    /// <inheritdoc/>
    public override Task<Protos.Federation.ModelLine> DeprecateVersion(DeprecateVersionRequest request, ServerCallContext context) =>
        Decide(request.Line, context, _ => new DeprecateVersion(
            Version(request.Version),
            DateOnly.TryParseExact(request.LastDay, Day, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
                ? day : throw new FaultException(Fault.RequestInvalid, $"'{request.LastDay}' is no day: {Day} is needed."),
            request.Reason));

    /// <inheritdoc/>
    public override Task<Protos.Federation.ModelLine> RetireVersion(VersionRequest request, ServerCallContext context) =>
        Decide(request.Line, context, _ => new RetireVersion(Version(request.Version), request.Reason));

    private Task<Protos.Federation.ModelLine> Decide(string name, ServerCallContext context, Func<ModelLine, StageCommand> command)
    {
        if (!Name.IsName(name))
            throw new FaultException(Fault.RequestInvalid, $"'{name}' is no model's name: {Name.Rule}.");
        var (line, refusal) = lines.Handle(name, Caller.Of(context).Member, command);
        return refusal is null ? Task.FromResult(Describe(line)) : throw new FaultException(Fault.StageRefused, refusal);
    }

    private GateReport Gates(ModelLine line, ModelVersion version) => line.Versions.TryGetValue(version, out var candidate)
        ? ModelGates.Check(ModelFacts.Of(models, candidate.Model), line.Production is { } production && production != version ? ModelFacts.Of(models, line.Versions[production].Model) : null)
        : new GateReport([]); // the decision says that there is no such version

    private ModelEntry Entry(string model) => Sha256Digest.TryParse(model, out var digest) && models.Find(digest) is { } entry ? entry : throw new FaultException(Fault.ModelUnknown);

    private static ModelVersion Version(string text) =>
        ModelVersion.TryParse(text, out var version) ? version : throw new FaultException(Fault.RequestInvalid, $"'{text}' is no version: three numbers are needed, such as 1.2.0.");

    private static Rollout? Rollout(SetRolloutRequest request)
    {
        if (request.Mode.Length == 0)
            return null;
        if (!RolloutModes.TryParse(request.Mode, out var mode))
            throw new FaultException(Fault.RequestInvalid, $"'{request.Mode}' is no mode: shadow, canary, ab or blue-green.");
        var percent = (int)Math.Min(request.Percent, 101);
        return Learning.Rollout.WhyNot(mode, percent) is { } fault ? throw new FaultException(Fault.RequestInvalid, fault) : Learning.Rollout.Of(mode, percent);
    }

    private static ModelStage Stage(string text) =>
        ModelStages.TryParse(text, out var stage) ? stage : throw new FaultException(Fault.RequestInvalid, $"'{text}' is no stage: development, staging, production or retired.");

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
