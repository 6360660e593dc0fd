using System.Text;
using FederatedClinicalMl.Cli.Simulation;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Cli.Simulation;

/// <summary>After a restart, the last release of the open training step is folded a second time, as into a sum that was taken up again.</summary>
internal sealed class FoldTwice : Mutant
{
    private int _lives;

    public override IRunJournal Journal(IRunJournal journal) => _lives++ == 0 ? journal : new Doubled(journal);

    private sealed class Doubled(IRunJournal inner) : IRunJournal
    {
        public void Append(RunId run, long after, IReadOnlyList<RunEvent> events) => inner.Append(run, after, events);

        public IReadOnlyList<RunId> List(bool openOnly) => inner.List(openOnly);

        public IReadOnlyList<JournaledEvent> Read(RunId run, long after = 0)
        {
            var events = inner.Read(run, after).ToList();
            var last = events.FindLastIndex(journaled => journaled.Event is ReleaseAccepted { Step.Kind: StepKind.Training });
            if (last >= 0 && events[last].Event is ReleaseAccepted accepted && !events.Any(journaled => journaled.Event is StepCommitted committed && committed.Step == accepted.Step))
                events[last] = events[last] with { Event = accepted with { Weight = 2 * accepted.Weight } };
            return events;
        }
    }
}

/// <summary>A gateway hears that its release is there, and the journal hears of it a little later.</summary>
internal sealed class AcknowledgeBeforeJournal : Mutant
{
    public override bool AcknowledgesBeforeJournal => true;
}

/// <summary>No file is ever synced.</summary>
internal sealed class NoFsync : Mutant
{
    public override IDisk Disk(string process, string name, IDisk disk) => new Unsynced(disk);

    private sealed class Unsynced(IDisk inner) : DiskWrapper(inner)
    {
        public override IDiskFile Open(string path, DiskMode mode) => new UnsyncedFile(base.Open(path, mode));
    }

    private sealed class UnsyncedFile(IDiskFile inner) : FileWrapper(inner)
    {
        public override void Sync()
        {
        }
    }
}

/// <summary>No directory is ever synced.</summary>
internal sealed class NoDirectoryFsync : Mutant
{
    public override IDisk Disk(string process, string name, IDisk disk) => new Unsynced(disk);

    private sealed class Unsynced(IDisk inner) : DiskWrapper(inner)
    {
        public override void SyncDirectory(string directory)
        {
        }
    }
}

/// <summary>A site lets go of its release as soon as the coordinator has it.</summary>
internal sealed class OutboxDeletedBeforeCommit : Mutant
{
    public override bool SettlesOnDelivery => true;
}

/// <summary>A release that was made for an attempt that is over counts for the next.</summary>
internal sealed class StaleAttemptAccepted : Mutant
{
    public override UploadPermit Permit(RunProcess process, SiteId site, StepId step)
    {
        var permit = process.PermitFor(site, step);
        return permit.Fault == RoundFault.AttemptStale && Present(process, step) is { } present && process.PermitFor(site, present).Rule is { } rule
            ? new UploadPermit(rule with { Step = step }, null, null)
            : permit;
    }

    public override StagedRelease Staged(RunProcess process, StagedRelease release) =>
        Present(process, release.Step) is { } present ? release with { Step = present } : release;

    private static StepId? Present(RunProcess process, StepId step) =>
        process.State?.Step is { Participants: null } open && (open.Id.Round, open.Id.Kind) == (step.Round, step.Kind) ? open.Id : null;
}

/// <summary>The journal drops participation records.</summary>
internal sealed class ParticipationRecordLost : Mutant
{
    public override IRunJournal Journal(IRunJournal journal) => new Forgetful(journal);

    private sealed class Forgetful(IRunJournal inner) : IRunJournal
    {
        public void Append(RunId run, long after, IReadOnlyList<RunEvent> events) =>
            inner.Append(run, inner.Read(run).Count, [.. events.Where(happened => happened is not RoundRecorded)]);

        public IReadOnlyList<RunId> List(bool openOnly) => inner.List(openOnly);

        public IReadOnlyList<JournaledEvent> Read(RunId run, long after = 0) => inner.Read(run, after);
    }
}

/// <summary>A worker's entry of a release reaches its log's file with the entry after it: when the release has long left.</summary>
internal sealed class ReleaseLoggedAfterItWasSent : Mutant
{
    public override IDisk Disk(string process, string name, IDisk disk) => process.EndsWith("/worker", StringComparison.Ordinal) ? new Late(disk) : disk;

    private sealed class Late(IDisk inner) : DiskWrapper(inner)
    {
        public override IDiskFile Open(string path, DiskMode mode) =>
            path == "audit.log" && mode == DiskMode.Write ? new LateFile(base.Open(path, mode)) : base.Open(path, mode);
    }

    private sealed class LateFile(IDiskFile inner) : FileWrapper(inner)
    {
        private (long Offset, byte[] Bytes)? _held;

        public override void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            if (_held is { } held)
                base.Write(held.Offset, held.Bytes);
            _held = null;
            if (Encoding.UTF8.GetString(bytes).Contains("\"kind\":\"released\"", StringComparison.Ordinal))
                _held = (offset, bytes.ToArray());
            else
                base.Write(offset, bytes);
        }
    }
}

/// <summary>Another disk, unchanged.</summary>
internal abstract class DiskWrapper(IDisk inner) : IDisk
{
    public virtual IDiskFile Open(string path, DiskMode mode) => inner.Open(path, mode);

    public bool Exists(string path) => inner.Exists(path);

    public IReadOnlyList<string> List(string directory) => inner.List(directory);

    public IReadOnlyList<string> ListDirectories(string directory) => inner.ListDirectories(directory);

    public void CreateDirectory(string directory) => inner.CreateDirectory(directory);

    public void DeleteDirectory(string directory) => inner.DeleteDirectory(directory);

    public void Rename(string from, string to) => inner.Rename(from, to);

    public void Delete(string path) => inner.Delete(path);

    public virtual void SyncDirectory(string directory) => inner.SyncDirectory(directory);
}

/// <summary>Another file, unchanged.</summary>
internal abstract class FileWrapper(IDiskFile inner) : IDiskFile
{
    public long Length => inner.Length;

    public int Read(long offset, Span<byte> buffer) => inner.Read(offset, buffer);

    public virtual void Write(long offset, ReadOnlySpan<byte> bytes) => inner.Write(offset, bytes);

    public void Truncate(long length) => inner.Truncate(length);

    public virtual void Sync() => inner.Sync();

    public void Dispose() => inner.Dispose();
}
