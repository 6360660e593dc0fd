using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>
/// Orleans for one process: the same grains as a cluster, but no port is opened. A silo's port takes commands from whoever can reach it, and
/// on a shared host loopback is no boundary; a single silo never calls itself over the network, so it can do without.
/// </summary>
internal static class SiloWithoutNetwork
{
    /// <summary>Adds the silo. Nothing is kept by Orleans: the run journal is the truth.</summary>
    public static ISiloBuilder UseNoNetwork(this ISiloBuilder silo)
    {
        silo.UseLocalhostClustering();
        silo.Configure<EndpointOptions>(options => options.GatewayPort = 0); // no clients but this process itself
        var listeners = silo.Services.Where(s => s.ServiceType == typeof(IConnectionListenerFactory) && s.IsKeyedService).ToArray();
        if (listeners.Length == 0)
            throw new InvalidOperationException("Orleans registers its listeners in another way than expected: it would open a port.");
        foreach (var listener in listeners)
        {
            silo.Services.Remove(listener);
            silo.Services.AddKeyedSingleton<IConnectionListenerFactory>(listener.ServiceKey, new NoListenerFactory());
        }

        return silo;
    }

    private sealed class NoListenerFactory : IConnectionListenerFactory
    {
        public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult<IConnectionListener>(new NoListener(endpoint));
    }

    private sealed class NoListener(EndPoint endpoint) : IConnectionListener
    {
        private readonly TaskCompletionSource _unbound = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public EndPoint EndPoint { get; } = endpoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            await _unbound.Task.WaitAsync(cancellationToken);
            return null; // the end of accepting
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            _unbound.TrySetResult();
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            _unbound.TrySetResult();
            return ValueTask.CompletedTask;
        }
    }
}
