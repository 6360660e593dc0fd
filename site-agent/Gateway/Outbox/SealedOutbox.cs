using FederatedClinicalMl.Durability;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>The releases that wait, as the worker laid them down: sealed files in the outgoing directory, which are read here and never written.</summary>
internal sealed class SealedOutbox(GatewayOptions options)
{
    /// <summary>Opens a release. The key is looked up each time: a worker that starts for the first time makes it.</summary>
    /// <exception cref="FileNotFoundException">It is not there.</exception>
    /// <exception cref="SealBrokenException">It was sealed under another key, or is damaged.</exception>
    /// <exception cref="KeyFileException">There is no key, or none that can be used.</exception>
    /// <exception cref="UnauthorizedAccessException">The gateway's account may not read key or release.</exception>
    public IDiskFile Open(HeldTicket ticket) =>
        OutboxKey.Open(options.ExchangeDirectory, KeyFile.Credentials).Seal(new FileDisk(options.ExchangeDirectory)).Open($"{Path.GetFileName(options.Outgoing)}/{ticket.File}", DiskMode.Read);
}
