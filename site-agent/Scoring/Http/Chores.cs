using System.Globalization;
using FederatedClinicalMl.Learning;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>What is done from time to time: every second the shelf, stops, clients and batches are looked at, besides whenever the shelf's folder changes; every minute the reports are written, every hour what was kept long enough is deleted.</summary>
internal sealed class Chores : IDisposable
{
    private static readonly TimeSpan s_often = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_seldom = TimeSpan.FromHours(1);

    private readonly List<IDisposable> _all = [];

    public Chores(ScoringConfiguration configuration, ServingShelf shelf, ClientFile clients, PredictionDesk desk, ShadowQueue shadows, TimeProvider time, ILogger log)
    {
        // An event of the file system may be lost, so it only makes the shelf be looked at sooner.
        _all.Add(time.CreateTimer(_ => Look(), null, s_often, s_often));
        var folder = Path.Join(configuration.Serving, ServingPaths.ToScoring);
        if (Directory.Exists(folder))
        {
            var watcher = new FileSystemWatcher(folder) { NotifyFilter = NotifyFilters.FileName | NotifyFilters.LastWrite, EnableRaisingEvents = true };
            watcher.Renamed += (_, _) => shelf.Refresh();
            watcher.Changed += (_, _) => shelf.Refresh();
            watcher.Created += (_, _) => shelf.Refresh();
            _all.Add(watcher);
        }

        End();
        _all.Add(time.CreateTimer(_ => End(), null, s_seldom, s_seldom));
        _all.Add(time.CreateTimer(_ => Tell(), null, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1)));

        void Look()
        {
            shelf.Refresh();
            clients.Refresh();
            desk.TakeUpBatches((line, model) => shelf.UnitOf(line, model)?.Loaded);
        }

        void End()
        {
            foreach (var day in desk.End())
                log.PredictionsDeleted(day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), configuration.KeepPredictionsDays);
        }

        void Tell()
        {
            desk.WriteReports();
            if (shadows.TakeDropped() is > 0 and var dropped)
                log.ShadowDropped(dropped);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var item in _all)
            item.Dispose();
    }
}
