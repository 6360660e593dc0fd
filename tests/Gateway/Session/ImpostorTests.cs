using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using FederatedClinicalMl.SiteAgent.Gateway;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Gateway.Session;

/// <summary>A member has a certificate of the coordinator's own authority: it must not serve to pose as the coordinator.</summary>
public sealed class ImpostorTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Member_that_poses_as_the_coordinator_is_refused_before_anything_is_said()
    {
        await using var coordinator = await RunningCoordinator.StartAsync();
        await using var hospital = await Hospital.EnrolAsync(coordinator);
        using var another = SigningKey.Create();
        using var south = await coordinator.EnrolSiteAsync("south", another);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        hospital.Redirect(new Uri($"https://{listener.LocalEndpoint}"));
        using var north = ClientIdentity.Load(hospital.Options.IdentityDirectory);
        using var channel = CoordinatorChannel.Open(north, ProxySettings.Direct, TimeProvider.System);

        var heard = ListenAsync(listener, south.Certificate);
        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => channel.ProbeAsync(Stop));

        Assert.Equal("COORDINATOR_CERTIFICATE_WRONG", channel.Explain(failure).Code);
        Assert.Equal(0, await heard);
    }

    /// <summary>How many bytes of a request come through the impostor's TLS.</summary>
    private static async Task<int> ListenAsync(TcpListener listener, X509Certificate2 certificate)
    {
        using var client = await listener.AcceptTcpClientAsync(Stop);
        await using var tls = new SslStream(client.GetStream());
        try
        {
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, Stop);
            return await tls.ReadAsync(new byte[1], Stop);
        }
        catch (Exception refused) when (refused is AuthenticationException or IOException)
        {
            return 0;
        }
    }
}
