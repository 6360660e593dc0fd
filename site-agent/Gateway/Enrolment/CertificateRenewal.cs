using System.Security.Cryptography.X509Certificates;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>When a certificate is renewed: once less than a third of its lifetime is left, so that weeks of trouble do not end a membership.</summary>
internal static class CertificateRenewal
{
    /// <summary>
    /// Least time between two renewals. To a clock that is two months ahead each new certificate is due at once, and the coordinator must not be
    /// asked for one after the other.
    /// </summary>
    public static readonly TimeSpan LeastBetween = TimeSpan.FromDays(1);

    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1); // a host's clock may be set meanwhile

    /// <summary>The moment from which a certificate is to be renewed.</summary>
    public static DateTimeOffset DueAt(X509Certificate2 certificate)
    {
        var (from, to) = (new DateTimeOffset(certificate.NotBefore), new DateTimeOffset(certificate.NotAfter));
        return to - ((to - from) / 3);
    }

    /// <summary>Waits until the certificate is due.</summary>
    public static async Task WaitUntilDueAsync(X509Certificate2 certificate, TimeProvider time, CancellationToken stop)
    {
        while (DueAt(certificate) - time.GetUtcNow() is var left && left > TimeSpan.Zero)
            await Task.Delay(left < LongestWait ? left : LongestWait, time, stop);
    }
}
