using System.Collections.Immutable;
using FederatedClinicalMl.Cli.Simulation;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Replay;

/// <summary>How one recorded step compares with the recomputed one.</summary>
/// <param name="Step">The step, as recorded.</param>
/// <param name="Recorded">SHA-256 of the recorded result.</param>
/// <param name="Replayed">SHA-256 of the recomputed result; null where there is none.</param>
/// <param name="Hints">What else differs at this step and may be the cause.</param>
internal sealed record ReplayedStep(StepId Step, Sha256Digest Recorded, Sha256Digest? Replayed, ImmutableArray<string> Hints)
{
    /// <summary>Whether both results are the same bytes.</summary>
    public bool Equal => Recorded == Replayed;
}

/// <summary>
/// Recomputes a recorded run with the simulator's federation: the recorded participants of each step and what their policies withheld, the study's initial parameters, and the
/// recorded constants, so that what differs in the preparation does not hide whether training is reproduced. The preparation is recomputed beside it.
/// </summary>
internal sealed class Replayer(RecordedRun record, ITrainer trainer)
{
    private readonly Study _study = SimulatedKeys.Name(record.Study, record.Sites); // the sites' own keys are theirs alone
    private readonly SimulatedKeys _keys = new();

    /// <summary>Recomputes every step.</summary>
    /// <param name="sites">The rows of the sites that took part.</param>
    /// <param name="each">Hears of each step as it is compared.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="CliException">The rows are not those of the record, or its noise is nobody's to draw again.</exception>
    public IReadOnlyList<ReplayedStep> Run(ImmutableSortedDictionary<SiteId, SiteRows> sites, Action<ReplayedStep> each, CancellationToken cancel)
    {
        if (record.Simulated)
            InsistOnData(sites);
        else if (_study.Privacy is not null)
            throw new CliException(ExitCode.NotVerified, "The run is under differential privacy: its noise comes from roots that never leave the sites, so that nobody else can make their releases again, whoever has the rows. Leave out --data to replay it in parts: the parameters from the sums that the coordinator kept, and with --statements each site's releases as its own worker made them again.");
        var initial = record.InitialParameters();
        var steps = new List<ReplayedStep>();
        if (record.Steps.FirstOrDefault(step => step.Id.Kind == StepKind.Preparation) is { Result: { } constants } preparation)
            Add(Compare(preparation, constants, Prepare(preparation, sites), null));

        var memory = new MemoryDisks();
        Create(memory, initial);
        var federation = new SimulatedFederation(
            _study, SimulatedKeys.Sign(_study), record.Entry.Run, new Timeline(), new Weather(), _keys,
            [.. sites.Select(site => new SimulatedSite(site.Key, new ReplayedComputer(site.Value.Computer(trainer), record.StepsOf(site.Key), record.TellsArea(site.Key))))],
            memory.Open);
        var recorded = record.Steps.Where(step => step.Id.Kind != StepKind.Preparation && !_study.LeadsToSum(step.Id.Kind)).ToDictionary(step => (step.Id.Round, step.Id.Kind));
        federation.Coordinator.Journaled += journaled =>
        {
            if (journaled.Event is StepCommitted committed && recorded.Remove((committed.Step.Round, committed.Step.Kind), out var step))
                Add(Compare(step, step.Result!.Value, committed.Result, federation.Coordinator.State!.History[^1]));
        };
        ImmutableArray<string> why = [];
        try
        {
            federation.RunToModel(initialParameters: null, cancel);
        }
        catch (CliException failed) when (failed.Code == ExitCode.RunWithoutModel && recorded.Count > 0)
        {
            why = [failed.Message];
        }

        foreach (var missing in recorded.Values.OrderBy(step => step.Id.Round).ThenBy(step => step.Id.Kind))
            Add(new ReplayedStep(missing.Id, missing.Result!.Value, null, why));
        return steps;

        void Add(ReplayedStep step)
        {
            steps.Add(step);
            each(step);
        }
    }

    /// <summary>Holds the rows' fingerprints against the record's. Only a simulation's can be: those of real sites are under keys that never leave them.</summary>
    private void InsistOnData(ImmutableSortedDictionary<SiteId, SiteRows> sites)
    {
        var others =
            from part in record.Steps.SelectMany(step => step.Participants)
            where part.Data is not null
            group part.Data!.Value by part.Site into site
            let now = sites[site.Key].Read(_study).Fingerprint
            where site.Any(recorded => recorded != now)
            orderby site.Key
            select $"{site.Key} (recorded {site.First(recorded => recorded != now).Short}, here {now.Short})";
        if (others.ToList() is { Count: > 0 } list)
        {
            throw new CliException(
                ExitCode.NotVerified,
                $"Nothing was compared: the rows that the study sees are not those of the record at {string.Join(", ", list)}. Give the files or exports that the run was made from; of exports also the same {SiteExports.MapFile} and mapping.");
        }
    }

    // The run is put into the coordinator's journal as created, with what was recorded, before its process starts.
    private void Create(MemoryDisks memory, byte[] initial)
    {
        var disk = memory.Open("coordinator");
        var results = new ResultStore(disk);
        var plan = RunPlan.For(record.Entry.Run, _study, record.Sites, results.Write(initial), initial.Length, results.Write(record.Constants), site => _keys.Worker(site).PublicKey, _ => KeyRenewals.None);
        using var journal = new DiskRunJournal(disk);
        journal.Append(record.Entry.Run, 0, [new RunCreated(DateTimeOffset.UnixEpoch, plan)]);
    }

    private Sha256Digest? Prepare(RecordedStep step, ImmutableSortedDictionary<SiteId, SiteRows> sites)
    {
        try
        {
            var reports = step.Participants.Select(part => PreparationReport.Compute(_study, sites[part.Site].Read(_study).Cohort.Training.Values).Suppress(part.MinimumCell));
            return Sha256Digest.Of(PreprocessingConstants.Freeze(_study, PreparationReport.Merge([.. reports])).Canonical.Span);
        }
        catch (InvalidDataException)
        {
            return null; // a constant that cannot be learned from these data
        }
    }

    private static ReplayedStep Compare(RecordedStep step, Sha256Digest recorded, Sha256Digest? replayed, EndedStep? ended)
    {
        var hints = ImmutableArray.CreateBuilder<string>();
        foreach (var part in step.Participants)
        {
            if (ended?.Sites.GetValueOrDefault(part.Site) is not AcceptedAnswer answer)
            {
                if (ended is not null)
                    hints.Add($"{part.Site} took part, and cannot from these data.");
                continue;
            }

            if (answer.Weight != part.Weight)
                hints.Add($"{part.Site} counted with weight {part.Weight}; from these data it is {answer.Weight}.");
        }

        return new ReplayedStep(step.Id, recorded, replayed, hints.ToImmutable());
    }
}
