using System.Collections.Immutable;
using System.Runtime.InteropServices;
using FederatedClinicalMl.Cli.Simulation;
using FederatedClinicalMl.ClinicalData;
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
    private readonly Study _study = record.Study;

    /// <summary>Recomputes every step.</summary>
    /// <param name="data">Folder with the sites' files.</param>
    /// <param name="scratch">A folder for files that have to be made.</param>
    /// <param name="each">Hears of each step as it is compared.</param>
    /// <param name="cancel">Stops.</param>
    public IReadOnlyList<ReplayedStep> Run(string data, string scratch, Action<ReplayedStep> each, CancellationToken cancel)
    {
        var needed = _study with { Federation = _study.Federation with { Sites = [.. record.Sites] } };
        var files = SiteFiles.Find(data, needed, scratch); // only of sites that took part
        var initial = Initial();
        var steps = new List<ReplayedStep>();
        if (record.Steps.FirstOrDefault(step => step.Id.Kind == StepKind.Preparation) is { Result: { } constants } preparation)
            Add(Compare(preparation, constants, Prepare(preparation, files), null));

        var memory = new MemoryDisks();
        Create(memory, initial);
        var federation = new SimulatedFederation(
            _study, SimulatedKeys.Sign(_study), record.Entry.Run, new Timeline(), new Weather(), new SimulatedKeys(),
            [.. files.Select(file => new SimulatedSite(file.Key, new ReplayedComputer(SiteFiles.Computer(file.Key, file.Value, _study, trainer), record.StepsOf(file.Key))))],
            memory.Open);
        var recorded = record.Steps.Where(step => step.Id.Kind != StepKind.Preparation).ToDictionary(step => (step.Id.Round, step.Id.Kind));
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

    /// <summary>The study's initial parameters, held against the record.</summary>
    private byte[] Initial()
    {
        var bytes = MemoryMarshal.AsBytes(ModelPlan.For(_study).InitialParameters().AsSpan()).ToArray();
        var digest = Sha256Digest.Of(bytes);
        return record.Entry.Initial == digest
            ? bytes
            : throw new CliException(ExitCode.NotVerified, $"The run cannot be replayed: it started from the parameters {record.Entry.Initial}; the study's own are {digest} with this version.");
    }

    // The run is put into the coordinator's journal as created, with what was recorded, before its process starts.
    private void Create(MemoryDisks memory, byte[] initial)
    {
        var disk = memory.Open("coordinator");
        var results = new ResultStore(disk);
        var plan = RunPlan.For(record.Entry.Run, _study, record.Sites, results.Write(initial), initial.Length, results.Write(record.Constants));
        using var journal = new DiskRunJournal(disk);
        journal.Append(record.Entry.Run, 0, [new RunCreated(DateTimeOffset.UnixEpoch, plan)]);
    }

    private Sha256Digest? Prepare(RecordedStep step, ImmutableSortedDictionary<SiteId, DatasetSource> files)
    {
        try
        {
            var reports = step.Participants.Select(part => PreparationReport.Compute(_study, SiteFiles.Read(files[part.Site], _study.Data).Training.Values).Suppress(part.MinimumCell));
            return Sha256Digest.Of(PreprocessingConstants.Freeze(_study, PreparationReport.Merge([.. reports])).Canonical.Span);
        }
        catch (InvalidDataException)
        {
            return null; // a constant that cannot be learned from these data
        }
    }

    private ReplayedStep Compare(RecordedStep step, Sha256Digest recorded, Sha256Digest? replayed, EndedStep? ended)
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
            if (record.Simulated && answer.Origin.Data != part.Data)
                hints.Add($"The data of {part.Site} are not those of the record.");
        }

        return new ReplayedStep(step.Id, recorded, replayed, hints.ToImmutable());
    }
}
