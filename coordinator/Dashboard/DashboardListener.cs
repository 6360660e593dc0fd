using System.Net;

namespace FederatedClinicalMl.Coordinator.Dashboard;

/// <summary>Where the dashboard listens.</summary>
/// <param name="Address">Address and port; port 0: any free one.</param>
/// <param name="Certificate">A PKCS#12 file without a password; null: on loopback no TLS, elsewhere the coordinator's own certificate.</param>
public sealed record DashboardListener(IPEndPoint Address, string? Certificate = null)
{
    /// <summary>Whether it speaks TLS. Nothing but a browser on the same machine may do without.</summary>
    public bool IsHttps => Certificate is not null || !IPAddress.IsLoopback(Address.Address);
}
