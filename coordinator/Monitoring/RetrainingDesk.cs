using FederatedClinicalMl.Coordinator.Api;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Studies;
using FederatedClinicalMl.Studies;
using Microsoft.Extensions.Logging;

namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>Proposals to train a line again: the study of its version in production, or an edited one that was submitted, run by <see cref="RunStarter"/> when a person approves. Roles were checked before.</summary>
public sealed partial class RetrainingDesk(MonitoringDesk desk, ModelLines lines, ModelRegistry models, StudyDesk studies, RunStarter starter, ILogger<RetrainingDesk> log) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1); // one approval at a time: of two of one proposal the second finds it decided
    private readonly HashSet<int> _tried = []; // of those that start by themselves: what was refused once waits for a person

    /// <summary>The study that a proposal for a line runs again: that of the version in production, or else of the greatest; null: the line has no version.</summary>
    public Study? BaseOf(string line) => lines.Of(line) is { Greatest: { } greatest } known && models.Find(known.Versions[known.Production ?? greatest].Model) is { } entry ? models.StudyOf(entry) : null;

    /// <summary>Submitted studies that a proposal can run: all of the line's name, that of production first.</summary>
    public IReadOnlyList<(Study Study, IReadOnlyList<StudyChange> Changes)> Candidates(string line) => BaseOf(line) is not { } now ? [] :
    [
        .. studies.All.Where(submitted => submitted.Study.Name == line).OrderBy(submitted => submitted.Study.Digest != now.Digest).Select(submitted => (submitted.Study, (IReadOnlyList<StudyChange>)StudyDiff.Between(now, submitted.Study))),
    ];

    /// <summary>Proposes to train a line again.</summary>
    /// <exception cref="FaultException">REQUEST_INVALID: it has no version; MONITORING_REFUSED: a proposal for it is open.</exception>
    public void Propose(string line, string reason, Member person)
    {
        if (BaseOf(line) is null)
            throw new FaultException(Fault.RequestInvalid, "No line of that name has a version, so there is nothing to train again.");
        desk.Propose(line, reason, person);
    }

    /// <summary>Approves a proposal, which starts the run.</summary>
    /// <param name="number">The proposal.</param>
    /// <param name="study">Digest of an edited study; empty: that of production again.</param>
    /// <param name="reason">Why.</param>
    /// <param name="person">Who; null: it may start by itself.</param>
    /// <returns>The run.</returns>
    /// <exception cref="FaultException">MONITORING_REFUSED, or why the run does not start: the proposal stays open.</exception>
    public async Task<RunId> ApproveAsync(int number, string study, string reason, Member? person)
    {
        MonitoringDesk.Reason(reason);
        await _turn.WaitAsync();
        try
        {
            var proposal = MonitoringDesk.OpenProposal(desk.Book, number);
            var digest = study.Length > 0 ? study : BaseOf(proposal.Line)?.Digest.ToString() ?? "";
            if (Candidates(proposal.Line).All(candidate => candidate.Study.Digest.ToString() != digest))
                throw new FaultException(Fault.StudyUnknown, $"A study named {proposal.Line} is needed.");
            starter.RefuseUnready(digest);
            var run = RunStarter.NewRun();
            desk.Choose(number, reason, digest, run.Value, person);
            await StartAsync(desk.Book.Proposals[number], person);
            return run;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Goes on with runs that were chosen and of which it is not known that they were started: the coordinator was killed in between, or its disk refused.</summary>
    public async Task FinishAsync()
    {
        foreach (var number in desk.Book.Proposals.Values.Where(proposal => proposal.State == ProposalState.Starting).Select(proposal => proposal.Number))
        {
            await _turn.WaitAsync();
            try
            {
                if (desk.Book.Proposals[number] is { State: ProposalState.Starting } proposal) // unless whoever approved it was about to
                    await StartAsync(proposal, person: null);
            }
            catch (FaultException refused)
            {
                LogNotStarted(number, refused.Fault.Code);
            }
            finally
            {
                _turn.Release();
            }
        }
    }

    /// <summary>Starts what triggers have proposed where both the study, which the sites have approved, and the file say so; what cannot start waits for a person, as any proposal.</summary>
    public async Task StartWhatStartsByItselfAsync()
    {
        foreach (var proposal in desk.Book.Proposals.Values.Where(proposal => proposal is { State: ProposalState.Open, Trigger: not "manual" } && desk.Rules.Retraining.GetValueOrDefault(proposal.Line) is { AutoStart: true }
            && BaseOf(proposal.Line) is { MayStartByItself: true }))
        {
            if (!_tried.Add(proposal.Number))
                continue;
            try
            {
                await ApproveAsync(proposal.Number, "", $"Its study and {RulesFile.File} let it start by itself", person: null);
            }
            catch (FaultException refused)
            {
                LogNotStarted(proposal.Number, refused.Fault.Code);
            }
        }
    }

    // Its turn is held. The id was kept before: a second try finds the run of the first.
    private async Task StartAsync(Proposal proposal, Member? person)
    {
        try
        {
            await starter.StartOnceAsync(RunId.Parse(proposal.Run), proposal.Study, person);
        }
        catch (FaultException)
        {
            desk.Settle(proposal.Number, isStarted: false);
            throw;
        }

        desk.Settle(proposal.Number, isStarted: true);
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    [LoggerMessage(1630, LogLevel.Warning, "Proposal {Number} does not start by itself ({Code}), and waits for a person")]
    private partial void LogNotStarted(int number, string code);
}
