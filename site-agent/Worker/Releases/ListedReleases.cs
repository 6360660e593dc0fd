using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>What the worker's log has of releases, read off the log alone.</summary>
internal static class ListedReleases
{
    /// <summary>Every release, in the order of the log.</summary>
    public static IEnumerable<ListedRelease> Of(IReadOnlyList<LogEntry> log)
    {
        var released = log.Where(entry => entry.Kind == WorkerEntries.Released).Select(entry => WorkerEntries.ReadHead(new JsonFields(entry.Body, entry.Kind))).ToList();
        var committed = log.Where(entry => entry.Kind == WorkerEntries.Settled && (string?)entry.Body["outcome"] == WorkerEntries.Committed).Select(entry => (string?)entry.Body["step"]).ToHashSet();
        var newest = released.GroupBy(head => WorkerState.AttemptOf(head.Manifest.Step)).ToDictionary(attempt => attempt.Key, attempt => attempt.Max(head => head.Manifest.Step.Order));
        foreach (var head in released)
        {
            var step = head.Manifest.Step;
            yield return new ListedRelease(step, head.Digest, committed.Contains(step.ToString()) || step.Order.CompareTo(newest[WorkerState.AttemptOf(step)]) < 0);
        }
    }
}
