using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.SiteAgent.Gateway;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Gateway.Session;

/// <summary>Out of the hospital through its proxy.</summary>
public sealed class ProxyTests : IAsyncLifetime
{
    // Known to nobody but the proxy (RFC 6761, 6.4): what goes past the proxy arrives nowhere.
    private const string Outside = "coordinator.invalid";

    private RunningCoordinator _coordinator = null!;
    private Hospital _hospital = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _coordinator = await RunningCoordinator.StartAsync();
        _hospital = await Hospital.OpenAsync();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("nurse:p:ss w%rd")]
    public async Task Enrolment_session_and_download_pass_through_the_proxy(string? login)
    {
        await using var proxy = new ConnectProxy(login);
        var settings = Through(proxy, login);
        await _hospital.RedeemAsync(InvitationFrom(Outside), settings);
        var enrolment = proxy.Tunnels.Count;
        await using var gateway = await RunningGateway.StartAsync(_hospital.Options with { Proxy = settings });
        var session = proxy.Tunnels.Count;

        var order = await OrderAsync();

        var parameters = new Sha256Digest(order.ParametersDigest.Span);
        Assert.Equal(parameters, Sha256Digest.Of(await File.ReadAllBytesAsync(Path.Combine(_hospital.Options.Incoming, $"{parameters}"), Stop)));
        Assert.Distinct([0, enrolment, session, proxy.Tunnels.Count]); // each of the three went through
        Assert.All(proxy.Tunnels, target => Assert.Equal($"{Outside}:{_coordinator.Address.Port}", target));
    }

    [Theory]
    [InlineData("PROXY_LOGIN_NEEDED", "nurse:secret", null, null)]
    [InlineData("PROXY_LOGIN_WRONG", "nurse:secret", "nurse:guessed", null)]
    [InlineData("PROXY_DENIES", null, null, "403 Forbidden")]
    [InlineData("PROXY_FAILED", null, null, "502 Bad Gateway")]
    public async Task Proxy_that_lets_nobody_through_is_named_as_what_it_is(string code, string? wanted, string? given, string? refusal)
    {
        await using var proxy = new ConnectProxy(wanted, refusal);

        var fault = await Assert.ThrowsAsync<AgentException>(() => _hospital.RedeemAsync(InvitationFrom(Outside), Through(proxy, given)));

        Assert.Equal(code, fault.Code);
        Assert.Contains(proxy.Address, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("guessed", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Proxy_where_nothing_listens_is_told_from_a_coordinator_where_nothing_listens()
    {
        using var port = new ClosedPort();

        var fault = await Assert.ThrowsAsync<AgentException>(() => _hospital.RedeemAsync(InvitationFrom(Outside), ProxySettings.From($"http://{port}", null)));

        Assert.Equal("PROXY_REFUSED", fault.Code);
    }

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("example.org, 127.0.0.1:{port}", true)]
    [InlineData("*", true)]
    [InlineData("127.0.0.1:1", false)]
    [InlineData(".example.org", false)]
    [InlineData("", false)]
    public async Task Coordinator_that_the_list_of_exceptions_names_is_reached_past_the_proxy(string exceptions, bool past)
    {
        await using var proxy = new ConnectProxy();
        var port = $"{_coordinator.Address.Port}";

        await _hospital.RedeemAsync(InvitationFrom("127.0.0.1"), ProxySettings.From(proxy.Address, exceptions.Replace("{port}", port, StringComparison.Ordinal)));

        Assert.Equal(past, proxy.Tunnels.Count == 0);
    }

    public async ValueTask DisposeAsync()
    {
        await _hospital.DisposeAsync();
        await _coordinator.DisposeAsync();
    }

    private string InvitationFrom(string host) => Invitations.Change(
        _coordinator.Invite(new Member(Roles.Site, Hospital.Name)), i => i.Coordinator = $"https://{host}:{_coordinator.Address.Port}");

    /// <summary>As HTTPS_PROXY would have it.</summary>
    private static ProxySettings Through(ConnectProxy proxy, string? login) => ProxySettings.From(
        login is null ? proxy.Address : proxy.Address.Replace("://", $"://{string.Join(':', login.Split(':', 2).Select(Uri.EscapeDataString))}@", StringComparison.Ordinal), null);

    /// <summary>Starts a run; its first step needs parameters, which are there when the worker is asked to perform it.</summary>
    private async Task<Protos.WorkerPort.StepOrder> OrderAsync()
    {
        using var identity = await _coordinator.EnrolPersonAsync(Roles.Admin, "ada");
        using var admin = new Person(_coordinator, identity);
        var study = BenchmarkStudy.For(Hospital.Name);
        await admin.SubmitAsync(study);
        await admin.StartRunAsync(study.Digest);
        return await _hospital.Worker.Orders.ReadAsync(Stop);
    }
}
