using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FederatedClinicalMl.Coordinator.Api;

namespace FederatedClinicalMl.Coordinator.Enrolment;

/// <summary>
/// The coordinator's certificate authority: ECDSA P-256, one level (RFC 5280). Nothing of a signing request but its public key reaches
/// a certificate: names, uses and validity are the coordinator's own.
/// </summary>
public sealed class CertificateAuthority : IDisposable
{
    /// <summary>The name of the coordinator itself in its certificate.</summary>
    public const string CoordinatorUri = "urn:fcml:coordinator";

    /// <summary>How long a member's or the server's certificate is valid; it is renewed when a third of this is left.</summary>
    public static readonly TimeSpan Validity = TimeSpan.FromDays(90);

    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string P256 = "1.2.840.10045.3.1.7";
    private static readonly TimeSpan AuthorityValidity = TimeSpan.FromDays(3650);

    // A machine whose clock is behind, by an hour and a wrong time zone even, must not take a certificate that was just made for one from the future.
    private static readonly TimeSpan Backdating = TimeSpan.FromDays(1);

    private readonly X509Certificate2 _certificate;
    private readonly TimeProvider _time;

    /// <summary>Takes over a certificate together with its private key.</summary>
    /// <exception cref="ArgumentException">The certificate cannot serve as an authority; the message says why.</exception>
    public CertificateAuthority(X509Certificate2 certificate, TimeProvider time)
    {
        _certificate = certificate;
        _time = time;
        if (WhyUnfit(certificate, time.GetUtcNow()) is { } why)
            throw new ArgumentException($"The certificate '{certificate.Subject}' cannot be the coordinator's authority: {why}");
        Der = certificate.RawDataMemory;
    }

    /// <summary>The authority's certificate, DER: what invitations pin.</summary>
    public ReadOnlyMemory<byte> Der { get; }

    /// <summary>The authority's certificate and private key, PEM.</summary>
    public (string Certificate, string Key) ToPem()
    {
        using var key = _certificate.GetECDsaPrivateKey()!;
        return (_certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>Makes a new authority.</summary>
    public static CertificateAuthority Create(string coordinatorId, TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=FederatedClinicalMl authority {coordinatorId[..8]}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = time.GetUtcNow();
        return new CertificateAuthority(request.CreateSelfSigned(now - Backdating, now + AuthorityValidity), time);
    }

    /// <summary>Reads an authority from PEM.</summary>
    /// <exception cref="ArgumentException">The certificate cannot serve as an authority, or the key is not its key.</exception>
    /// <exception cref="CryptographicException">The certificate is no PEM.</exception>
    public static CertificateAuthority FromPem(string certificate, string key, TimeProvider time)
    {
        using var alone = X509Certificate2.CreateFromPem(certificate);
        X509Certificate2 both;
        try
        {
            both = X509Certificate2.CreateFromPem(certificate, key);
        }
        catch (Exception unfit) when (unfit is CryptographicException or ArgumentException)
        {
            throw new ArgumentException($"The key that was given is not the private key of the certificate '{alone.Subject}', or is not a PEM without a password.", unfit);
        }

        return new CertificateAuthority(both, time);
    }

    /// <summary>Answers a signing request with a client certificate for <paramref name="member"/>.</summary>
    /// <param name="member">Whose it will be.</param>
    /// <param name="request">PKCS#10, DER; its signature proves that the sender holds the key.</param>
    /// <exception cref="FaultException">REQUEST_INVALID.</exception>
    public X509Certificate2 IssueClient(Member member, ReadOnlySpan<byte> request)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri(member.Uri));
        return Issue($"CN={member.Name}, OU={member.RoleWord}", KeyOf(request), names, ClientAuthentication);
    }

