using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Google.Protobuf;
using Grpc.Core;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>Turns an invitation into an identity, and an identity into its successor. The private key is made here and stays here.</summary>
public static class Redemption
{
    /// <summary>Gives the worker's public key and its proof over a challenge, the SHA-256 of the certificate request.</summary>
    public delegate Task<WorkerKey> ProveWorker(Sha256Digest challenge, CancellationToken stop);

    /// <summary>Redeems an invitation. The caller saves the identity; until it has, nothing is on disk.</summary>
    /// <param name="invitation">The invitation.</param>
    /// <param name="worker">Asked for the worker's proof; null for people.</param>
    /// <param name="proxy">How to reach the coordinator.</param>
    /// <param name="time">The clock.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="AgentException">What went wrong and how to mend it.</exception>
    public static async Task<ClientIdentity> RedeemAsync(
        InvitationToken invitation, ProveWorker? worker, ProxySettings proxy, TimeProvider time, CancellationToken stop)
    {
        if (time.GetUtcNow() >= invitation.Expires)
            throw new AgentException("INVITATION_EXPIRED", $"The invitation expired at {invitation.Expires:u}. Ask the consortium's admin for a new one.");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = RequestFor(invitation.Name, key);
        var workerKey = worker is null ? null : await worker(Sha256Digest.Of(request), stop);
        using var channel = CoordinatorChannel.OpenForEnrolment(invitation.Coordinator, invitation.Authority, proxy, time);
        var sent = false;
        try
        {
            // The coordinator is met before the secret is shown to anybody, and so that "cannot be reached" is told from "reply lost".
            await channel.ProbeAsync(stop);
            sent = true;
            var reply = await new Protos.Federation.Enrolment.EnrolmentClient(channel.Grpc).EnrolAsync(
                new EnrolRequest
                {
                    InvitationId = invitation.Id,
                    Secret = invitation.Secret,
                    CertificateRequest = ByteString.CopyFrom(request),
                    WorkerKey = workerKey,
                    SoftwareVersion = SoftwareVersion.Text,
                },
                cancellationToken: stop);
            return Accept(reply, invitation.Coordinator, invitation.Authority, invitation.Subject, key, time);
        }
        catch (Exception e) when (e is RpcException or HttpRequestException && !stop.IsCancellationRequested)
        {
            var fault = channel.Explain(e);
            throw fault.Code switch
            {
                "INVITATION_USED" => new AgentException(
                    fault.Code,
                    "This invitation has been redeemed before. If that was an attempt of yours whose reply was lost, the certificate of that attempt "
                    + "is worth nothing to anybody: ask the admin to revoke it and to invite again. If not, somebody else used your invitation: tell the admin at once.",
                    e),
                _ when sent && fault.Lost => new AgentException(
                    "ENROLMENT_REPLY_LOST",
                    "The connection broke before the reply came; the invitation may have been spent. Try once more; if that says INVITATION_USED, ask the admin to "
                    + $"revoke and to invite again. ({fault.Sentence})",
                    e),
                _ => fault.ToException(e),
            };
        }
    }

    /// <summary>Asks for a certificate with a new key over the connection that the present one authenticates.</summary>
    /// <exception cref="RpcException">The coordinator refused or cannot be reached.</exception>
    /// <exception cref="AgentException">What came back is not ours.</exception>
    public static async Task<ClientIdentity> RenewAsync(ClientIdentity present, CoordinatorChannel channel, TimeProvider time, CancellationToken stop)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new RenewRequest { CertificateRequest = ByteString.CopyFrom(RequestFor(present.Name, key)) };
        var reply = await new Protos.Federation.Enrolment.EnrolmentClient(channel.Grpc).RenewAsync(request, cancellationToken: stop);
        return Accept(reply, present.Coordinator, present.Authority, present.Subject, key, time);
    }

    private static byte[] RequestFor(string name, ECDsa key) =>
        new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256).CreateSigningRequest();

    private static ClientIdentity Accept(EnrolReply reply, Uri coordinator, X509Certificate2 authority, string subject, ECDsa key, TimeProvider time)
    {
        X509Certificate2 certificate;
        try
        {
            certificate = X509CertificateLoader.LoadCertificate(reply.Certificate.Span);
        }
        catch (CryptographicException e)
        {
            throw Wrong("it cannot be read", e);
        }

        using (certificate)
        {
            using var theirs = certificate.GetECDsaPublicKey();
            if (theirs is null || !theirs.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo()))
                throw Wrong("it is for another key than the one made here");
            if (CertificateNames.UrisOf(certificate) is not [var name] || name != subject)
                throw Wrong($"it is not for '{subject}'");
            if (!new AuthorityPin(authority, time).Issued(certificate, AuthorityPin.ClientAuthentication, [], out var why))
                throw Wrong($"it does not come from the authority of the invitation ({why})");
            return new ClientIdentity(coordinator, ClientIdentity.Attach(certificate, key), X509CertificateLoader.LoadCertificate(authority.RawData));
        }

        static AgentException Wrong(string why, Exception? cause = null) =>
            new("CERTIFICATE_WRONG", $"The coordinator sent a certificate that cannot be ours: {why}. Nothing was stored; tell the consortium's admin.", cause);
    }
}
