using System.Buffers;
using System.Security.Cryptography;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// The outgoing directory: releases that wait for the coordinator's last word. A file counts only if it is whole and the log has it, so
/// this is no second record of what was released.
/// </summary>
/// <param name="exchange">The folder shared with the gateway, sealed.</param>
internal sealed class ReleaseSpool(IDisk exchange)
{
    private const string Suffix = ".release";
    private const int BlockBytes = 1 << 20;

    private readonly HashSet<StepId> _whole = [];

    /// <summary>The steps whose release's file is there, whole, as far as this process knows.</summary>
    public IReadOnlySet<StepId> Steps => _whole;

    public static string FileName(StepId step) => step + Suffix;

    /// <summary>Whether the release's file is there, whole.</summary>
    public bool Holds(StepId step) => _whole.Contains(step) && exchange.Exists(PathOf(FileName(step)));

    /// <summary>After a start: keeps the files of these releases that are whole; removes every other file, for nothing may leave that the log does not have.</summary>
    public void Recover(IEnumerable<ReleaseRecord> unsettled)
    {
        var expected = unsettled.ToDictionary(release => FileName(release.Step), StringComparer.Ordinal);
        var removed = false;
        foreach (var name in exchange.List(ExchangePaths.Outgoing))
        {
            if (expected.TryGetValue(name, out var release) && IsWhole(release))
            {
                _whole.Add(release.Step);
                continue;
            }

            exchange.Delete(PathOf(name));
            removed = true;
        }

        // Also where nothing was removed: a file that was renamed just before the crash is there, but its name may not be durable yet.
        if (removed || _whole.Count > 0)
            exchange.SyncDirectory(ExchangePaths.Outgoing);
    }

    /// <summary>Writes a release's file; returns once it is durable.</summary>
    /// <param name="release">The release.</param>
    /// <param name="payload">What it holds beside its head.</param>
    /// <param name="isInLog">Whether the log holds the payload, too: then the file is made again from it after a loss of power, and need not be durable.</param>
    public void Write(ReleaseRecord release, ReadOnlySpan<byte> payload, bool isInLog)
    {
        var path = PathOf(FileName(release.Step));
        var temporary = path + DurableFile.TemporarySuffix;
        try
        {
            using (var file = exchange.Open(temporary, DiskMode.Replace))
            {
                var head = release.Head.Bytes.Span;
                file.Write(0, head);
                file.Write(head.Length, payload);
                if (!isInLog)
                    file.Sync(); // before the rename: the name must never point at less than the whole, where that is not made again
            }

            exchange.Rename(temporary, path);
            if (!isInLog)
                exchange.SyncDirectory(ExchangePaths.Outgoing);
        }
        catch (IOException)
        {
            exchange.Delete(temporary); // half a release would take what room there is until the next start
            throw;
        }

        _whole.Add(release.Step);
    }

    /// <summary>Removes the file of a release that may not leave any more, durably.</summary>
    public void Destroy(StepId step)
    {
        if (Remove(step))
            exchange.SyncDirectory(ExchangePaths.Outgoing);
    }

    /// <summary>
    /// Removes the file of a settled release. Not synced: the coordinator has had it, and if a crash brings it back, <see cref="Recover"/>
    /// removes it because the log says that it is settled.
    /// </summary>
    /// <returns>Whether it was there.</returns>
    public bool Remove(StepId step)
    {
        var path = PathOf(FileName(step));
        var isThere = exchange.Exists(path);
        if (isThere)
            exchange.Delete(path);
        _whole.Remove(step); // only now: where the file could not be deleted, it is still known to be there
        return isThere;
    }

    private bool IsWhole(ReleaseRecord release)
    {
        try
        {
            using var file = exchange.Open(PathOf(FileName(release.Step)), DiskMode.Read);
            return IsWhole(file, release.Head);
        }
        catch (SealBrokenException)
        {
            return false; // of another key, or damaged: it is made again
        }
    }

    private static bool IsWhole(IDiskFile file, ReleaseHead head)
    {
        if (file.Length != head.FileLength)
            return false;
        var buffer = ArrayPool<byte>.Shared.Rent(BlockBytes);
        try
        {
            var begin = buffer.AsSpan(0, head.Bytes.Length);
            if (file.Read(0, begin) != begin.Length || !begin.SequenceEqual(head.Bytes.Span))
                return false;
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            for (long at = begin.Length; at < file.Length;)
            {
                var read = file.Read(at, buffer.AsSpan(0, BlockBytes));
                if (read == 0)
                    return false;
                hash.AppendData(buffer.AsSpan(0, read));
                at += read;
            }

            return Sha256Digest.Of(hash) == head.Manifest.PayloadDigest;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static string PathOf(string name) => $"{ExchangePaths.Outgoing}/{name}";
}
