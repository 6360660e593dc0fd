using System.Security.Claims;
using FederatedClinicalMl.Coordinator.Api;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Registry;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace FederatedClinicalMl.Coordinator.Dashboard;

/// <summary>
/// Stands before every page, action and live connection: that the browser has a session, that what it sends comes from a page of ours, and that the person's role is one that
/// <see cref="Access.Table"/> lets do it. What says of itself no role is refused.
/// </summary>
internal sealed partial class DashboardGate(RequestDelegate next, DashboardSessions sessions, DashboardListener listener, ILogger<DashboardGate> log)
{
    /// <summary>The cookie's name. With TLS the prefix makes the browser insist on it.</summary>
    public static string CookieName(DashboardListener listener) => listener.IsHttps ? "__Host-fcml-session" : "fcml-session";

    /// <summary>Who is signed in on a request.</summary>
    public static DashboardSession SessionOf(HttpContext context) => context.Features.Get<DashboardSession>() ?? throw new InvalidOperationException("The request did not pass the gate with a session.");

    public async Task InvokeAsync(HttpContext context)
    {
        if (IsForeign(context.Request))
        {
            await Actions.RefuseAsync(context, StatusCodes.Status403Forbidden, "Another site sent this request. Nothing was done.");
            return;
        }

        var endpoint = context.GetEndpoint();
        if (endpoint?.Metadata.GetMetadata<OpenToAllAttribute>() is not null)
        {
            await next(context);
            return;
        }

        if (sessions.Find(context.Request.Cookies[CookieName(listener)]) is not { } session)
        {
            if (HttpMethods.IsGet(context.Request.Method) && !IsLive(endpoint))
                context.Response.Redirect(Routes.SignIn);
            else
                await Actions.RefuseAsync(context, StatusCodes.Status401Unauthorized, "You are not signed in, or no longer. Nothing was done.");
            return;
        }

        context.Features.Set(session);
        context.User = Describe(session);
        if (endpoint is null)
        {
            await Actions.RefuseAsync(context, StatusCodes.Status404NotFound, "There is no such page.");
            return;
        }

        if (!IsAllowed(endpoint, session.Person))
        {
            LogRefused(session.Person, context.Request.Path);
            await Actions.RefuseAsync(context, StatusCodes.Status403Forbidden, $"Your role, {session.Person.RoleWord}, does not allow this. Ask somebody who holds the role that it needs.");
            return;
        }

        if (IsLive(endpoint))
            await FollowAsync(context, session);
        else
            await LookAsync(context);
    }

    // A page of a model whose entry is damaged says so; where it has begun already, it breaks off.
    private async Task LookAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (DamagedModelException damage) when (!context.Response.HasStarted)
        {
            LogDamaged(context.Request.Path, damage.Message);
            context.Response.Clear();
            await Actions.RefuseAsync(context, Fault.ModelDamaged.Http, damage.Message);
        }
    }

    // The connection of a live page is cut off when the session ends.
    private async Task FollowAsync(HttpContext context, DashboardSession session)
    {
        if (!session.TryOpenLivePage())
        {
            context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
            return;
        }

        try
        {
            await using (session.Ended.Register(context.Abort))
                await next(context);
        }
        finally
        {
            session.CloseLivePage();
        }
    }

    private static bool IsAllowed(Endpoint endpoint, Member person) => IsLive(endpoint)
        ? NeedsAttribute.May(person, Calls.SignIn) // what a live page shows was allowed when it was first asked for, and is looked at again by itself
        : endpoint.Metadata.GetMetadata<NeedsAttribute>() is { } needs && (needs.Roles & person.Role) != 0;

    private static bool IsLive(Endpoint? endpoint) => endpoint is RouteEndpoint route && route.RoutePattern.RawText?.TrimStart('/').StartsWith(Routes.Live.TrimStart('/'), StringComparison.Ordinal) == true;

    // Cookies do not tell one port of a host from another, and SameSite neither: a page of another service on this machine is told by what its browser says of it. A form's origin is "null" here, by our own
    // Referrer-Policy; a WebSocket's never is.
    private static bool IsForeign(HttpRequest request)
    {
        var isOurs = request.Headers.Origin == $"{request.Scheme}://{request.Host}";
        if (request.Headers.Upgrade.Count > 0)
            return !isOurs;
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
            return false;
        return request.Headers["Sec-Fetch-Site"] is [{ } site] ? site != "same-origin" : request.Headers.Origin.Count > 0 && !isOurs;
    }

    private static ClaimsPrincipal Describe(DashboardSession session) => new(new ClaimsIdentity(
        [new Claim(ClaimTypes.NameIdentifier, session.Id), new Claim(ClaimTypes.Name, session.Person.Name), new Claim(ClaimTypes.Role, session.Person.Role.ToString())], "dashboard"));

    [LoggerMessage(1651, LogLevel.Error, "The page {Path} found a damaged model: {What}")]
    private partial void LogDamaged(string path, string what);

    [LoggerMessage(1650, LogLevel.Warning, "{Person} asked the dashboard for {Path}, which the role does not allow")]
    private partial void LogRefused(Member person, string path);
}
