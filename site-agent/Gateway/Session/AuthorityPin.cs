using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>
/// Trust in exactly one authority, the one that the invitation named; the operating system's list of authorities is not asked, so that
/// a proxy that opens TLS is seen for what it is. The coordinator is known by its URI name, not by its host name: it may be reached through
/// forwarded ports and changing addresses.
/// </summary>
internal sealed class AuthorityPin(X509Certificate2 authority, TimeProvider time)
{
    public const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    public const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    /// <summary>What was wrong with the last certificate that was refused; null if none was.</summary>
    public Refusal? LastRefusal { get; private set; }

    /// <summary>Decides over a server's certificate, in a TLS handshake.</summary>
    public bool IsCoordinator(X509Certificate? presented, X509Chain? chain)
    {
        if (presented is null)
        {
            LastRefusal = new Refusal("(none)", OurAuthority: false, "it presented no certificate");
            return false;
        }

        using var certificate = X509CertificateLoader.LoadCertificate(presented.GetRawCertData());
        var sentAlong = chain?.ChainPolicy.ExtraStore ?? [];
        if (!Issued(certificate, ServerAuthentication, sentAlong, out var why))
        {
            LastRefusal = new Refusal(certificate.Issuer, IssuerIsOurs(certificate), why);
            return false;
        }

        if (!CertificateNames.UrisOf(certificate).Contains(CertificateNames.Coordinator))
        {
            LastRefusal = new Refusal(certificate.Issuer, OurAuthority: true, $"it is not the coordinator's but names {certificate.Subject}");
            return false;
        }

        return true;
    }

    /// <summary>Whether our authority issued the certificate for this use, and it is valid now.</summary>
    public bool Issued(X509Certificate2 certificate, string use, X509Certificate2Collection sentAlong, out string why)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.ExtraStore.AddRange(sentAlong);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck; // the coordinator's list decides, at every request
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTimeIgnored = false;
        chain.ChainPolicy.VerificationTime = time.GetUtcNow().UtcDateTime;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(use));
        var good = chain.Build(certificate);
        why = string.Join("; ", chain.ChainStatus.Select(s => s.StatusInformation.Trim()));
        return good;
    }

    private bool IssuerIsOurs(X509Certificate2 certificate) =>
        certificate.IssuerName.RawData.AsSpan().SequenceEqual(authority.SubjectName.RawData);

    /// <param name="Issuer">The issuer's name, as seen.</param>
    /// <param name="OurAuthority">Whether it claims to come from our authority.</param>
    /// <param name="Why">What was wrong.</param>
    public sealed record Refusal(string Issuer, bool OurAuthority, string Why);
}
