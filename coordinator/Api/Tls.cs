using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace FederatedClinicalMl.Coordinator.Api;

/// <summary>What TLS the coordinator speaks: 1.3, and 1.2 with ECDHE-ECDSA-AES-GCM only, for platforms without 1.3.</summary>
internal static class Tls
{
    // Where the platform takes a list (OpenSSL). Windows and macOS choose by the system's policy; the negotiated suite is in the log.
    private static readonly CipherSuitesPolicy? Suites = OperatingSystem.IsLinux()
        ? new CipherSuitesPolicy(
        [
            TlsCipherSuite.TLS_AES_128_GCM_SHA256,
            TlsCipherSuite.TLS_AES_256_GCM_SHA384,
            TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        ])
        : null;

    /// <summary>Options of one handshake. A client certificate is asked for and taken whatever it is: <see cref="Gate"/> decides, and can say why.</summary>
    public static SslServerAuthenticationOptions Options(SslStreamCertificateContext certificate) => new()
    {
        ServerCertificateContext = certificate,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        CipherSuitesPolicy = Suites,
        ClientCertificateRequired = true, // asked for; the callback lets a handshake without one pass
        AllowRenegotiation = false,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = new X509ChainPolicy
        {
            // Whatever SslStream finds out about the chain is not used; it must not fetch anything from where a stranger's certificate points.
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        },
#pragma warning disable CA5359 // see above: every request passes the gate, which checks the certificate against the authority and the directory
        RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
    };

    /// <summary>Options of one handshake with a browser, whose person signs in otherwise.</summary>
    public static SslServerAuthenticationOptions WithoutClientCertificate(SslStreamCertificateContext certificate) => new()
    {
        ServerCertificateContext = certificate,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        CipherSuitesPolicy = Suites,
        AllowRenegotiation = false,
    };
}
