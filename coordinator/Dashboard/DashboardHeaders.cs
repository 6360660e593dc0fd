using Microsoft.AspNetCore.Http;

namespace FederatedClinicalMl.Coordinator.Dashboard;

/// <summary>
/// What a browser is told with every answer: to run and load nothing but this server's own files, to show no page in a frame, to tell nobody where it came from, and to keep nothing.
/// </summary>
internal sealed class DashboardHeaders(RequestDelegate next)
{
    // Styles and scripts are files: where a name that somebody chose came to be markup after all, it could run nothing.
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors 'none'";

    public Task InvokeAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XFrameOptions = "DENY";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()";
        headers.CacheControl = "no-cache, no-store"; // in these words: whatever else it finds, the framework's antiforgery changes, and warns of it
        headers.Pragma = "no-cache";
        return next(context);
    }
}
