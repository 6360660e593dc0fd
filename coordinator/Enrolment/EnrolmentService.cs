using System.Security.Cryptography.X509Certificates;
using FederatedClinicalMl.Coordinator.Api;
using FederatedClinicalMl.Protos.Federation;
using Google.Protobuf;
using Grpc.Core;

namespace FederatedClinicalMl.Coordinator.Enrolment;

/// <summary>The wire's side of <see cref="EnrolmentDesk"/>.</summary>
public sealed class EnrolmentService(EnrolmentDesk desk, CertificateAuthority authority) : Protos.Federation.Enrolment.EnrolmentBase
{
    /// <inheritdoc/>
    public override Task<EnrolReply> Enrol(EnrolRequest request, ServerCallContext context) => Reply(desk.Enrol(request));

    /// <inheritdoc/>
    public override Task<EnrolReply> Renew(RenewRequest request, ServerCallContext context)
    {
        var caller = Caller.Of(context);
        _ = caller.Certificate; // a token gets nobody a certificate
        return Reply(desk.Renew(caller.Member, request.CertificateRequest.Span));
    }

    private Task<EnrolReply> Reply(X509Certificate2 certificate)
    {
        using (certificate)
        {
            return Task.FromResult(new EnrolReply
            {
                Certificate = UnsafeByteOperations.UnsafeWrap(certificate.RawData),
                Authority = UnsafeByteOperations.UnsafeWrap(authority.Der),
                NotAfterUnixSeconds = new DateTimeOffset(certificate.NotAfter.ToUniversalTime()).ToUnixTimeSeconds(),
            });
        }
    }
}
