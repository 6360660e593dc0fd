using System.Globalization;
using FederatedClinicalMl.Coordinator.Api;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Learning;
using Microsoft.AspNetCore.Routing;

namespace FederatedClinicalMl.Coordinator.Dashboard;

/// <summary>What people decide about versions of models, as forms.</summary>
internal static class StageActions
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapAction("/models/{model}/confirm", Calls.ConfirmVersion, request =>
        {
            var line = request.Service<StageDesk>().Confirm(request.Route("model"), request.Field("version"), request.Person);
            return Task.FromResult(new ActionEnd(Routes.Line(line.Name), new Notice($"The model is version {request.Field("version")} of {line.Name}.")));
        });
        MapVerb(app, "ask", Calls.AskPromotion, (desk, form, line, version, person) => desk.Ask(line, version, form.Field("to"), person), "Its gates have passed; the promotion waits for two people, one of them a clinician.");
        MapVerb(app, "approve", Calls.ApprovePromotion, (desk, form, line, version, person) => desk.Approve(line, version, form.Field("to"), form.Field("reason"), person), "You have agreed.");
        MapVerb(app, "refuse", Calls.RefusePromotion, (desk, form, line, version, person) => desk.Refuse(line, version, form.Field("reason"), person), "The promotion is ended.");
        MapVerb(app, "let-in", Calls.SetRollout, (desk, form, line, version, person) => desk.SetRollout(line, version, form.Field("mode"), Share(form), form.Field("reason"), person), "It is let in so far, at the sites that allow it.");
        MapVerb(app, "end-rollout", Calls.SetRollout, (desk, form, line, version, person) => desk.SetRollout(line, version, "", 0, form.Field("reason"), person), "It is let in no more.");
        MapVerb(app, "roll-back", Calls.RollBack, (desk, form, line, version, person) => desk.RollBack(line, version, form.Field("reason"), person), "It is taken back.");
        app.MapAction("/models/lines/{line}/compare-at-sites", Calls.CompareAtSites, async request =>
        {
            var version = request.Field("version");
            var started = await request.Service<ComparisonDesk>().StartAsync(request.Route("line"), version, request.Person);
            return new ActionEnd(Routes.Run(started.Run), new Notice($"The sites compare {version} with {started.Production} on their own test rows; the gate takes what they tell."));
        });
        app.MapAction("/models/lines/{line}/observe", Calls.ObserveVersion, async request =>
        {
            var line = request.Route("line");
            var started = await request.Service<ObservationDesk>().StartAsync(line, request.Field("version"), request.Person);
            return new ActionEnd(Routes.Monitoring(line, ModelVersion.Parse(started.Version)), new Notice("The sites are asked; what they tell appears here."));
        });
        MapVerb(app, "deprecate", Calls.DeprecateVersion, (desk, form, line, version, person) => desk.Deprecate(line, version, form.Field("last-day"), form.Field("reason"), person), "Its last day is named.");
        MapVerb(app, "retire", Calls.RetireVersion, (desk, form, line, version, person) => desk.Retire(line, version, form.Field("reason"), person), "It is out of use for good.");
    }

    // A shadow has no share; what is no number is none that any mode has.
    private static uint Share(ActionRequest form) => form.Field("percent") is { Length: > 0 } text ? uint.TryParse(text, CultureInfo.InvariantCulture, out var percent) ? percent : uint.MaxValue : 0;

    private static void MapVerb(IEndpointRouteBuilder app, string verb, string call, Func<StageDesk, ActionRequest, string, string, Member, ModelLine> decide, string done) =>
        app.MapAction("/models/lines/{line}/" + verb, call, request =>
        {
            var version = request.Field("version");
            var line = decide(request.Service<StageDesk>(), request, request.Route("line"), version, request.Person);
            return Task.FromResult(new ActionEnd(Routes.Line(line.Name), new Notice($"{line.Name} {version}: {done}")));
        });
}
