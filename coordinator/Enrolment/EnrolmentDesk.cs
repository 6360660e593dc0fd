using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Coordinator.Api;
using FederatedClinicalMl.Coordinator.Audit;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using Fault = FederatedClinicalMl.Coordinator.Api.Fault;
using Member = FederatedClinicalMl.Coordinator.Enrolment.Member;

namespace FederatedClinicalMl.Coordinator.Enrolment;

/// <summary>Invites, enrols, renews and revokes. Each change is durable in <see cref="MemberStore"/> before <see cref="MemberDirectory"/> acts on it.</summary>
public sealed partial class EnrolmentDesk(
    CertificateAuthority authority, MemberStore store, MemberDirectory directory, AuditTrail audit, CoordinatorAddress address, TimeProvider time,
    ILogger<EnrolmentDesk> log)
{
    /// <summary>Longest validity of an invitation.</summary>
    public static readonly TimeSpan LongestInvitation = TimeSpan.FromDays(14);

    // One at a time: invitations and enrolments of one name must not pass each other, and people do these things by hand.
    private readonly Lock _turn = new();

    /// <summary>Makes an invitation that serves once.</summary>
    /// <param name="member">Who may redeem it.</param>
    /// <param name="valid">For how long.</param>
    /// <param name="actor">The admin; null: the person at the coordinator's console.</param>
    /// <exception cref="FaultException">MEMBER_EXISTS, REQUEST_INVALID.</exception>
    public Invitation Invite(Member member, TimeSpan valid, Member? actor)
    {
        if (valid <= TimeSpan.Zero || valid > LongestInvitation)
            throw new FaultException(Fault.RequestInvalid, $"An invitation is valid for 1 hour to {LongestInvitation.TotalDays} days.");
        lock (_turn)
        {
            RefuseTaken(member);
            var secret = RandomNumberGenerator.GetBytes(InvitationToken.SecretLength);
            var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
            var expires = DateTimeOffset.FromUnixTimeSeconds((time.GetUtcNow() + valid).ToUnixTimeSeconds());
            audit.Record("member-invited", actor, new JsonObject { ["member"] = member.ToString(), ["invitation"] = id });
            store.Add(new StoredInvitation(id, Sha256Digest.Of(secret), member, expires, InvitationState.Open));
            LogInvited(member, id, expires);
            return new Invitation
            {
                Coordinator = address.Url,
                Authority = UnsafeByteOperations.UnsafeWrap(authority.Der),
                Id = id,
                Secret = ByteString.CopyFrom(secret),
                ExpiresUnixSeconds = expires.ToUnixTimeSeconds(),
                Subject = member.ToMessage(),
            };
        }
    }

    /// <summary>Redeems an invitation for a certificate.</summary>
    /// <exception cref="FaultException">INVITATION_UNKNOWN, INVITATION_EXPIRED, INVITATION_USED, INVITATION_WITHDRAWN, MEMBER_EXISTS, REQUEST_INVALID.</exception>
    public X509Certificate2 Enrol(EnrolRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        lock (_turn)
        {
            var invitation = store.FindInvitation(request.InvitationId);

            // The same work, and the same answer, whether the id or the secret is wrong.
            var kept = invitation?.SecretDigest ?? default;
            if (!CryptographicOperations.FixedTimeEquals(kept.Span, Sha256Digest.Of(request.Secret.Span).Span) || invitation is null)
                throw new FaultException(Fault.InvitationUnknown);
            if (invitation.State != InvitationState.Open)
                throw new FaultException(invitation.State == InvitationState.Withdrawn ? Fault.InvitationWithdrawn : Fault.InvitationUsed);
            if (invitation.Expires <= time.GetUtcNow())
                throw new FaultException(Fault.InvitationExpired);

            RefuseTaken(invitation.Member);
            var workerKey = CheckWorkerKey(invitation.Member, request);
            var certificate = authority.IssueClient(invitation.Member, request.CertificateRequest.Span);
            var issued = Describe(certificate, invitation.Member);
            audit.Record("member-enrolled", invitation.Member, new JsonObject
            {
                ["member"] = invitation.Member.ToString(),
                ["invitation"] = invitation.Id,
                ["serial"] = issued.Serial,
                ["worker"] = workerKey?.Fingerprint.ToString(),
            });
            if (!store.Redeem(invitation.Id, issued, workerKey, Trim(request.SoftwareVersion)))
                throw new FaultException(Fault.InvitationUsed);
            directory.Add(issued);
            LogEnrolled(invitation.Member, issued.Serial, issued.NotAfter);
            return certificate;
        }
    }

    /// <summary>A new certificate for a member; the present one stays valid until it expires.</summary>
    /// <exception cref="FaultException">REQUEST_INVALID, CERTIFICATE_REVOKED.</exception>
    public X509Certificate2 Renew(Member member, ReadOnlySpan<byte> request)
    {
        var certificate = authority.IssueClient(member, request);
        lock (_turn)
        {
            var issued = Describe(certificate, member);
            audit.Record("certificate-renewed", member, new JsonObject { ["member"] = member.ToString(), ["serial"] = issued.Serial });
            if (!store.Renew(issued))
                throw new FaultException(Fault.CertificateRevoked);
            directory.Add(issued);
            LogRenewed(member, issued.Serial, issued.NotAfter);
        }

        return certificate;
    }

    /// <summary>Whether a key is the one of a site's worker. One to which that key has led, by renewals of which each is signed by the key before it, is so from here on.</summary>
    /// <param name="site">The site.</param>
    /// <param name="key">A key that the caller holds.</param>
    /// <param name="renewals">What came with it.</param>
    public bool Recognise(SiteId site, VerifyingKey key, KeyRenewals renewals)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(renewals);
        lock (_turn)
        {
            if (store.WorkerKey(site) is not { } known)
                return false;
            if (known.Equals(key))
                return true;
            var way = renewals.From(site, known.Fingerprint);
            if (way.IsEmpty || !way[^1].New.Equals(key) || way.Aggregate((KeyRenewals?)store.Renewals(site), (all, renewal) => all?.Add(renewal)) is null)
                return false;
            var member = new Member(Roles.Site, site.Value);
            audit.Record("worker-key-renewed", member, new JsonObject
            {
                ["member"] = member.ToString(), ["from"] = known.Fingerprint.ToString(), ["to"] = key.Fingerprint.ToString(),
            });
            if (!store.Renew(site, way))
                return false;
            LogKeyRenewed(member, known.Fingerprint, key.Fingerprint);
            return true;
        }
    }

    /// <summary>Revokes a member: in force when this returns. Whoever calls also ends what is open.</summary>
    /// <exception cref="FaultException">MEMBER_UNKNOWN, SELF_REVOKED.</exception>
    public void Revoke(Member member, Member actor)
    {
        lock (_turn)
        {
            if (member == actor)
                throw new FaultException(Fault.SelfRevoked);
            if (!store.Members().Any(m => m.Member == member && !m.Revoked) && !store.OpenInvitations(time.GetUtcNow()).Any(i => i.Member == member))
                throw new FaultException(Fault.MemberUnknown);
            audit.Record("member-revoked", actor, new JsonObject { ["member"] = member.ToString() });
            store.Revoke(member);
            directory.Revoke(member);
            LogRevoked(member, actor);
        }
    }

    private void RefuseTaken(Member member)
    {
        if (store.Members().Any(m => !m.Revoked && m.Member.Name == member.Name && m.Member.IsSite == member.IsSite))
            throw new FaultException(Fault.MemberExists);
    }

    private static VerifyingKey? CheckWorkerKey(Member member, EnrolRequest request)
    {
        if (!member.IsSite)
        {
            return request.WorkerKey is null
                ? null
                : throw new FaultException(Fault.RequestInvalid, "The invitation is for a person, and people have no worker key.");
        }

        var challenge = Sha256Digest.Of(request.CertificateRequest.Span);
        return WorkerKeys.Check(request.WorkerKey, challenge)
            ?? throw new FaultException(Fault.RequestInvalid, "A site's worker must prove that it holds its signing key (ECDSA P-256), bound to this signing request.");
    }

    private static IssuedCertificate Describe(X509Certificate2 certificate, Member member) => new(
        certificate.SerialNumber, Sha256Digest.Of(certificate.RawDataMemory.Span), member, certificate.NotAfter.ToUniversalTime(), Revoked: false);

    /// <summary>What a stranger sends as text is kept short.</summary>
    internal static string Trim(string text) => text.Length <= 64 ? text : text[..64];

    [LoggerMessage(1101, LogLevel.Information, "Invited {Member} with invitation {Invitation}, valid until {Expires}")]
    private partial void LogInvited(Member member, string invitation, DateTimeOffset expires);

    [LoggerMessage(1102, LogLevel.Information, "Enrolled {Member} with certificate {Serial}, valid until {NotAfter}")]
    private partial void LogEnrolled(Member member, string serial, DateTimeOffset notAfter);

    [LoggerMessage(1103, LogLevel.Information, "Renewed the certificate of {Member}: {Serial}, valid until {NotAfter}")]
    private partial void LogRenewed(Member member, string serial, DateTimeOffset notAfter);

    [LoggerMessage(1104, LogLevel.Warning, "{Actor} revoked {Member}")]
    private partial void LogRevoked(Member member, Member actor);

    [LoggerMessage(1105, LogLevel.Information, "The worker of {Member} has renewed its key: from {From} to {To}, signed by the old one")]
    private partial void LogKeyRenewed(Member member, Sha256Digest from, Sha256Digest to);
}
