using FederatedClinicalMl.Coordinator.Api;
using FederatedClinicalMl.Coordinator.Audit;
using FederatedClinicalMl.Coordinator.Dashboard.Pages;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Protos.Federation;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Member = FederatedClinicalMl.Coordinator.Enrolment.Member;

namespace FederatedClinicalMl.Coordinator.Dashboard;

/// <summary>Everything that the dashboard answers to. Pages are components; what changes something is a form's POST to one of the actions here, by the same code as the API's call.</summary>
internal static class DashboardRoutes
{
    private static readonly TimeSpan Invitation = TimeSpan.FromHours(72);

    public static void Map(WebApplication app)
    {
        app.MapGet(Routes.Assets, PageFiles.Get).WithMetadata(new OpenToAllAttribute());
        app.MapGet(Routes.SignIn, SignIn).WithMetadata(new OpenToAllAttribute());
        app.MapRazorComponents<Document>().AddInteractiveServerRenderMode(server =>
        {
            server.ContentSecurityFrameAncestorsPolicy = null; // DashboardHeaders says it
            server.DisableWebSocketCompression = true; // what is secret and what somebody chose travel in the same messages
        });
        app.MapAction(Routes.SignOut, Calls.SignIn, SignOut);
        app.MapAction("/members/invite", Calls.Invite, Invite);
        app.MapAction("/members/revoke", Calls.Revoke, RevokeAsync);
        app.MapAction("/studies/{study}/start", Calls.StartRun, StartAsync);
        app.MapAction("/runs/{run}/control", Calls.ControlRun, ControlAsync);
        StageActions.Map(app);
        AlertActions.Map(app);
        app.MapGet(Routes.AuditExport, ExportAsync).WithMetadata(new NeedsAttribute(Calls.ReadAudit));
        app.MapGet("/models/{model}/card", ModelCards.GetAsync).WithMetadata(new NeedsAttribute(Calls.FetchModelFile));
    }

    private static IResult SignIn(HttpContext context, SignInLinks links, DashboardSessions sessions, AuditTrail audit, DashboardListener listener, string? code)
    {
        if (code is null)
            return new RazorComponentResult<SignInPage>(new { WasRefused = false });
        if (links.Redeem(code) is not ({ } person, var until))
            return new RazorComponentResult<SignInPage>(new { WasRefused = true }) { StatusCode = StatusCodes.Status403Forbidden };
        audit.Record("dashboard-signed-in", person, []);
        context.Response.Cookies.Append(DashboardGate.CookieName(listener), sessions.Open(person, until), new CookieOptions
        {
            HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = listener.IsHttps, Path = "/", MaxAge = DashboardSessions.Longest, IsEssential = true,
        });
        return Results.Redirect("/");
    }

    private static Task<ActionEnd> SignOut(ActionRequest request)
    {
        request.Service<DashboardSessions>().End(request.Session);
        request.Context.Response.Cookies.Delete(DashboardGate.CookieName(request.Service<DashboardListener>()));
        return Task.FromResult(new ActionEnd(Routes.SignIn, null));
    }

    private static Task<ActionEnd> Invite(ActionRequest request)
    {
        var member = Subject(request);
        var invitation = request.Service<EnrolmentDesk>().Invite(member, Invitation, request.Person);
        return Task.FromResult(new ActionEnd("/", new Notice(
            $"An invitation for {member}, good once and for {Invitation.TotalHours} hours. Whoever has it can enrol: pass it on privately. It is shown this once.", Secret: InvitationToken.Write(invitation))));
    }

    private static async Task<ActionEnd> RevokeAsync(ActionRequest request)
    {
        var member = Subject(request);
        await request.Service<Revocation>().RevokeAsync(member, request.Person);
        return new ActionEnd("/", new Notice($"{member} is revoked: certificates are refused from now on, and what was open has ended."));
    }

    private static async Task<ActionEnd> StartAsync(ActionRequest request)
    {
        var profile = request.Field("what") switch { "run" => false, "profile" => true, _ => throw new FaultException(Api.Fault.RequestInvalid, "What is started must be a run or a profile.") };
        var (run, study) = await request.Service<RunStarter>().StartAsync(request.Route("study"), profile, request.Person);
        return new ActionEnd(Routes.Run(run.Value), new Notice(profile ? $"The sites are asked what their rows for {study.Name} are like." : $"A run of {study.Name} has started."));
    }

    private static async Task<ActionEnd> ControlAsync(ActionRequest request)
    {
        var run = request.Route("run");
        if (!Enum.TryParse<RunAction>(request.Field("action"), ignoreCase: true, out var action) || !Enum.IsDefined(action))
            throw new FaultException(Api.Fault.RequestInvalid, "The action must be pause, resume or cancel.");
        await request.Service<RunControl>().HandleAsync(run, action, request.Person);
        return new ActionEnd(Routes.Run(run), new Notice(action switch { RunAction.Pause => "The run is paused.", RunAction.Resume => "The run goes on.", _ => "The run is cancelled." }));
    }

    private static Member Subject(ActionRequest request)
    {
        var subject = new Subject
        {
            Name = request.Field("name"), Kind = request.Field("role") == "site" ? Protos.Federation.Subject.Types.Kind.Site : Protos.Federation.Subject.Types.Kind.Person,
            Role = Enum.TryParse<Subject.Types.Role>(request.Field("role"), ignoreCase: true, out var role) ? role : Protos.Federation.Subject.Types.Role.Unspecified,
        };
        return Member.TryParse(subject, out var member) ? member : throw new FaultException(Api.Fault.RequestInvalid, $"A site, or a person who is admin, researcher, clinician or auditor, has a name: {FederatedClinicalMl.Studies.Name.Rule}.");
    }

    private static async Task ExportAsync(HttpContext context, AuditTrail audit)
    {
        context.Response.ContentType = "application/x-ndjson";
        context.Response.Headers.ContentDisposition = "attachment; filename=\"coordinator-audit.ndjson\"";
        foreach (var entry in audit.Entries())
        {
            await context.Response.Body.WriteAsync(entry.Line, context.RequestAborted);
            await context.Response.Body.WriteAsync("\n"u8.ToArray(), context.RequestAborted);
        }
    }
}
