using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.SiteAgent.Gateway;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Simulation;

/// <summary>A promise does not hold.</summary>
internal sealed class BrokenPromiseException(string sentence) : Exception(sentence);

/// <summary>
/// One committed step: what must come out the same, whatever happened on the way. Signatures, and so releases and models, differ each time; so do keys, and
/// with them everything of a masked round before its new parameters.
/// </summary>
/// <param name="Round">The round.</param>
/// <param name="Kind">The kind.</param>
/// <param name="Result">SHA-256 of the constants, parameters or metrics.</param>
/// <param name="Participants">Each participant with its weight.</param>
internal sealed record CommittedStep(RoundNumber Round, StepKind Kind, Sha256Digest Result, string Participants)
{
    /// <summary>The committed steps of a run, in order.</summary>
    public static IReadOnlyList<CommittedStep> Of(Study study, RunState state) =>
    [
        .. Committed(study, state).Select(step => new CommittedStep(
            step.Id.Round, step.Id.Kind, step.Result!.Value,
            string.Join(' ', Summed(state, step).Participants.Select(site => $"{site}:{((AcceptedAnswer)Summed(state, step).Sites[site]).Weight}")))),
    ];

    /// <summary>How many of a run's first committed steps must come out as in any other run. Under differential privacy another attempt has other noise, and what follows from it is other.</summary>
    public static int Repeatable(Study study, RunState state) =>
        study.Privacy is null ? int.MaxValue : Committed(study, state).TakeWhile(step => step.Id.Attempt == 1).Count();

    private static IEnumerable<EndedStep> Committed(Study study, RunState state) => state.History.Where(step => step.Result is not null && !study.LeadsToSum(step.Id.Kind));

    // Whose updates a round's parameters are made of; who unmasks or decrypts them decides nothing.
    private static EndedStep Summed(RunState state, EndedStep step) => step.Id.Kind is StepKind.Unmasking or StepKind.Decryption
        ? state.History.Single(ended => ended.Id == step.Id with { Kind = StepKind.Training })
        : step;
}

/// <summary>Watches a federation from outside and holds it to its promises, at every step and at the end.</summary>
internal sealed class Promises
{
    private readonly SimulatedFederation _federation;
    private readonly List<string> _journal = []; // every event that was ever announced
    private readonly HashSet<(SiteId Site, StepId Step, Sha256Digest Release)> _accepted = [];
    private readonly HashSet<(RoundNumber Round, StepKind Kind, int Attempt)> _committed = [];
    private readonly HashSet<StepId> _over = [];
    private readonly Dictionary<(SiteId Site, StepId Step), Sha256Digest> _sent = [];
    private readonly HashSet<SiteId> _withdrawn = []; // at the site, perhaps
    private readonly HashSet<SiteId> _left = []; // in the run's journal

    public Promises(SimulatedFederation federation)
    {
        _federation = federation;
        federation.Coordinator.Journaled += Journaled;
        federation.Coordinator.Acknowledged += Acknowledged;
        foreach (var site in federation.Sites)
        {
            federation.Gateways[site].Sending += ticket => Sending(site, ticket);
            federation.Gateways[site].WorkerCalled += () => WorkerCalled(site);
        }
    }

    /// <summary>Raised for every new event of the run.</summary>
    public event Action<RunEvent>? Happened;

    /// <summary>A steward withdraws the approval; from here on the site's releases are void, and the run may lose the site.</summary>
    public void Withdrawing(SiteId site) => _withdrawn.Add(site);

    /// <summary>A process was started again: what it had promised must be there.</summary>
    public void CameBack(SimulatedProcess process)
    {
        if (!process.IsUp)
            return; // it died of starting
        if (process is SimulatedCoordinator coordinator)
            Reread(coordinator.Journal());
        else if (process is SimulatedWorker)
            Remembers(_federation.Sites.Single(site => _federation.Workers[site] == process));
    }

