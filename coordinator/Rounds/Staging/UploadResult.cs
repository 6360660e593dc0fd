using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>Where an upload stands.</summary>
/// <param name="Offset">How many bytes are staged: the next to be sent.</param>
/// <param name="Prefix">SHA-256 of them, to hold against the sender's own; meaningless once whole.</param>
/// <param name="Whole">The whole, verified and durable release; null while it is being uploaded.</param>
public readonly record struct UploadStatus(long Offset, Sha256Digest Prefix, StagedRelease? Whole);

/// <summary>A release that is whole, verified and durable.</summary>
/// <param name="Step">The step.</param>
/// <param name="Site">The site.</param>
/// <param name="Digest">SHA-256 of its signed manifest.</param>
/// <param name="Weight">How much it counts.</param>
/// <param name="Origin">What it was made from and with.</param>
public sealed record StagedRelease(StepId Step, SiteId Site, Sha256Digest Digest, int Weight, ReleaseOrigin Origin)
{
    /// <summary>The command that has it journaled.</summary>
    public ReleaseStaged At(DateTimeOffset now) => new(now, Step, Site, Digest, Weight, Origin);
}

/// <summary>What became of appended bytes.</summary>
public abstract record UploadResult
{
    private protected UploadResult()
    {
    }
}

/// <summary>Appended; more is awaited.</summary>
public sealed record UploadAppended(long Offset) : UploadResult;

/// <summary>Not appended: the next byte to be sent is another.</summary>
public sealed record UploadMisplaced(long Offset) : UploadResult;

/// <summary>Whole, verified and durable: to be journaled (<see cref="StagedRelease.At"/>), then acknowledged.</summary>
public sealed record UploadWhole(StagedRelease Release) : UploadResult;

/// <summary>Refused for good; what was staged is gone. To be journaled as <see cref="ReleaseRejected"/>.</summary>
/// <param name="Fault">Why.</param>
/// <param name="Detail">What is wrong in particular, for the coordinator's log and nobody else; null where the fault says it all.</param>
public sealed record UploadRefused(RoundFault Fault, string? Detail = null) : UploadResult;