    /// <summary>Makes a server certificate with a key of its own.</summary>
    /// <param name="hosts">DNS names and addresses by which clients reach the coordinator.</param>
    public X509Certificate2 IssueServer(IReadOnlyCollection<string> hosts)
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts)
        {
            if (IPAddress.TryParse(host, out var address))
                names.AddIpAddress(address);
            else
                names.AddDnsName(host);
        }

        names.AddUri(new Uri(CoordinatorUri));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = Issue("CN=FederatedClinicalMl coordinator", new PublicKey(key), names, ServerAuthentication);
        return certificate.CopyWithPrivateKey(key);
    }

    /// <summary>Whether this authority issued <paramref name="certificate"/> for a client, for a time that includes now.</summary>
    public ClientCertificateVerdict CheckClient(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_certificate);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck; // the member directory knows at once; a list would know later
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ClientAuthentication));
        chain.ChainPolicy.VerificationTime = _time.GetUtcNow().UtcDateTime;
        if (chain.Build(certificate))
            return ClientCertificateVerdict.Good;
        return chain.ChainStatus.All(s => s.Status == X509ChainStatusFlags.NotTimeValid) ? ClientCertificateVerdict.OutOfTime : ClientCertificateVerdict.Untrusted;
    }

    /// <inheritdoc/>
    public void Dispose() => _certificate.Dispose();

    private static string? WhyUnfit(X509Certificate2 certificate, DateTimeOffset now)
    {
        using var key = certificate.GetECDsaPrivateKey();
        if (key is null || !IsP256(key))
            return "it has no ECDSA P-256 private key.";
        if (!certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData))
            return "it is not self-signed; clients pin a root, so give a root of the coordinator's own.";
        if (certificate.Extensions.OfType<X509BasicConstraintsExtension>().FirstOrDefault() is not { CertificateAuthority: true })
            return "its basic constraints do not make it an authority.";
        if (certificate.Extensions.OfType<X509KeyUsageExtension>().FirstOrDefault() is not { } usage || !usage.KeyUsages.HasFlag(X509KeyUsageFlags.KeyCertSign))
            return "it has no key usage that allows it to sign certificates.";
        if (certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault() is null)
            return "it has no subject key identifier.";
        return certificate.NotAfter.ToUniversalTime() - Validity < now.UtcDateTime
            ? $"it expires on {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}, before certificates of {Validity.TotalDays} days would."
            : null;
    }

    private static bool IsP256(ECDsa key) => key.ExportParameters(false).Curve is { IsNamed: true } curve && curve.Oid.Value == P256;

    private static PublicKey KeyOf(ReadOnlySpan<byte> request)
    {
        try
        {
            // Loading checks the request's own signature. Its names and extensions are never read.
            var parsed = CertificateRequest.LoadSigningRequest(request, HashAlgorithmName.SHA256, out var read);
            using var key = parsed.PublicKey.GetECDsaPublicKey();
            if (read != request.Length || key is null || !IsP256(key))
                throw new FaultException(Fault.RequestInvalid, "The signing request must be DER PKCS#10 with an ECDSA P-256 key.");
            return parsed.PublicKey;
        }
        catch (CryptographicException)
        {
            throw new FaultException(Fault.RequestInvalid, "The signing request is no DER PKCS#10, or its signature is not by its own key.");
        }
    }

    private X509Certificate2 Issue(string subject, PublicKey key, SubjectAlternativeNameBuilder names, string use)
    {
        var request = new CertificateRequest(new X500DistinguishedName(subject), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(use)], true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(key, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(
            _certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().First()));
        request.CertificateExtensions.Add(names.Build());

        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x3F) | 0x40); // positive, and of the same length for everyone (RFC 5280, 4.1.2.2)
        var now = _time.GetUtcNow();
        return request.Create(_certificate, now - Backdating, now + Validity, serial);
    }
}

/// <summary>What <see cref="CertificateAuthority.CheckClient"/> found.</summary>
public enum ClientCertificateVerdict
{
    /// <summary>Issued here, for this use, and valid now.</summary>
    Good,

    /// <summary>Issued here, but not valid yet or any more.</summary>
    OutOfTime,

    /// <summary>Issued by somebody else, or for another use.</summary>
    Untrusted,
}
