using System.Collections.Immutable;
using System.Runtime.InteropServices;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>One run's releases of this site while they are computed again. Not for use by several threads at once.</summary>
public sealed class SiteReplay : IDisposable
{
    private const int LongestConstants = 16 << 20;

    private readonly WorkerCore _core;
    private readonly WorkerIdentity _identity;
    private readonly IStepComputer _computer;
    private readonly ReplayFiles _files;
    private readonly MaskedRounds _masked;
    private readonly Study _study;
    private readonly RunId _run;
    private readonly Action _ended;
    private readonly Sha256Digest _initial;
    private readonly List<ReplayedRelease> _replayed = [];

    internal SiteReplay(WorkerCore core, WorkerIdentity identity, IStepComputer computer, IDisk scratch, Study study, RunId run, Action ended)
    {
        (_core, _identity, _computer, _study, _run, _ended) = (core, identity, computer, study, run, ended);
        _files = new ReplayFiles(scratch);
        _initial = Sha256Digest.Of(MemoryMarshal.AsBytes(ModelPlan.For(study).InitialParameters().AsSpan()));
        _masked = new MaskedRounds(identity, core.Roots, core.Journal, scratch, new HeadExchange(core.Journal, core.Ledger, identity));
        Releases = [.. core.State.Releases.Values.Where(release => release.Step.Run == run && release.Step.Kind.ReadsData()).OrderBy(release => release.Step.Order)];
    }

    /// <summary>What this site released in the run that was computed from its rows. Messages of secure aggregation were not; the log has them as they left.</summary>
    public ImmutableArray<ReleaseRecord> Releases { get; }

    /// <summary>What a release was computed from beside rows and root, and is not here yet; whatever earlier ones needed is removed.</summary>
    internal IReadOnlyList<WantedFile> Wanted(ReleaseRecord release)
    {
        ArgumentNullException.ThrowIfNull(release);
        var manifest = release.Head.Manifest;
        var plan = ModelPlan.For(_study);
        var wanted = new List<WantedFile>();
        if (manifest.Parameters is { } parameters)
        {
            if (parameters == _initial)
                _files.Put(parameters, MemoryMarshal.AsBytes(plan.InitialParameters().AsSpan())); // the study's own, which no result holds
            wanted.Add(new WantedFile(parameters, (long)plan.Layout.Dimension * sizeof(float)));
        }

        if (manifest.Constants is { } constants)
            wanted.Add(new WantedFile(constants, LongestConstants));
        if (IsMasked(release) && _core.State.Masked.GetValueOrDefault((_run, release.Step.Round)) is { Key: { } key } round
            && StudyTerms.PlanOf(_study, round.Terms.Members.Count, plan.Layout.Dimension) is { } encryption)
            wanted.Add(new WantedFile(key.Delivery, EncryptedExchange.LongestDelivery(encryption)));
        _files.KeepOnly(wanted);
        return [.. wanted.Where(file => !_files.Has(file.Digest))];
    }

    /// <summary>Takes a file that was wanted.</summary>
    internal GivenFile Take(WantedFile wanted) => _files.Take(wanted);

    /// <summary>Computes a release again, and notes what came of it.</summary>
    /// <param name="release">The release.</param>
    /// <param name="lacking">A file that was wanted, and nobody has; null where all are there.</param>
    /// <param name="cancel">Stops.</param>
    /// <returns>What came of it, and, for the steward alone, why it could not be computed.</returns>
    internal (ReplayOutcome Outcome, string Why) Check(ReleaseRecord release, WantedFile? lacking, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(release);
        var (outcome, why) = lacking is { } file ? (ReplayOutcome.Unchecked, $"The file {file.Digest} was not given: the model was exported without its rounds.") : Compute(release, cancel);
        _replayed.Add(new ReplayedRelease(release.Step, release.Head.Digest, outcome));
        return (outcome, why);
    }

    /// <summary>Logs what is stated, and signs it.</summary>
    /// <param name="steward">Who asked.</param>
    /// <returns>The file of a <see cref="ReplayStatement"/>.</returns>
    internal byte[] State(string steward)
    {
        var statement = ReplayStatement.Sign(_identity.Site, _run, _study.Digest, [.. _replayed], _identity.Key);
        lock (_core.Journal.Gate)
            _core.Journal.Append(WorkerEntries.ReplayStated, WorkerEntries.StatedReplay(_run, _replayed, Sha256Digest.Of(statement), steward));
        return statement;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _files.KeepOnly([]);
        _ended();
    }

