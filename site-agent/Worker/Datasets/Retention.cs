using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// Ends what has been kept long enough: event stores after their last day or by order of the steward, profiles for drift with their study's approval,
/// releases on which the coordinator is silent, roots of randomness, contents of releases. docs/reference/retention.md has every rule. Erasing is ordered in the log, done, and recorded
/// there; whatever is killed in between, nothing of the store is used from the order on, and the next start finishes it.
/// </summary>
/// <param name="core">For log, approvals and roots.</param>
/// <param name="events">The stores.</param>
/// <param name="drift">The profiles.</param>
/// <param name="keepReleases">How long a release waits for the coordinator's last word.</param>
/// <param name="time">The clock.</param>
/// <param name="failed">Hears why something that is over could not be ended; it is tried again.</param>
public sealed class Retention(WorkerCore core, SiteEvents events, DriftDesk drift, TimeSpan keepReleases, TimeProvider time, Action<string> failed)
{
    private static readonly TimeSpan s_day = TimeSpan.FromDays(1);

    private readonly Lock _one = new(); // taken before any of the core's and the stores'

    /// <summary>Looks once a day, until disposed.</summary>
    public IDisposable CheckDaily() => time.CreateTimer(_ => Check(), null, s_day, s_day);

    /// <summary>Ends what is over. At the start, before each step, and once a day.</summary>
    public void Check()
    {
        lock (_one)
        {
            if (core.Broken is not null)
                return;
            Try(() => core.ExpireReleases(time.GetUtcNow() - keepReleases));
            Try(core.Roots.Erase);
            Try(core.Contents.Erase);
            Try(() => drift.Forget(study => core.State.Studies.GetValueOrDefault(study)?.Decision != Decision.Approved));
            foreach (var dataset in Over())
                Try(() => core.OrderErasure(dataset, "keep-until", "", ""));
            foreach (var dataset in core.State.Erasures.Where(one => one.Value.Pending).Select(one => one.Key).Order(StringComparer.Ordinal))
                Try(() => Finish(dataset));
        }
    }

    /// <summary>Erases the events of a dataset and what was decided about them, by order of the steward.</summary>
    /// <exception cref="StewardException">There is nothing of that name, or the disk refused.</exception>
    public void Erase(string dataset, string steward, string note)
    {
        lock (_one)
        {
            core.RequireSoundLog();
            if (!Name.IsName(dataset) || (!events.WithStores.Contains(dataset) && !events.WithDecisions.Contains(dataset)))
                throw new StewardException($"There are no events of '{dataset}' here; 'site-worker data list' shows what there is.");
            core.OrderErasure(dataset, "order", steward, note);
            try
            {
                Finish(dataset);
            }
            catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
            {
                throw new StewardException($"Not all of '{dataset}' could be removed: {refused.Message} Nothing of it is used any more, and removing it is tried again before each step, each day and at each start.");
            }
        }
    }

    // A disk that refuses must keep no step from its answer: what is over is not used, removed or not.
    private void Try(Action end)
    {
        try
        {
            end();
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            failed(refused.Message);
        }
    }

    private void Finish(string dataset)
    {
        FaultPoint.Reached("erasure-ordered");
        events.Erase(dataset);
        FaultPoint.Reached("erasure-done");
        drift.Forget(study => core.StudyOf(study) is not { } known || (known.Data.Cohort is not null && known.Data.Dataset == dataset));
        core.RecordErased(dataset);
    }

    // Of which there is something to erase.
    private List<string> Over()
    {
        try
        {
            return [.. events.Mapped.Where(one => one.IsOver && (events.WithStores.Contains(one.Dataset) || events.WithDecisions.Contains(one.Dataset))).Select(one => one.Dataset)];
        }
        catch (DatasetException)
        {
            return []; // datasets.yaml has a fault: until it is mended nothing of any data set is used
        }
    }
}
