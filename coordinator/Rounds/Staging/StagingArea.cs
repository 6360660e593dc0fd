using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>Where an upload stands.</summary>
/// <param name="Offset">How many bytes are staged: the next to be sent.</param>
/// <param name="Prefix">SHA-256 of them, to hold against the sender's own.</param>
/// <param name="Whole">The whole, verified and durable release; null while it is being uploaded.</param>
public readonly record struct UploadStatus(long Offset, Sha256Digest Prefix, StagedRelease? Whole);

/// <summary>A release that is whole, verified and durable.</summary>
/// <param name="Step">The step.</param>
/// <param name="Site">The site.</param>
/// <param name="Digest">SHA-256 of its signed manifest.</param>
/// <param name="Weight">How much it counts.</param>
public sealed record StagedRelease(StepId Step, SiteId Site, Sha256Digest Digest, int Weight);

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

/// <summary>Whole, verified and durable: may be journaled.</summary>
public sealed record UploadWhole(StagedRelease Release) : UploadResult;

/// <summary>Refused for good; what was staged is gone.</summary>
public sealed record UploadRefused(RoundFault Fault, string Sentence) : UploadResult;

/// <summary>
/// Uploads on their way: <c>staging/&lt;step&gt;/&lt;site&gt;.part</c> grows by verified frames, and becomes <c>&lt;site&gt;.release</c> once it is whole and
/// every check has passed. Uploads of different sites go on side by side; memory is bounded by a block each.
/// </summary>
public sealed class StagingArea : IDisposable
{
    /// <summary>The area in a directory of <paramref name="disk"/>.</summary>
    public StagingArea(IDisk disk, string directory = "staging") => throw new NotImplementedException();

    /// <summary>Where a site's upload stands. After a restart it is read again from the disk.</summary>
    public UploadStatus Status(UploadRule rule, VerifyingKey workerKey) => throw new NotImplementedException();

    /// <summary>Appends the next bytes of an upload; with its last byte it is verified and made durable.</summary>
    /// <param name="rule">What the release must be.</param>
    /// <param name="workerKey">The key that the site's worker enrolled with.</param>
    /// <param name="offset">Position of the first byte; 0 starts anew.</param>
    /// <param name="total">Length of the whole, the same in every call.</param>
    /// <param name="bytes">The bytes.</param>
    /// <exception cref="IOException">The disk refused, e.g. because it is full: the site may try again later.</exception>
    public UploadResult Append(UploadRule rule, VerifyingKey workerKey, long offset, long total, ReadOnlySpan<byte> bytes) => throw new NotImplementedException();

    /// <summary>The steps that have something staged.</summary>
    public IReadOnlyList<StepId> Steps => throw new NotImplementedException();

    /// <summary>Removes everything that was staged for a step.</summary>
    public void Remove(StepId step) => throw new NotImplementedException();

    /// <inheritdoc/>
    public void Dispose() => throw new NotImplementedException();
}
