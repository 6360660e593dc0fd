using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace FederatedClinicalMl.Coordinator.Api;

/// <summary>Answers a request with a fault before any handler ran, in the form that the caller understands.</summary>
public static class FaultWriter
{
    /// <summary>gRPC trailer that carries the code.</summary>
    public const string Trailer = "fcml-fault";

    /// <summary>HTTP header that carries the code.</summary>
    public const string Header = "Fcml-Fault";

    /// <summary>Writes the whole response.</summary>
    public static Task WriteAsync(HttpContext context, FaultException refused) => WriteAsync(context, refused.Fault, refused.Detail);

    /// <summary>Writes the whole response.</summary>
    public static async Task WriteAsync(HttpContext context, Fault fault, string? detail = null)
    {
        var response = context.Response;
        if (context.Features.Get<FaultException>() is null) // else it was counted by the interceptor
            Telemetry.Refused(fault.Code);
        if (context.Request.ContentType?.StartsWith("application/grpc", StringComparison.Ordinal) == true)
        {
            // A "trailers-only" response: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
            response.StatusCode = StatusCodes.Status200OK;
            response.ContentType = "application/grpc";
            response.Headers["grpc-status"] = ((int)fault.Grpc).ToString(CultureInfo.InvariantCulture);
            response.Headers["grpc-message"] = Uri.EscapeDataString(fault.Say(detail));
            response.Headers[Trailer] = fault.Code;
            return;
        }

        response.StatusCode = fault.Http;
        response.Headers[Header] = fault.Code;
        if (fault.Http == StatusCodes.Status401Unauthorized)
            response.Headers.WWWAuthenticate = "Bearer"; // certificates have no scheme to name
        if (HttpMethods.IsHead(context.Request.Method))
            return; // the header says it all
        response.ContentType = "application/problem+json";
        await response.WriteAsync(Problem(fault, detail), context.RequestAborted);
    }

    /// <summary>A fault as a problem (RFC 9457) in JSON.</summary>
    internal static string Problem(Fault fault, string? detail)
    {
        var problem = new JsonObject { ["type"] = $"urn:fcml:fault:{fault.Code}", ["title"] = fault.Sentence, ["status"] = fault.Http, ["code"] = fault.Code };
        if (detail is not null)
            problem["detail"] = detail;
        return problem.ToJsonString();
    }
}
