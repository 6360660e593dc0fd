using System.Security.Cryptography.X509Certificates;
using FederatedClinicalMl.Coordinator.Enrolment;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace FederatedClinicalMl.Coordinator.Api;

/// <summary>Who makes a request, as <see cref="Gate"/> has established it.</summary>
/// <param name="member">The member.</param>
/// <param name="certificate">The certificate of the connection; null: the caller has signed in by a token.</param>
/// <param name="until">When the caller is nobody any more, also in the midst of a stream; null: not by time.</param>
public sealed class Caller(Member member, X509Certificate2? certificate, DateTimeOffset? until = null)
{
    /// <summary>The member. With a token: a person with every role that it gives, whose name ends in <c>@</c> and the issuer's host.</summary>
    public Member Member { get; } = member;

    /// <summary>The certificate of the connection.</summary>
    /// <exception cref="FaultException">CERTIFICATE_MISSING: the caller has signed in by a token.</exception>
    public X509Certificate2 Certificate => certificate ?? throw new FaultException(Fault.CertificateMissing, "A bearer token is not enough for it.");

    /// <summary>When the caller is nobody any more; null: not by time.</summary>
    public DateTimeOffset? Until { get; } = until;

    /// <summary>The caller of a request that passed the gate.</summary>
    public static Caller Of(HttpContext context) =>
        context.Features.Get<Caller>() ?? throw new InvalidOperationException("The request did not pass the gate with a caller.");

    /// <summary>The caller of a gRPC call that passed the gate.</summary>
    public static Caller Of(ServerCallContext context) => Of(context.GetHttpContext());
}