    private bool IsMasked(ReleaseRecord release) => _study.Federation.IsMasked && release.Step.Kind == StepKind.Training;

    private (ReplayOutcome Outcome, string Why) Compute(ReleaseRecord release, CancellationToken cancel)
    {
        var manifest = release.Head.Manifest;
        try
        {
            var state = _core.State;
            var constants = manifest.Constants is { } digest ? _files.Read(digest, LongestConstants) : [];
            var work = new WorkOrder(release.Step, release.Study, manifest.Parameters, constants, default, state.Masked.GetValueOrDefault((_run, release.Step.Round))?.Key?.Delivery);
            var request = RequestFor(release, state, work);
            var computed = _computer.Compute(request, cancel);
            if (computed.Data != manifest.Data)
                return Unchecked("The rows are not those that it was computed from: data, exclusions, decisions or mapping have changed since.");
            var made = IsMasked(release) ? Masked(state, work, computed) : Sha256Digest.Of(computed.Payload.Span);
            if (release.Step.Kind == StepKind.SiteMetrics && made != manifest.PayloadDigest) // no manifest says whether the policy let exact areas out then
                made = Sha256Digest.Of(_computer.Compute(request with { Policy = request.Policy with { Comparisons = !request.Policy.Comparisons } }, cancel).Payload.Span);
            var left = IsMasked(release) ? state.Masked[(_run, release.Step.Round)].Input?.Payload : manifest.PayloadDigest;
            if (made == left)
                return (ReplayOutcome.Equal, "");
            return (manifest.Software, manifest.Capability) == (_identity.Software, computed.Capability) ? (ReplayOutcome.Unequal, "")
                : Unchecked($"It was computed by version {manifest.Software} with {manifest.Capability}; this is {_identity.Software} with {computed.Capability}, and it came out otherwise.");
        }
        catch (StepDeclinedException declined)
        {
            return Unchecked(declined.Message);
        }

        static (ReplayOutcome Outcome, string Why) Unchecked(string why) => (ReplayOutcome.Unchecked, why);
    }

    private Sha256Digest Masked(WorkerState state, WorkOrder work, StepComputation computed)
    {
        using var update = _masked.Mask(state, _study, work, computed);
        return update.Vector;
    }

    private StepRequest RequestFor(ReleaseRecord release, WorkerState state, WorkOrder work)
    {
        var manifest = release.Head.Manifest;
        var reading = _core.Policy();
        var policy = reading.Policy ?? throw new StepDeclinedException(Reason.StudyBeyondPolicy, ConfigurationFault.Lines("policy.yaml", reading.Faults));
        if (release.Step.Kind != StepKind.Training)
            policy = policy with { MinimumCell = manifest.MinimumCell, PerSiteMetrics = manifest.MinimumCell > 0 }; // as it was then, or what was withheld would not be now
        return new StepRequest(
            _study, _identity.Site, release.Step, work.Constants, work.Parameters is { } parameters ? _files.Parameters(parameters) : null, _core.Exclusions(), policy,
            _study.Privacy is null ? null : data => Again(work, data),
            IsMasked(release) && _study.SumsGradients ? MaskedRounds.NoiseShareOf(state, _study, work) : null);
    }

    // The randomness of exactly the inputs that were charged, and of no others: what comes of it has left already.
    private StepRandomness Again(WorkOrder work, Sha256Digest data)
    {
        var inputs = new ReleaseInputs(work.Step, work.Study, work.Parameters, work.ConstantsDigest, data, PrivateStudy.Of(_study).ChargesOf(work.Step)).Digest;
        if (!_core.State.Ledger.Charged.TryGetValue(work.Step, out var charged) || charged != inputs)
            throw new StepDeclinedException(Reason.ParametersWrong, "It was charged for other inputs: the rows, the exclusions or this software's noise have changed since.");
        return new StepRandomness(_core.Roots.Read(_run) ?? throw new StepDeclinedException(Reason.PrivacyLedgerUnresolved, _core.Roots.WhyGone(_run)), inputs);
    }
}
