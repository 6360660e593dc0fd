using System.Security.Cryptography.X509Certificates;
using FederatedClinicalMl.Coordinator.Enrolment;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace FederatedClinicalMl.Coordinator.Api;

/// <summary>Who makes a request, as <see cref="Gate"/> has established it.</summary>
/// <param name="Member">The member.</param>
/// <param name="Certificate">The certificate of the connection.</param>
public sealed record Caller(Member Member, X509Certificate2 Certificate)
{
    /// <summary>The caller of a request that passed the gate with a certificate.</summary>
    public static Caller Of(HttpContext context) =>
        context.Features.Get<Caller>() ?? throw new InvalidOperationException("The request did not pass the gate with a certificate.");

    /// <summary>The caller of a gRPC call that passed the gate with a certificate.</summary>
    public static Caller Of(ServerCallContext context) => Of(context.GetHttpContext());
}
