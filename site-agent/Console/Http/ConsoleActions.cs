using System.Globalization;
using FederatedClinicalMl.Protos.Steward;
using Grpc.Core;

namespace FederatedClinicalMl.SiteAgent.StewardConsole;

/// <summary>What can be decided: each one call of the worker, in the steward's name, about exactly what the page showed.</summary>
internal static class ConsoleActions
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapAction("studies/approve", request => DecideAsync(request, (client, decision, options) => client.ApproveAsync(decision, options), "is approved: from now on its rounds are computed here, within the policy"));
        app.MapAction("studies/refuse", request => DecideAsync(request, (client, decision, options) => client.RefuseAsync(decision, options), "is refused: nothing of it is computed here"));
        app.MapAction("studies/revoke", RevokeAsync);
        app.MapAction("profiles/approve", ApproveProfileAsync);
        app.MapAction("members/confirm", ConfirmAsync);
        app.MapAction("mappings/approve", ApproveMappingAsync);
        app.MapAction("models/allow", AllowAsync);
        app.MapAction("models/stop", request => ServeAsync(request, (client, decision, options) => client.StopServingAsync(decision, options), "is stopped: nothing of it answers until it is resumed"));
        app.MapAction("models/resume", request => ServeAsync(request, (client, decision, options) => client.ResumeServingAsync(decision, options), "is resumed"));
        app.MapAction("models/forbid", request => ServeAsync(request, (client, decision, options) => client.ForbidServingAsync(decision, options), "is forbidden, and off the shelf"));
    }

    private static async Task<ActionEnd> DecideAsync(ActionRequest request, Func<Steward.StewardClient, DecisionRequest, CallOptions, AsyncUnaryCall<StudyEntry>> decide, string outcome)
    {
        var study = await request.AskAsync((client, options) => decide(client, Decision(request), options));
        return new ActionEnd(Routes.Study(study.Digest), $"{study.Name} {outcome}.");
    }

    private static async Task<ActionEnd> RevokeAsync(ActionRequest request)
    {
        var reply = await request.AskAsync((client, options) => client.RevokeAsync(Decision(request), options));
        return new ActionEnd(Routes.Study(reply.Study.Digest), $"The approval of {reply.Study.Name} is withdrawn. Destroyed, unsent: {Words.Count(reply.Destroyed, "release")}.");
    }

    private static DecisionRequest Decision(ActionRequest request) => new() { Digest = request.Field("digest"), Steward = request.Steward, Note = request.Field("note") };

    private static async Task<ActionEnd> ApproveProfileAsync(ActionRequest request)
    {
        var reply = await request.AskAsync((client, options) => client.ApproveProfileAsync(
            new ProfileDecision { Study = request.Field("study"), Profile = request.Field("profile"), Steward = request.Steward, Note = request.Field("note") }, options));
        return new ActionEnd(Routes.Profile(reply.Study), "Exactly this profile may leave.");
    }

    private static async Task<ActionEnd> ConfirmAsync(ActionRequest request)
    {
        var site = request.Field("site");
        await request.AskAsync((client, options) => client.ConfirmMemberAsync(
            new ConfirmMemberRequest { Site = site, Fingerprint = request.Field("fingerprint"), Steward = request.Steward, Note = request.Field("note") }, options));
        return new ActionEnd(Routes.Members, $"The worker key of {site} is confirmed.");
    }

    private static async Task<ActionEnd> ApproveMappingAsync(ActionRequest request)
    {
        var reply = await request.AskAsync((client, options) => client.ApproveMappingAsync(
            new MappingDecision { Dataset = request.Field("dataset"), Digest = request.Field("digest"), Steward = request.Steward, Note = request.Field("note") }, options));
        return new ActionEnd(Routes.Mapping(reply.Dataset), $"The mapping of {reply.Dataset} is in use.");
    }

    private static async Task<ActionEnd> AllowAsync(ActionRequest request)
    {
        var allowance = new AllowServingRequest { Line = request.Field("line"), Signer = request.Field("signer"), Steward = request.Steward, Note = request.Field("note"), Report = request.Field("report"), OutcomesAfter = uint.TryParse(request.Field("outcomes-after"), NumberStyles.None, CultureInfo.InvariantCulture, out var days) ? days : 0 };
        allowance.Modes.AddRange(request.Fields("mode"));
        await request.AskAsync((client, options) => client.AllowServingAsync(allowance, options));
        return new ActionEnd(Routes.Models, $"{allowance.Line} is allowed: {string.Join(", ", allowance.Modes)}.");
    }

    private static async Task<ActionEnd> ServeAsync(ActionRequest request, Func<Steward.StewardClient, ServingDecision, CallOptions, AsyncUnaryCall<ServingReply>> decide, string outcome)
    {
        var decision = new ServingDecision { Line = request.Field("line"), Steward = request.Steward, Note = request.Field("note") };
        await request.AskAsync((client, options) => decide(client, decision, options));
        return new ActionEnd(Routes.Models, $"{decision.Line} {outcome}.");
    }
}
