using Microsoft.AspNetCore.Connections.Features;

namespace FederatedClinicalMl.SiteAgent.StewardConsole;

/// <summary>
/// Before anything is looked for: the socket for links answers nothing but links, and a request over loopback is for this server by name and path. A page whose name somebody has made to lead to 127.0.0.1 (DNS rebinding)
/// comes with another name in its Host header; another account of this machine does not know the path.
/// </summary>
internal sealed class ConsoleEntrance(RequestDelegate next, ConsoleAddress address, SignInLink links, ILogger<ConsoleEntrance> log)
{
    /// <summary>Marks connections of the socket for links.</summary>
    public static readonly object LinkConnection = new();

    public Task InvokeAsync(HttpContext context)
    {
        if (context.Features.Get<IConnectionItemsFeature>()?.Items.ContainsKey(LinkConnection) == true)
            return GiveLinkAsync(context);
        if (context.Request.Host.Value != address.Authority)
            return Refuse(context, StatusCodes.Status421MisdirectedRequest, "another Host header than this server's");
        return context.Request.Path.StartsWithSegments(address.Base, StringComparison.Ordinal) ? next(context) : Refuse(context, StatusCodes.Status404NotFound, "another path than this console's");
    }

    private Task GiveLinkAsync(HttpContext context)
    {
        if (HttpMethods.IsPost(context.Request.Method) && context.Request.Path == LinkSocket.Path)
            return context.Response.WriteAsync(address.Of($"{Routes.SignIn}?code={links.Make()}").AbsoluteUri, context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    private Task Refuse(HttpContext context, int status, string why)
    {
        log.Foreign(why);
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    }
}
