using System.Security.Claims;
using FederatedClinicalMl.SiteAgent.StewardConsole.Pages;

namespace FederatedClinicalMl.SiteAgent.StewardConsole;

/// <summary>Marks what is answered without a session: styles, and the way in.</summary>
internal sealed class OpenToAll;

/// <summary>Stands before every page and action: that the browser has a session, and that what it sends comes from a page of ours.</summary>
internal sealed class ConsoleGate(RequestDelegate next, Sessions sessions, ConsoleAddress address, ILogger<ConsoleGate> log)
{
    /// <summary>The session's cookie.</summary>
    public const string Cookie = "fcml-steward";

    /// <summary>Whether a page asks by itself, and nobody has done anything: browsers say so of fetches and event streams, and scripts cannot say otherwise. Such a request keeps no session open.</summary>
    public static bool IsByItself(HttpRequest request) => request.Headers["Sec-Fetch-Dest"] == "empty";

    /// <summary>The session of a request.</summary>
    public static Session SessionOf(HttpContext context) => context.Features.Get<Session>() ?? throw new InvalidOperationException("The request did not pass the gate with a session.");

    public Task InvokeAsync(HttpContext context)
    {
        if (IsForeign(context.Request))
        {
            log.Foreign("a form of another site, or of another port of this machine");
            return RefuseAsync(context, StatusCodes.Status403Forbidden, "Another site sent this request. Nothing was done.");
        }

        var endpoint = context.GetEndpoint();
        if (endpoint?.Metadata.GetMetadata<OpenToAll>() is not null)
            return next(context);
        if (sessions.Find(context.Request.Cookies[Cookie], !IsByItself(context.Request)) is not { } session)
        {
            if (!HttpMethods.IsGet(context.Request.Method))
                return RefuseAsync(context, StatusCodes.Status401Unauthorized, "You are not signed in, or no longer. Nothing was done.");
            context.Response.Redirect(address.Home + Routes.SignIn);
            return Task.CompletedTask;
        }

        context.Features.Set(session);
        context.User = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, session.Id)], "console")); // what the token of a form is tied to
        return endpoint is null ? RefuseAsync(context, StatusCodes.Status404NotFound, "There is no such page.") : next(context);
    }

    /// <summary>Answers with a refusal, as a page.</summary>
    public static Task RefuseAsync(HttpContext context, int status, string sentence) =>
        new RazorComponentResult<RefusalPage>(new { Status = status, Sentence = sentence }) { StatusCode = status, PreventStreamingRendering = true }.ExecuteAsync(context);

    // SameSite does not tell one port of a host from another; a page of another service on this machine is told by what its browser says of it. A form's origin is "null" here, by our own Referrer-Policy.
    private static bool IsForeign(HttpRequest request)
    {
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
            return false;
        return request.Headers["Sec-Fetch-Site"] is [{ } site] ? site != "same-origin" : request.Headers.Origin.Count > 0 && request.Headers.Origin != $"{request.Scheme}://{request.Host}";
    }
}
