using FederatedClinicalMl.SiteAgent.Gateway;
using Microsoft.Extensions.Logging.Abstractions;

namespace FederatedClinicalMl.Tests.Gateway;

/// <summary>The production gateway, without waits between its attempts.</summary>
internal sealed class RunningGateway : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly GatewayHost _host;
    private readonly Task _life;

    private RunningGateway(GatewayOptions options, TimeProvider time)
    {
        _host = new GatewayHost(options, NullLoggerFactory.Instance, time, jitter: () => 0);
        _life = _host.RunAsync(_stop.Token);
    }

    /// <summary>Starts a gateway and waits until the coordinator has let it in.</summary>
    public static async Task<RunningGateway> StartAsync(GatewayOptions options, TimeProvider? time = null)
    {
        var gateway = new RunningGateway(options, time ?? TimeProvider.System);
        if (await Task.WhenAny(gateway._host.Connected, gateway._life).WaitAsync(TestContext.Current.CancellationToken) == gateway._life)
            await gateway._life; // says why
        return gateway;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _life;
        _stop.Dispose();
    }
}
