using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// The secret roots of randomness, one of 256 bits for each run: every mask, key, share, sample and noise of this site in the run is derived from it, so that none of
/// them is stored and all are the same after a kill. A root is durable before the log commits to it, and the log commits to it before anything is derived: so nothing
/// is ever computed from a second root.
/// </summary>
/// <param name="journal">The worker's log.</param>
/// <param name="store">Where roots lie.</param>
public sealed class RunRoots(WorkerJournal journal, RootStore store)
{
    private DateOnly Today => DateOnly.FromDateTime(journal.Now.UtcDateTime);

    /// <summary>Makes a run's root, where the log does not commit to one already.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public void Require(RunId run)
    {
        lock (journal.Gate)
        {
            if (!journal.State.Roots.ContainsKey(run))
                journal.Append(WorkerEntries.RootMade, WorkerEntries.MadeRoot(run, store.Make(run), Today.AddDays(store.KeepDays)));
        }
    }

    /// <summary>The root that the log commits to.</summary>
    /// <returns>The root, of which the caller has a copy; null where there is none, or it is not there any more: <see cref="WhyGone"/>.</returns>
    public byte[]? Read(RunId run) => journal.State.Roots.TryGetValue(run, out var root) && !root.Erased ? store.Read(run, root.Commitment) : null; // erased from the entry on, whether or not a kill has left it there

    /// <summary>Why a root cannot be read, for the steward.</summary>
    public string WhyGone(RunId run) => journal.State.Roots.GetValueOrDefault(run) is { Erased: true } erased
        ? $"The root of the run {run} was erased after {WorkerEntries.DayText(erased.LastDay)}, its last day."
        : $"The root of the run {run} is not there, or is not the one that the log commits to; restore the worker's whole folder from one backup, or let the run end.";

    /// <summary>Erases the roots of runs whose last day is over, and what a kill has left of such erasures and of roots that nothing commits to. At the start, and once a day.</summary>
    /// <exception cref="IOException">The disk refused; the next call goes on.</exception>
    public void Erase()
    {
        lock (journal.Gate)
        {
            foreach (var (run, _) in journal.State.Roots.Where(root => !root.Value.Erased && root.Value.LastDay < Today).OrderBy(root => root.Key.Value, StringComparer.Ordinal).ToList())
                journal.Append(WorkerEntries.RootErased, WorkerEntries.ErasedRoot(run));
            store.KeepOnly(journal.State.Roots.Where(root => !root.Value.Erased).Select(root => root.Key).ToHashSet());
        }
    }
}

/// <summary>What the log has of a run's root.</summary>
/// <param name="Commitment">To the root: there is no other for this run.</param>
/// <param name="LastDay">The last day on which it is kept.</param>
/// <param name="Erased">Whether it is erased, or is to be.</param>
public sealed record RootMark(Sha256Digest Commitment, DateOnly LastDay, bool Erased);
