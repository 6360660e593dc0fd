using FederatedClinicalMl.Coordinator.Studies;
using FederatedClinicalMl.Studies;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>
/// <see cref="RunProcess"/> as a grain. Nothing is kept by Orleans: the journal is the truth, and an activation replays it. After any
/// failure the activation is given up, because its memory may be behind the journal; <see cref="Runs"/> wakes the next one.
/// </summary>
[KeepAlive]
public sealed partial class RunGrain(RunServices services, StudyDesk studies, RunEffects effects, ILogger<RunGrain> log) : Grain, IRunGrain
{
    private RunProcess? _process;
    private bool _givenUp;

    private RunId Run => RunId.Parse(this.GetPrimaryKeyString());

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (services.Journal.Read(Run) is [{ Event: RunCreated created }, ..])
            {
                _process = Make(created.Plan.Study);
                _process.Recover(Left(created.Plan.Study));
            }

            return Task.CompletedTask;
        }
        catch (Exception error)
        {
            // Without this the run would stand still until somebody happens to call it: its deadline is not armed.
            LogNotTakenUp(error, Run);
            effects.WakeLater(Run);
            throw;
        }
    }

    /// <inheritdoc/>
    public Task Wake() => Task.CompletedTask; // activation did it

    /// <inheritdoc/>
    public Task<Immutable<Decision>> Handle(Immutable<RunCommand> command)
    {
        InsistOnMemory();
        if (_process is null && command.Value is CreateRun create)
            _process = Make(create.Plan.Study);
        if (_process is null)
            return Task.FromResult(new Immutable<Decision>(new Refused(RoundFault.RunUnknown, RoundFaults.Sentence(RoundFault.RunUnknown))));
        try
        {
            var decision = _process.Handle(command.Value);
            if (_process.State is { Ended: true })
                DeactivateOnIdle();
            return Task.FromResult(new Immutable<Decision>(decision));
        }
        catch (Exception error)
        {
            LogGivenUp(error, Run, command.Value.GetType().Name);
            _givenUp = true;
            DeactivateOnIdle();
            effects.WakeLater(Run);
            throw;
        }
    }

    /// <inheritdoc/>
    public Task<Immutable<StepInvitation?>> OfferFor(Immutable<SiteId> site)
    {
        InsistOnMemory();
        return Task.FromResult(new Immutable<StepInvitation?>(_process?.OfferFor(site.Value)));
    }

    /// <inheritdoc/>
    public Task<Immutable<Settlement?>> SettlementFor(Immutable<HeldBySite> held)
    {
        InsistOnMemory();
        return Task.FromResult(new Immutable<Settlement?>(
            _process is null ? new Settlement(SettlementOutcome.Abandoned) : _process.SettlementFor(held.Value.Site, held.Value.Step, held.Value.Release)));
    }

    /// <inheritdoc/>
    public Task<Immutable<UploadPermit>> PermitFor(Immutable<UploadQuestion> question)
    {
        InsistOnMemory();
        return Task.FromResult(new Immutable<UploadPermit>(
            _process?.PermitFor(question.Value.Site, question.Value.Step) ?? new UploadPermit(null, null, RoundFault.RunUnknown)));
    }

    /// <inheritdoc/>
    public Task<Immutable<RunState?>> Look()
    {
        InsistOnMemory();
        return Task.FromResult(new Immutable<RunState?>(_process?.State));
    }

    // A turn that was waiting when the activation was given up must not take it for one without a run: a site that is told so destroys its release.
    private void InsistOnMemory()
    {
        if (_givenUp)
            throw new InvalidOperationException($"Run {Run} is being taken up again from the journal.");
    }

    private IEnumerable<KeyValuePair<SiteId, GoneReason>> Left(StudyDigest study) =>
        studies.Find(study)?.Withdrawn.Select(site => KeyValuePair.Create(site, GoneReason.ApprovalWithdrawn)) ?? [];

    private RunProcess Make(StudyDigest study) => new(
        Run,
        studies.Find(study)?.Study ?? throw new InvalidDataException($"Run {Run} is of the study {study}, which is not among the submitted studies."),
        services,
        effects.For(Run));

    [LoggerMessage(1310, LogLevel.Error, "Run {Run} could not handle {Command}; it is taken up again from the journal")]
    private partial void LogGivenUp(Exception error, RunId run, string command);

    [LoggerMessage(1311, LogLevel.Error, "Run {Run} could not be taken up from the journal; it is tried again")]
    private partial void LogNotTakenUp(Exception error, RunId run);
}
