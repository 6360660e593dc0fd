namespace FederatedClinicalMl.SiteAgent.StewardConsole;

/// <summary>
/// What a browser is told with every answer: to run and load nothing but this server's own files, to show no page in a frame, to tell nobody where it came from, and to keep nothing.
/// </summary>
internal sealed class ConsoleHeaders(RequestDelegate next)
{
    // Styles and scripts are files: where a study's words came to be markup after all, they could run nothing.
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors 'none'";

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
        headers.CacheControl = "no-store";
        return next(context);
    }
}
