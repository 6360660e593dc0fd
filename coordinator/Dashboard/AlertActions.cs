using System.Globalization;
using FederatedClinicalMl.Coordinator.Api;
using FederatedClinicalMl.Coordinator.Monitoring;
using Microsoft.AspNetCore.Routing;

namespace FederatedClinicalMl.Coordinator.Dashboard;

/// <summary>What people do about alerts, incidents and proposals, as forms.</summary>
internal static class AlertActions
{
    public static void Map(IEndpointRouteBuilder app)
    {
        Map(app, "/alerts/acknowledge", Calls.AcknowledgeAlert, (request, desk) => desk.Acknowledge(Number(request), request.Field("reason"), request.Person), "You see to it.");
        Map(app, "/alerts/acknowledge-rule", Calls.AcknowledgeAlert, (request, desk) => desk.AcknowledgeRule(request.Field("rule"), request.Field("reason"), request.Person), "You see to all of them.");
        Map(app, "/alerts/incidents/acknowledge", Calls.AcknowledgeAlert, (request, desk) => desk.AcknowledgeIncident(Number(request), request.Field("reason"), request.Person), "You see to all of them.");
        Map(app, "/alerts/silence", Calls.SilenceAlerts, (request, desk) => desk.Silence(
            request.Field("rule"), request.Field("where"), TimeSpan.FromHours(int.TryParse(request.Field("hours"), NumberStyles.None, CultureInfo.InvariantCulture, out var hours) ? Math.Min(hours, 10_000) : 0), request.Field("reason"), request.Person),
            "It is told to nobody until then.");
        Map(app, "/alerts/incidents/note", Calls.NoteIncident, (request, desk) => desk.NoteIncident(Number(request), request.Field("reason"), request.Person), "It is in the timeline.");
        Map(app, "/alerts/incidents/close", Calls.CloseIncident, (request, desk) => desk.CloseIncident(Number(request), request.Field("reason"), request.Person), "The incident is closed.");
        Map(app, "/alerts/proposals/refuse", Calls.RefuseProposal, (request, desk) => desk.RefuseProposal(Number(request), request.Field("reason"), request.Person), "The proposal is refused.");
        app.MapAction("/models/lines/{line}/retrain", Calls.ProposeRetraining, request =>
        {
            request.Service<RetrainingDesk>().Propose(request.Route("line"), request.Field("reason"), request.Person);
            return Task.FromResult(new ActionEnd(Routes.Alerts, new Notice("It is proposed, and waits for a person here.")));
        });
        app.MapAction("/alerts/proposals/approve", Calls.ApproveProposal, async request =>
        {
            var run = await request.Service<RetrainingDesk>().ApproveAsync(Number(request), request.Field("study"), request.Field("reason"), request.Person);
            return new ActionEnd(Routes.Run(run.Value), new Notice("The proposal is approved, and this is its run."));
        });
    }

    private static void Map(IEndpointRouteBuilder app, string pattern, string call, Action<ActionRequest, MonitoringDesk> act, string done) => app.MapAction(pattern, call, request =>
    {
        act(request, request.Service<MonitoringDesk>());
        return Task.FromResult(new ActionEnd(Routes.Alerts, new Notice(done)));
    });

    private static int Number(ActionRequest request) => int.TryParse(request.Field("number"), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new FaultException(Fault.RequestInvalid, "A number is needed.");
}
