using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// What releases contained, for those who answer for the site: kept of every release that is JSON, from before it is logged until its days are over, so that none
/// of them can leave whose content cannot be shown. Vectors and messages of secure aggregation are not kept: nobody reads them, and they are large.
/// </summary>
/// <param name="journal">The worker's log.</param>
/// <param name="store">Where contents lie.</param>
public sealed class ReleaseContents(WorkerJournal journal, ContentStore store)
{
    private DateOnly Today => DateOnly.FromDateTime(journal.Now.UtcDateTime);

    /// <summary>Keeps the content of what is about to be released, durably. With the journal's gate held until its entry is written: what no entry names is removed.</summary>
    /// <exception cref="IOException">The disk refused: it must not be released.</exception>
    public void Keep(ReleaseManifest manifest, ReadOnlySpan<byte> content)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        if (IsKept(manifest))
            store.Write(manifest.PayloadDigest, content);
    }

    /// <summary>A release and, where it is kept, its content, whose SHA-256 has been held against the signed manifest just now.</summary>
    /// <param name="named">Its step, or the SHA-256 of its content: of several releases with one content the newest.</param>
    /// <exception cref="StewardException">There is no such release.</exception>
    public ShownRelease Show(string named)
    {
        journal.RequireSound();
        var release = Find(named) ?? throw new StewardException($"'{named}' is neither the step of a release of this site (run.round.kind.attempt) nor the whole SHA-256 of a release's content; 'site-worker audit show' lists what was released.");
        var manifest = release.Head.Manifest;
        if (!IsKept(manifest))
            return new ShownRelease(release, null, WhyNotReadable(manifest), null);
        var (content, why) = Read(manifest.PayloadDigest, LastDayOf(release));
        return new ShownRelease(release, content, why, LastDayOf(release));
    }

    /// <summary>Removes contents whose days are over, and what a kill has left of releases that were never logged. At the start, and once a day.</summary>
    /// <exception cref="IOException">The disk refused; the next call goes on.</exception>
    public void Erase()
    {
        lock (journal.Gate)
            store.KeepOnly(journal.State.Releases.Values.Where(release => IsKept(release.Head.Manifest) && Today <= LastDayOf(release)).Select(release => release.Head.Manifest.PayloadDigest).ToHashSet());
    }

    private DateOnly LastDayOf(ReleaseRecord release) => DateOnly.FromDateTime(release.At.UtcDateTime).AddDays(store.KeepDays);

    private static bool IsKept(ReleaseManifest manifest) => manifest.Encoding == ReleaseManifest.JsonEncoding;

    private ReleaseRecord? Find(string named)
    {
        var releases = journal.State.Releases;
        if (StepId.TryParse(named, out var step))
            return releases.GetValueOrDefault(step);
        return Sha256Digest.TryParse(named, out var digest) ? releases.Values.Where(release => release.Head.Manifest.PayloadDigest == digest).MaxBy(release => release.At) : null;
    }

    private (byte[]? Content, string Why) Read(Sha256Digest digest, DateOnly lastDay)
    {
        try
        {
            if (store.Read(digest) is not { } content)
            {
                return (null, Today > lastDay
                    ? $"The content was kept through {WorkerEntries.DayText(lastDay)} (keep-contents-days in worker.yaml), and is removed."
                    : "The content is not there: it was released by a version that did not keep it, or the file was removed from contents/ in the worker's folder. A backup of that folder may have it; 'site-worker replay' computes it again, but no comparison and nothing of what models did here.");
            }

            return Sha256Digest.Of(content) is var found && found == digest ? (content, "")
                : (null, $"The content was CHANGED since it was released: what is kept has the SHA-256 {found}, and the signed manifest has another. It is not shown. Restore contents/ of the worker's folder from a backup, and ask who could write there.");
        }
        catch (IOException fault)
        {
            return (null, $"The content was changed or damaged since it was released: {fault.Message}");
        }
    }

    private static string WhyNotReadable(ReleaseManifest manifest) => manifest.Encoding switch
    {
        ReleaseManifest.MessageEncoding => "A message of secure aggregation, keys and shares of them: nothing in it is to be read. The entry of the log that released it has it.",
        ReleaseManifest.OpenedEncoding => "What this site made of an encrypted sum, for the others to open it with: nothing in it is to be read. It is not kept, and the manifest describes it.",
        _ => $"An update: a vector of {manifest.Dimension} numbers ({manifest.Encoding}), which nobody reads. It is not kept, and the manifest describes it. 'site-worker replay' computes it again and says whether it comes out the same.",
    };
}

/// <summary>A release, as those who answer for the site are shown it.</summary>
/// <param name="Release">As the log has it.</param>
/// <param name="Content">Canonical JSON, with the SHA-256 that the manifest has; null: it is not there.</param>
/// <param name="Why">Why not, and what to do; empty where it is there.</param>
/// <param name="LastDay">The last day on which it is kept; null: none is kept of such releases.</param>
public sealed record ShownRelease(ReleaseRecord Release, byte[]? Content, string Why, DateOnly? LastDay);
