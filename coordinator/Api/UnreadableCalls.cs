using Microsoft.AspNetCore.Http;

namespace FederatedClinicalMl.Coordinator.Api;

/// <summary>
/// A request that is no message of its call never comes as far as <see cref="FaultInterceptor"/>: gRPC reads it before, and answers UNKNOWN, as
/// it does for nothing else here. It is the caller's fault, and the caller is told so.
/// </summary>
internal static class UnreadableCalls
{
    private const string Unknown = "2";

    public static async Task AnswerAsync(HttpContext context, RequestDelegate next)
    {
        await next(context);
        if (!context.Response.HasStarted && context.Response.Headers["grpc-status"] == Unknown)
            await FaultWriter.WriteAsync(context, Fault.RequestInvalid, "Its bytes are no message of this call.");
    }
}
