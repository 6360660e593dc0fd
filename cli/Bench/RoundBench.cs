using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Cli.Studies;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Bench;

/// <summary>Runs one <see cref="BenchCase"/>: a federation of its own, started, measured and ended.</summary>
internal sealed class RoundBench(BenchCase measured, string folder, TimeProvider time, bool countSyncs = false)
{
    private readonly Study _study = BenchStudies.Checked(BenchStudies.Rounds(measured));
    private readonly RoundTimes _times = RoundTimes.Of(BenchStudies.Checked(BenchStudies.Rounds(measured)));
    private readonly RunView _view = new();
    private readonly long _launch = time.GetTimestamp();
    private double _firstRound;
    private int _events;
    private int _commits;
    private DateTimeOffset _committedAt;
    private int _committed;
    private Usage? _afterFirst;
    private Usage? _afterLast;

    /// <summary>Starts, measures, ends.</summary>
    public async Task<RoundFigures> RunAsync(CancellationToken cancel)
    {
        await using var federation = new LocalFederation(folder, time);
        await federation.StartAsync([.. BenchStudies.Sites(measured.Sites).Select(site => new LocalSiteSettings(site, "datasets: {}\n", BenchStudies.Policy))], cancel);
        var digest = await federation.ApproveEverywhereAsync(BenchStudies.Rounds(measured), _study, cancel);
        await using var counter = countSyncs ? await SyncCounter.StartAsync(federation, cancel) : null;
        var run = await federation.StartRunAsync(digest, cancel);
        await federation.WhileAllRunAsync(async stop =>
        {
            var events = federation.Admin.ReadAsync(admin => admin.WatchRun(new WatchRunRequest { Run = run }, cancellationToken: stop), stop);
            await foreach (var happened in events)
                Take(_view.Apply(happened), federation);
            return run;
        }, cancel);
        if (_view.State.Status != RunStatus.Registered)
            throw new CliException(ExitCode.RunWithoutModel, $"The run ended without a model: {_view.State.Failure ?? "it was cancelled"}. Logs: {federation.Logs}.");
        var syncs = counter is null ? null : await counter.EndAsync(federation, cancel);
        await federation.StopAsync();
        var plan = _view.State.Plan;
        return new RoundFigures(
            measured, Spread.Of(_times.Milliseconds), _firstRound, measured.Rounds > 1 ? Between(_afterFirst!, _afterLast!) : null, _afterLast!,
            plan.ParametersLength, UpLength, _events / (double)measured.Rounds,
            _commits / (double)measured.Rounds, syncs);
    }

    // Of an update as it leaves a site; messages of secure aggregation come on top.
    private long UpLength => StudyTerms.PlanOf(_study, measured.Sites, measured.Parameters)?.Upload.Length
        ?? (!_study.Federation.IsMasked ? UpdateFormats.For(_study.Federation.Encoding).PayloadLength(measured.Parameters)
            : (long)measured.Parameters * (StudyTerms.BudgetOf(_study, measured.Sites, MaskWord.Bits32).Fault is null ? sizeof(int) : sizeof(long)));

    private void Take(Coordinator.Rounds.RunEvent journaled, LocalFederation federation)
    {
        _events++;
        if (journaled.At != _committedAt)
            (_commits, _committedAt) = (_commits + 1, journaled.At); // what one command brings about is one commit, and has the command's time
        if (!_times.Apply(journaled))
            return;
        _committed++;
        if (_committed == 1)
        {
            _firstRound = time.GetElapsedTime(_launch).TotalSeconds;
            _afterFirst = Usage.Of(federation);
        }

        if (_committed == measured.Rounds)
            _afterLast = Usage.Of(federation);
    }

    // Peaks are since the start either way: a peak between two moments is not to be had.
    private static Usage Between(Usage first, Usage last)
    {
        return new Usage(Minus(last.Coordinator, first.Coordinator), Minus(last.Gateways, first.Gateways), Minus(last.Workers, first.Workers));

        static Used Minus(Used last, Used first) => last with { CpuSeconds = last.CpuSeconds - first.CpuSeconds };
    }
}
