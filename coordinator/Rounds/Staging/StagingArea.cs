using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>
/// Uploads on their way: <c>staging/&lt;step&gt;/&lt;site&gt;.part</c> grows by the bytes that arrive, and becomes <c>&lt;site&gt;.release</c> once it is whole
/// and every check has passed. Uploads of different sites go on side by side; memory is bounded by a block each (a payload of JSON is held
/// whole, up to its cap).
/// <para>
/// A part is not synced while it grows. After a crash its bytes may be anything; the digest of what is there tells the sender, who
/// goes on from its end or starts anew.
/// </para>
/// </summary>
public sealed class StagingArea : IDisposable
{
    private const string Part = ".part";
    private const string Release = ".release";
    private const int BlockLength = 1 << 20;

    private readonly IDisk _disk;
    private readonly string _directory;
    private readonly ConcurrentDictionary<(StepId Step, SiteId Site), Slot> _slots = new();

    /// <summary>The area in a directory of <paramref name="disk"/>.</summary>
    /// <param name="disk">The coordinator's folder.</param>
    /// <param name="ledgers">Sees the ledger head of each release before the release counts.</param>
    /// <param name="directory">The directory.</param>
    public StagingArea(IDisk disk, LedgerWitness ledgers, string directory = "staging")
    {
        ArgumentNullException.ThrowIfNull(disk);
        (_disk, Ledgers, _directory) = (disk, ledgers, directory);
        disk.CreateDirectory(directory);
    }

    /// <summary>The newest ledger heads that were seen.</summary>
    public LedgerWitness Ledgers { get; }

    /// <summary>The steps that have something staged.</summary>
    public IReadOnlyList<StepId> Steps =>
        [.. _disk.ListDirectories(_directory).Select(name => StepId.TryParse(name, out var step) ? step : (StepId?)null).OfType<StepId>()];

    /// <summary>The sites with a whole release for a step.</summary>
    public IReadOnlyList<SiteId> Released(StepId step) =>
    [
        .. _disk.List(DirectoryOf(step)).Where(name => name.EndsWith(Release, StringComparison.Ordinal))
            .Select(name => SiteId.Parse(name[..^Release.Length])),
    ];

    /// <summary>Where a site's upload stands. After a restart it is read again from the disk.</summary>
    public UploadStatus Status(UploadRule rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        var slot = SlotOf(rule.Step, rule.Site);
        lock (slot.Gate)
        {
            try
            {
                var upload = Resume(rule, slot);
                return upload.Whole is { } whole
                    ? new UploadStatus(upload.Length, default, whole)
                    : new UploadStatus(upload.Length, PrefixOf(upload), null);
            }
            catch (IOException)
            {
                slot.Forget(); // half taken up: the next call reads it from the disk
                throw;
            }
        }
    }

    /// <summary>Appends the next bytes of an upload; with its last byte it is verified and made durable.</summary>
    /// <param name="rule">What the release must be.</param>
    /// <param name="offset">Position of the first byte; 0 starts anew.</param>
    /// <param name="total">Length of the whole, the same in every call.</param>
    /// <param name="bytes">The bytes.</param>
    /// <exception cref="IOException">The disk refused, e.g. because it is full: the site may try again later.</exception>
    public UploadResult Append(UploadRule rule, long offset, long total, ReadOnlySpan<byte> bytes)
    {
        ArgumentNullException.ThrowIfNull(rule);
        var slot = SlotOf(rule.Step, rule.Site);
        lock (slot.Gate)
        {
            try
            {
                return Append(rule, slot, offset, total, bytes);
            }
            catch (IOException)
            {
                slot.Forget(); // what was written of the bytes is unknown: the next call reads it from the disk
                throw;
            }
        }
    }

    /// <summary>Opens the payload of a journaled release, held against its digest unless this process has verified it before.</summary>
    /// <returns>The payload; null where it is not there, or not what was accepted.</returns>
    public StagedPayload? Open(StepId step, SiteId site, Sha256Digest release)
    {
        var path = PathOf(step, site, Release);
        var slot = SlotOf(step, site);
        lock (slot.Gate)
        {
            if (!_disk.Exists(path))
                return null;
            return StagedPayload.Open(_disk, path, release, isVerified: slot.Upload?.Whole?.Digest == release);
        }
    }

    /// <summary>Removes what a site staged for a step.</summary>
    public void Remove(StepId step, SiteId site)
    {
        var slot = SlotOf(step, site);
        lock (slot.Gate)
            Discard(step, site, slot);
        _slots.TryRemove((step, site), out _);
    }

    /// <summary>Removes everything that was staged for a step.</summary>
    public void Remove(StepId step)
    {
        var directory = DirectoryOf(step);
        foreach (var site in _slots.Keys.Where(key => key.Step == step).Select(key => key.Site).Order().ToList())
            Remove(step, site);
        foreach (var name in _disk.List(directory))
            _disk.Delete($"{directory}/{name}");
        _disk.DeleteDirectory(directory); // not synced: what a crash brings back is removed at the next start
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var slot in _slots.Values)
        {
            lock (slot.Gate)
                slot.Forget();
        }

