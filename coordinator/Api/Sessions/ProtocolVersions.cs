using FederatedClinicalMl.Protos.Federation;

namespace FederatedClinicalMl.Coordinator.Api.Sessions;

/// <summary>Versions of the session's protocol that a build speaks.</summary>
/// <param name="Oldest">The oldest: one behind the newest, so that sites need not all be updated on one day.</param>
/// <param name="Newest">The newest.</param>
public sealed record ProtocolVersions(uint Oldest, uint Newest)
{
    /// <summary>What this build speaks.</summary>
    public static readonly ProtocolVersions Ours = UpTo(1);

    /// <summary>A version and the one before. There is no version 0: the first has no predecessor.</summary>
    public static ProtocolVersions UpTo(uint newest) => new(Math.Max(1, newest - 1), newest);

    /// <summary>The version to speak with a site: the newest that both know; or the fault that says what is missing.</summary>
    public (uint Version, Fault? Fault, string? Detail) Negotiate(Hello hello)
    {
        ArgumentNullException.ThrowIfNull(hello);
        if (hello.OldestProtocol == 0 || hello.OldestProtocol > hello.NewestProtocol)
            return (0, Fault.RequestInvalid, "Hello must name the versions oldest to newest, from 1.");
        if (hello.NewestProtocol < Oldest)
            return (0, Fault.ProtocolTooOld, $"It speaks up to version {hello.NewestProtocol}; version {Oldest} is needed at least.");
        if (hello.OldestProtocol > Newest)
            return (0, Fault.ProtocolTooNew, $"It speaks version {hello.OldestProtocol} at least; the coordinator speaks up to {Newest}.");
        return (Math.Min(hello.NewestProtocol, Newest), null, null);
    }
}
