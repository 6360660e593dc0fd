using System.Text.Json.Nodes;
using FederatedClinicalMl.Coordinator.Audit;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Retention;

/// <summary>What is over age.</summary>
/// <param name="Results">Results of runs that made no model.</param>
/// <param name="Bytes">Their length together.</param>
/// <param name="MonitoringEvents">So many of the oldest events of monitoring.</param>
public sealed record OverAge(IReadOnlyList<Sha256Digest> Results, long Bytes, int MonitoringEvents)
{
    /// <summary>Whether there is nothing.</summary>
    public bool IsNothing => Results.Count == 0 && MonitoringEvents == 0;
}

/// <summary>Lets go what the settings say is over age. The audit log is kept whole, always: a chain whose beginning is missing shows no longer that nothing else is. (docs/reference/retention.md)</summary>
public sealed class RetentionDesk(DataFolder folder, IRunJournal journal, ModelRegistry models, ResultStore results, MonitoringStore monitoring, TimeProvider time)
{
    /// <summary>The kind of the audit log's entry.</summary>
    public const string Entry = "retention-removed";

    /// <summary>What is over age now; nothing is changed.</summary>
    /// <exception cref="DataFolderException">The settings are not understood.</exception>
    public OverAge Look()
    {
        var (settings, now) = (RetentionSettings.Read(folder.Disk.Root), time.GetUtcNow());
        var over = ResultRetention.Over(journal, models, results, now.AddDays(-settings.KeepRunsDays));
        return new OverAge(over, over.Sum(results.LengthOf), MonitoringRetention.Over(monitoring.Events(), now.AddDays(-settings.KeepMonitoringDays)));
    }

    /// <summary>Records what is over age, with counts, and then removes it: what a kill leaves is found, and recorded, the next time.</summary>
    /// <returns>What was removed.</returns>
    /// <exception cref="DataFolderException">The settings are not understood: nothing is removed.</exception>
    /// <exception cref="IOException">The disk refused.</exception>
    public OverAge Remove(AuditTrail audit)
    {
        ArgumentNullException.ThrowIfNull(audit);
        var over = Look();
        if (over.IsNothing)
            return over;
        var settings = RetentionSettings.Read(folder.Disk.Root);
        audit.Record(Entry, null, new JsonObject
        {
            ["results"] = over.Results.Count, ["bytes"] = over.Bytes, ["monitoringEvents"] = over.MonitoringEvents, ["keepRunsDays"] = settings.KeepRunsDays, ["keepMonitoringDays"] = settings.KeepMonitoringDays,
        });
        results.Remove(over.Results);
        monitoring.RemoveOldest(over.MonitoringEvents);
        return over;
    }
}
