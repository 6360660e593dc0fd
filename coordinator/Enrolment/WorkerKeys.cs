using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Enrolment;

/// <summary>A worker's proof that it holds the private half of its signing key.</summary>
public static class WorkerKeys
{
    // The renewals of one worker, which are at most KeyRenewal.Most.
    private const int LongestRenewals = 64 * 1024;

    /// <summary>The renewals that come with a key; none where they are too long, or one of them is none.</summary>
    public static KeyRenewals Renewals(WorkerKey sent)
    {
        ArgumentNullException.ThrowIfNull(sent);
        return sent.Renewals.Length <= LongestRenewals && KeyRenewals.Read(sent.Renewals.Span) is { } renewals ? renewals : KeyRenewals.None;
    }

    /// <summary>The key, where its proof over <paramref name="challenge"/> is good; otherwise null.</summary>
    /// <param name="sent">Key and proof.</param>
    /// <param name="challenge">SHA-256 of the signing request (at enrolment) or of the client certificate (in a session).</param>
    public static VerifyingKey? Check(WorkerKey? sent, Sha256Digest challenge)
    {
        if (sent is null)
            return null;
        var key = new VerifyingKey(sent.PublicKey.ToByteArray());
        return key.Verify(SignatureContext.WorkerKey, challenge.Span, sent.Proof.Span) ? key : null;
    }
}
