namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>Where a gateway finds its things.</summary>
/// <param name="DataDirectory">The gateway's own folder; the identity lies in <c>identity/</c> below it.</param>
/// <param name="ExchangeDirectory">Holds <c>incoming/</c>, which the gateway writes, and <c>outgoing/</c>, which it only reads.</param>
/// <param name="WorkerSocket">The worker's socket, or on Windows its pipe <c>\\.\pipe\name</c>.</param>
/// <param name="Proxy">How to reach the coordinator.</param>
public sealed record GatewayOptions(string DataDirectory, string ExchangeDirectory, string WorkerSocket, ProxySettings Proxy)
{
    /// <summary>Folder of the identity.</summary>
    public string IdentityDirectory => Path.Combine(DataDirectory, "identity");

    /// <summary>Parameter vectors, named by digest.</summary>
    public string Incoming => Path.Combine(ExchangeDirectory, "incoming");

    /// <summary>Releases, named by step.</summary>
    public string Outgoing => Path.Combine(ExchangeDirectory, "outgoing");
}