        _slots.Clear();
    }

    private UploadResult Append(UploadRule rule, Slot slot, long offset, long total, ReadOnlySpan<byte> bytes)
    {
        var upload = Resume(rule, slot);
        if (upload.Whole is { } whole)
            return new UploadWhole(whole);
        if (total > rule.MaximumLength)
            return Refuse(rule, slot, RoundFault.ReleaseTooLong);
        if (offset == 0 && upload.Length > 0)
            upload = StartAnew(rule, slot);
        if (offset != upload.Length)
            return new UploadMisplaced(upload.Length);
        if (total < 1 || offset + bytes.Length > total)
            return Refuse(rule, slot, RoundFault.LengthWrong);
        if (upload.Take(rule, bytes) is { } fault)
            return Reject(rule, slot, upload, fault);
        upload.File!.Write(offset, bytes);
        FaultPoint.Reached("upload-appended");
        if (upload.Length < total)
            return new UploadAppended(upload.Length);
        return upload.Finish(rule) is { } flaw ? Reject(rule, slot, upload, flaw) : Seal(rule, upload);
    }

    // Only what came to this process whole is held against the site. Bytes that lay on the disk before may be what a loss of power made of them, and
    // the sender, who asked before it, went on where he had been told to: he shall send all of it again.
    private UploadResult Reject(UploadRule rule, Slot slot, Upload upload, RoundFault fault) =>
        upload.Resumed ? new UploadMisplaced(StartAnew(rule, slot).Length) : Refuse(rule, slot, fault, upload.Detail);

    private UploadWhole Seal(UploadRule rule, Upload upload)
    {
        upload.File!.Sync();
        upload.CloseFile();
        if (upload.Head!.Manifest.Ledger is { } ledger)
            Ledgers.See(ledger, rule.WorkerKey, rule.Renewals);
        FaultPoint.Reached("upload-synced");
        _disk.Rename(PathOf(rule.Step, rule.Site, Part), PathOf(rule.Step, rule.Site, Release));
        _disk.SyncDirectory(DirectoryOf(rule.Step));
        FaultPoint.Reached("upload-durable");
        return new UploadWhole(upload.Whole = Describe(rule, upload.Head));
    }

    private static StagedRelease Describe(UploadRule rule, ReleaseHead head)
    {
        var manifest = head.Manifest;
        return new StagedRelease(rule.Step, rule.Site, head.Digest, manifest.Weight, new ReleaseOrigin(manifest.Data, manifest.Software, manifest.Capability, manifest.MinimumCell));
    }

    // Takes up what lies on the disk, if this process has not done so yet. What cannot become a release any more is dropped: it is what a
    // crash made of the bytes, or a check that has changed since, and the sender shall send it all again.
    private Upload Resume(UploadRule rule, Slot slot)
    {
        if (slot.Upload is { } known)
            return known;
        _disk.CreateDirectory(DirectoryOf(rule.Step));
        var upload = slot.Upload = new Upload();
        var release = PathOf(rule.Step, rule.Site, Release);
        if (!_disk.Exists(release))
        {
            upload.File = _disk.Open(PathOf(rule.Step, rule.Site, Part), DiskMode.Write);
            // A part that lacks nothing was cut off while it was being sealed. There is no byte left to send, so nothing would ever seal it; and a
            // sync may have failed on it, after which another would succeed without writing. Its bytes are sent, and written, again.
            upload.Resumed = upload.File.Length > 0;
            return upload.File.Length <= rule.MaximumLength && TakeAll(rule, upload, upload.File) is null && !upload.IsComplete ? upload : StartAnew(rule, slot);
        }

        using (var file = _disk.Open(release, DiskMode.Read))
        {
            if (file.Length > rule.MaximumLength || (TakeAll(rule, upload, file) ?? upload.Finish(rule)) is not null)
                return StartAnew(rule, slot);
        }

        _disk.SyncDirectory(DirectoryOf(rule.Step)); // its name may not have been durable when the process was killed
        upload.Whole = Describe(rule, upload.Head!);
        return upload;
    }

    private static RoundFault? TakeAll(UploadRule rule, Upload upload, IDiskFile file)
    {
        var block = ArrayPool<byte>.Shared.Rent(BlockLength);
        try
        {
            while (file.Read(upload.Length, block.AsSpan(0, BlockLength)) is > 0 and var read)
            {
                if (upload.Take(rule, block.AsSpan(0, read)) is { } fault)
                    return fault;
            }

            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    private static Sha256Digest PrefixOf(Upload upload)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var block = ArrayPool<byte>.Shared.Rent(BlockLength);
        try
        {
            for (long offset = 0; offset < upload.Length;)
            {
                var read = upload.File!.Read(offset, block.AsSpan(0, (int)Math.Min(BlockLength, upload.Length - offset)));
                if (read == 0)
                    throw new IOException("A staged part became shorter while it was read.");
                hash.AppendData(block, 0, read);
                offset += read;
            }

            return Sha256Digest.Of(hash);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    private UploadRefused Refuse(UploadRule rule, Slot slot, RoundFault fault, string? detail = null)
    {
        Discard(rule.Step, rule.Site, slot);
        return new UploadRefused(fault, detail);
    }

    private Upload StartAnew(UploadRule rule, Slot slot)
    {
        Discard(rule.Step, rule.Site, slot);
        return slot.Upload = new Upload { File = _disk.Open(PathOf(rule.Step, rule.Site, Part), DiskMode.Replace) };
    }

    private void Discard(StepId step, SiteId site, Slot slot)
    {
        slot.Forget();
        _disk.Delete(PathOf(step, site, Part));
        _disk.Delete(PathOf(step, site, Release));
    }

    private Slot SlotOf(StepId step, SiteId site) => _slots.GetOrAdd((step, site), _ => new Slot());

    private string DirectoryOf(StepId step) => $"{_directory}/{step}";

    private string PathOf(StepId step, SiteId site, string suffix) => $"{DirectoryOf(step)}/{site}{suffix}";

    // One site's place in one step. Two connections of one site take turns: whichever comes second finds its offset taken.
    private sealed class Slot
    {
        public Lock Gate { get; } = new(); // guards Upload and the site's files of the step

        public Upload? Upload { get; set; }

        public void Forget()
        {
            Upload?.Dispose();
            Upload = null;
        }
    }
}
