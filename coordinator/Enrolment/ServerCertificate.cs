using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using FederatedClinicalMl.Coordinator.Storage;
using Microsoft.Extensions.Logging;

namespace FederatedClinicalMl.Coordinator.Enrolment;

/// <summary>
/// The certificate that the coordinator shows: kept in <c>authority/</c>, renewed at start or by a timer when less than a third of its
/// time is left, or when it does not name all hosts. New connections see the new one; open ones go on.
/// </summary>
public sealed partial class ServerCertificate : IDisposable
{
    private static readonly TimeSpan CheckEvery = TimeSpan.FromHours(6);

    private readonly DataFolder _folder;
    private readonly CertificateAuthority _authority;
    private readonly IReadOnlyCollection<string> _hosts;
    private readonly TimeProvider _time;
    private readonly ILogger<ServerCertificate> _log;
    private readonly ITimer _timer;
    private X509Certificate2 _certificate;
    private volatile SslStreamCertificateContext _context;

    /// <summary>Takes up the stored certificate, or makes one.</summary>
    public ServerCertificate(DataFolder folder, CertificateAuthority authority, CoordinatorAddress address, TimeProvider time, ILogger<ServerCertificate> log)
    {
        _folder = folder;
        _authority = authority;
        _hosts = address.Hosts;
        _time = time;
        _log = log;
        _certificate = folder.ReadServerCertificate() is { } stored && IsFresh(stored) ? stored : Issue();
        _context = ContextOf(_certificate);
        _timer = time.CreateTimer(_ => RenewIfDue(), null, CheckEvery, CheckEvery);
    }

    /// <summary>What to show on a new connection.</summary>
    public SslStreamCertificateContext Context => _context;

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer.Dispose();
        _certificate.Dispose();
    }

    // Built once: building it anew for each handshake would cost more than the handshake.
    private static SslStreamCertificateContext ContextOf(X509Certificate2 certificate) =>
        SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);

    private void RenewIfDue()
    {
        if (IsFresh(_certificate))
            return;
        _certificate = Issue(); // the old one is still in use by open connections: the collector takes it
        _context = ContextOf(_certificate);
    }

    private X509Certificate2 Issue()
    {
        using var issued = _authority.IssueServer(_hosts);
        _folder.WriteServerCertificate(issued);
        LogIssued(issued.NotAfter.ToUniversalTime(), string.Join(", ", _hosts));

        // By way of PKCS#12: some platforms' TLS does not take keys that live in memory only.
        return X509CertificateLoader.LoadPkcs12(issued.Export(X509ContentType.Pkcs12), null);
    }

    private bool IsFresh(X509Certificate2 certificate)
    {
        var left = certificate.NotAfter.ToUniversalTime() - _time.GetUtcNow().UtcDateTime;
        return left >= CertificateAuthority.Validity / 3 && _hosts.All(host => certificate.MatchesHostname(host, allowWildcards: false, allowCommonName: false));
    }

    [LoggerMessage(1110, LogLevel.Information, "Made a server certificate, valid until {NotAfter}, for {Hosts}")]
    private partial void LogIssued(DateTime notAfter, string hosts);
}