    /// <summary>Everything that must hold once the run is over and all is quiet.</summary>
    public void AtTheEnd(IReadOnlyList<CommittedStep> undisturbed)
    {
        var journal = _federation.Coordinator.Journal();
        Reread(journal);
        var state = RoundMachine.Replay(journal.Select(journaled => journaled.Event))!;
        var registered = state.Status == RunStatus.Registered;
        Insist(registered || (_withdrawn.Count > 0 && state.Status == RunStatus.Failed), $"the run ends with a model: it is {state.Status} {state.Failure}");
        Insist(registered || _withdrawn.SetEquals(state.Gone.Keys), $"a withdrawn approval reaches the run: {string.Join(' ', _withdrawn)} did not leave it");
        var committed = CommittedStep.Of(_federation.Coordinator.Study, state);
        var repeatable = CommittedStep.Repeatable(_federation.Coordinator.Study, state);
        foreach (var (i, (expected, found)) in undisturbed.Zip(committed).Index())
            Insist((i < repeatable ? expected : expected with { Result = found.Result }) == found, $"a disturbed run gives what an undisturbed one gives: {expected} became {found}");
        Insist(undisturbed.Count == committed.Count || !registered, "a disturbed run commits as many steps as an undisturbed one");
        Records(state, [.. journal.Select(journaled => journaled.Event).OfType<RoundRecorded>()]);
        Insist(!registered || _federation.Coordinator.Registry.Check(state.Model.GetValueOrDefault(), _federation.Coordinator.PublicKey).Differences.Count == 0, "the registered model is whole and signed");
        foreach (var site in _federation.Sites)
        {
            Remembers(site);
            Insist(_federation.Workers[site].Core.VerifyLog() is { Intact: true }, $"the audit chain of {site} is intact");
            Charged(site);
        }
    }

    private static void Insist(bool holds, string promise)
    {
        if (!holds)
            throw new BrokenPromiseException(promise);
    }

    private void Journaled(JournaledEvent journaled)
    {
        if (journaled.Sequence > _journal.Count + 1)
            Reread(_federation.Coordinator.Journal()); // journaled just before a crash, and announced by nobody
        else
            Know(journaled);
    }

    private void Reread(IReadOnlyList<JournaledEvent> journal)
    {
        Insist(journal.Count >= _journal.Count, $"what was journaled stays: {journal.Count} of {_journal.Count} events are left");
        foreach (var journaled in journal)
            Know(journaled);
    }

    private void Know(JournaledEvent journaled)
    {
        var text = System.Text.Encoding.UTF8.GetString(RunEventCodec.Write(journaled.Event));
        if (journaled.Sequence <= _journal.Count)
        {
            Insist(_journal[(int)journaled.Sequence - 1] == text, $"what was journaled stays: event {journaled.Sequence} became another, a {journaled.Event.GetType().Name}");
            return;
        }

        _journal.Add(text);
        Happened?.Invoke(journaled.Event);
        switch (journaled.Event)
        {
            case ReleaseAccepted e:
                Insist(_sent.GetValueOrDefault((e.Site, e.Step)) == e.Release, $"a release counts only for the step that it was made for: {e.Site} sent no such release for {e.Step}");
                Insist(!_left.Contains(e.Site), $"who left takes no part: {e.Site} in {e.Step}");
                Insist(_accepted.All(other => (other.Site, other.Step) != (e.Site, e.Step)), $"nobody is counted twice: {e.Site} in {e.Step}");
                _accepted.Add((e.Site, e.Step, e.Release));
                break;
            case SiteLeft e:
                Insist(_withdrawn.Contains(e.Site), $"no site leaves unless its approval is withdrawn: {e.Site}");
                _left.Add(e.Site);
                break;
            case StepClosed e:
                Insist(!e.Participants.Any(_left.Contains), $"who left takes no part: {e.Step}");
                Insist(e.Participants.Distinct().Count() == e.Participants.Length && e.Participants.All(site => _accepted.Any(a => (a.Site, a.Step) == (site, e.Step))),
                    $"{e.Step} is made of accepted releases, each once");
                break;
            case StepCommitted e:
                Insist(_committed.Add((e.Step.Round, e.Step.Kind, _federation.Coordinator.Study.LeadsToSum(e.Step.Kind) ? e.Step.Attempt : 0)), $"one commit per round: {e.Step}");
                _over.Add(e.Step);
                break;
            case StepAbandoned e:
                _over.Add(e.Step);
                break;
            case Coordinator.Rounds.ReleaseRefused e:
                throw new BrokenPromiseException($"honest sites are not refused: {e.Site} in {e.Step} ({e.Fault})");
        }
    }

    private void Acknowledged(SiteId site, StepId step, Sha256Digest release)
    {
        if (!_accepted.Contains((site, step, release)))
            Reread(_federation.Coordinator.Journal()); // journaled just before a crash or an error, and announced by nobody
        Insist(_accepted.Contains((site, step, release)), $"what is acknowledged is in the journal: {site} in {step}");
    }

    private void Sending(SiteId site, HeldTicket ticket)
    {
        Insist(_sent.TryAdd((site, ticket.Step), ticket.Digest) || _sent[(site, ticket.Step)] == ticket.Digest, $"one release leaves for one step: {site} sends a second for {ticket.Step}");
        if (_federation.Workers[site].IsUp)
            Remembers(site);
    }

    private void Remembers(SiteId site)
    {
        var core = _federation.Workers[site].Core;
        Insist(core.Broken is null, $"the audit chain of {site} is intact: {core.Broken?.Message}");
        var releases = core.State.Releases;
        foreach (var ((from, step), release) in _sent)
            Insist(from != site || (releases.TryGetValue(step, out var logged) && logged.Head.Digest == release), $"what left a site is in its log: {site} in {step}");
    }

    // Whatever was killed: a step is charged once, what left was charged, and nothing that is no release.
    private void Charged(SiteId site)
    {
        var ledger = _federation.Workers[site].Core.State.Ledger;
        Insist(ledger.Runs.Values.Sum(run => run.Released) == ledger.Charged.Count, $"a step is charged once: {site}");
        Insist(ledger.Charged.Keys.All(step => step.Kind is StepKind.Training or StepKind.Evaluation), $"nothing but training and evaluation is charged: {site}");
        if (_federation.Coordinator.Study.Privacy is not null)
            Insist(_sent.Keys.All(sent => sent.Site != site || !sent.Step.Kind.ReadsData() || ledger.Charged.ContainsKey(sent.Step)), $"what left a site was charged: {site}");
    }

    private void WorkerCalled(SiteId site)
    {
        if (!_federation.Workers[site].IsUp || _withdrawn.Contains(site))
            return; // a withdrawal voids every release at once
        var state = _federation.Workers[site].Core.State;
        var settled = state.Releases.Keys.Except(state.Waiting).ToList();
        if (_federation.Coordinator.IsUp && settled.Any(step => !_over.Contains(step)))
            Reread(_federation.Coordinator.Journal()); // journaled just before a crash or an error, and announced by nobody
        foreach (var step in settled)
            Insist(_over.Contains(step), $"a release is kept until its step is over: {site} let go of {step}");
    }

    private void Records(RunState state, IReadOnlyList<RoundRecorded> records)
    {
        foreach (var round in state.History.Select(step => step.Id.Round).Distinct())
        {
            var found = records.Where(record => record.Round == round).ToList();
            Insist(found.Count == 1, $"every round has one participation record: round {round} has {found.Count}");
            var record = System.Text.Encoding.UTF8.GetBytes(found[0].Record);
            Insist(record.AsSpan().SequenceEqual(RoundRecord.Write(state, round)), $"the record of round {round} says what happened");
            Insist(_federation.Coordinator.PublicKey.Verify(SignatureContext.RoundRecord, record, Convert.FromBase64String(found[0].Signature)), $"the record of round {round} is signed");
        }
    }
}
