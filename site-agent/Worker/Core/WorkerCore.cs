using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;
using Google.Protobuf;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// Everything a worker decides, synchronously, over its disks: approvals, policy, and what leaves. Its whole state is a fold over the
/// chained log. A release becomes durable in this order: content where people can read it, entry in the log, file in <c>outgoing/</c>, ticket to the gateway; so nothing
/// can leave that the log does not have, and whatever is killed in between, the same order gets the same bytes.
/// If the log does not verify, the worker answers LOG_BROKEN to everything, for it cannot know what was allowed.
/// </summary>
public sealed class WorkerCore : IDisposable
{
    /// <summary>The log's path on the worker's disk.</summary>
    public const string LogPath = "audit.log";

    private const string StudiesDirectory = "studies";

    private readonly IDisk _disk;
    private readonly IDisk _exchange;
    private readonly WorkerIdentity _identity;
    private readonly Func<PolicyReading> _policy;
    private readonly IStepComputer _computer;
    private readonly ReleaseSpool _spool;
    private readonly MaskedRounds _masked; // used under _computing alone
    private readonly WorkerJournal _journal;
    private readonly Dictionary<StudyDigest, Study> _studies = [];

    // The journal's. Also guards what is below and the spool; never held while computing, so that a steward can revoke at any moment.
    private readonly Lock _gate;

    // One computation at a time; taken before _gate, never after it.
    private readonly Lock _computing = new();

    private (StudyDigest Study, CancellationTokenSource Cancel)? _underWay;

    private WorkerCore(
        IDisk disk, IDisk exchange, OutboxKey outbox, WorkerIdentity identity, RootStore roots, ContentStore contents, Func<PolicyReading> policy, Func<DatasetMap> datasets, IStepComputer computer, WorkerJournal journal)
    {
        (_disk, _exchange, _identity, _policy, _computer, _journal, _gate) = (disk, exchange, identity, policy, computer, journal, journal.Gate);
        _spool = new ReleaseSpool(outbox.Seal(exchange));
        Roots = new RunRoots(journal, roots);
        Contents = new ReleaseContents(journal, contents);
        Ledger = new PrivacyLedger(journal, Roots, identity, policy, datasets);
        _masked = new MaskedRounds(identity, Roots, journal, exchange, new HeadExchange(journal, Ledger, identity));
    }

    /// <summary>The log and the state that it adds up to.</summary>
    public WorkerJournal Journal => _journal;

    /// <summary>The roots of randomness.</summary>
    public RunRoots Roots { get; }

    /// <summary>What releases contained.</summary>
    public ReleaseContents Contents { get; }

    /// <summary>The privacy ledger.</summary>
    public PrivacyLedger Ledger { get; }

    /// <summary>Why nothing is done: the log's first broken entry; null while the log is sound.</summary>
    public LogBrokenException? Broken => _journal.Broken;

    /// <summary>The present state.</summary>
    public WorkerState State
    {
        get
        {
            lock (_gate)
                return Present;
        }
    }

    /// <summary>Raised after an entry was appended, with the study it concerns (null: not one study); handlers must not call back.</summary>
    public event Action<StudyDigest>? StudyChanged;

    private WorkerState Present => _journal.State;

    /// <summary>Takes up where the log ends: removes files that may not leave, finds those that still wait.</summary>
    /// <param name="disk">The worker's own folder.</param>
    /// <param name="exchange">The folder shared with the gateway.</param>
    /// <param name="outbox">Seals the releases in it.</param>
    /// <param name="identity">Who this worker is.</param>
    /// <param name="roots">What masks and noise are derived from.</param>
    /// <param name="contents">Where the contents of releases are kept.</param>
    /// <param name="policy">The site's policy, read anew for each decision.</param>
    /// <param name="datasets">The site's map of data sets, read anew for each decision.</param>
    /// <param name="computer">What computes steps.</param>
    /// <param name="time">The clock of the log.</param>
    public static WorkerCore Open(
        IDisk disk, IDisk exchange, OutboxKey outbox, WorkerIdentity identity, RootStore roots, ContentStore contents, Func<PolicyReading> policy, Func<DatasetMap> datasets, IStepComputer computer, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(disk);
        ArgumentNullException.ThrowIfNull(exchange);
        ArgumentNullException.ThrowIfNull(outbox);
        ArgumentNullException.ThrowIfNull(identity);
        disk.CreateDirectory(StudiesDirectory);
        exchange.CreateDirectory(ExchangePaths.Incoming);
        exchange.CreateDirectory(ExchangePaths.Outgoing);
        var journal = WorkerJournal.Open(disk, LogPath, identity.Key, time);
        var core = new WorkerCore(disk, exchange, outbox, identity, roots, contents, policy, datasets, computer, journal);
        if (journal.Broken is null)
            core._spool.Recover(journal.State.Unsettled());
        return core;
    }

    /// <summary>Proves that the worker holds its key.</summary>
    public IdentifyReply Identify(IdentifyRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new IdentifyReply
        {
            PublicKey = ByteString.CopyFrom(_identity.Key.PublicKey.SubjectPublicKeyInfo.Span),
            Proof = ByteString.CopyFrom(_identity.Key.Sign(SignatureContext.WorkerKey, request.Challenge.Span)),
            Protocol = 1,
            Renewals = ByteString.CopyFrom(KeyRenewals.Write(State.Renewals.To(_identity.Site, _identity.Key.PublicKey.Fingerprint))),
        };
    }

    /// <summary>Takes a study over for the steward, or repeats what is known of it.</summary>
    public StudyStatus Offer(OfferStudyRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var canonical = request.Canonical.ToByteArray();
        var digest = new StudyDigest(Sha256Digest.Of(canonical));
        lock (_gate)
        {
            if (_journal.Broken is not null)
                return Sign(digest, StudyStatus.Types.State.Pending, Reason.LogBroken);
            if (request.Withdrawn)
                return Withdraw(digest);
            if (!Present.Studies.TryGetValue(digest, out var known) || known.Withdrawn)
            {
                if (SubmitterOf(request, canonical) is not { } submitter)
                    return Sign(digest, StudyStatus.Types.State.Refused, Reason.StudySignatureWrong);
                if (StudyChecker.CheckCanonical(canonical, new LearningRule(), new EncryptionRule(checking => ModelPlan.For(checking).Layout.Dimension)).Study is not { } study)
                    return Sign(digest, StudyStatus.Types.State.Refused, Reason.StudyNotUnderstood);
                DurableFile.Write(_disk, PathOf(digest), canonical); // before the entry: what the log names must be there to be read
                Append(WorkerEntries.StudyOffered, WorkerEntries.Offered(digest, study.Name, submitter), digest);
            }
            else if (Load(digest) is null)
            {
                DurableFile.Write(_disk, PathOf(digest), canonical); // the disk changed or lost it; these are the bytes that the log names
            }

            return Status(Present.Studies[digest]);
        }
    }

    /// <summary>The status of every study, signed.</summary>
    public IReadOnlyList<StudyStatus> Statuses()
    {
        lock (_gate)
            return [.. Present.Studies.Values.OrderBy(study => study.Digest.Value).Select(Status)];
    }

    /// <summary>The signed status of one study; null where it was never offered.</summary>
    public StudyStatus? StatusOf(StudyDigest study)
    {
        lock (_gate)
            return Present.Studies.TryGetValue(study, out var known) ? Status(known) : null;
    }

    /// <summary>A study that was offered, checked; null where it was not, or its file no longer has its digest.</summary>
    public Study? StudyOf(StudyDigest digest)
    {
        lock (_gate)
            return Present.Studies.ContainsKey(digest) ? Load(digest) : null;
    }

    /// <summary>The site's policy held against a study, rule by rule.</summary>
    public ImmutableArray<PolicyFinding> Check(Study study) => Check(_policy(), study);

    /// <summary>The policy as it is now.</summary>
    public PolicyReading Policy() => _policy();

    /// <summary>Patients who opted out.</summary>
    public ExclusionList Exclusions() => new(_identity.Secret, State.Exclusions);

    /// <summary>Approves exactly this study; the log says which page the steward had to read (<see cref="StewardPage.Digest"/>).</summary>
    /// <exception cref="StewardException">It is unknown, or beyond the policy.</exception>
    public StudyRecord Approve(StudyDigest digest, string steward, string note, Sha256Digest? page = null)
    {
        lock (_gate)
        {
            var record = Known(digest);
            if (record.Decision == Decision.Approved)
                return record;
            var study = Load(digest) ?? throw new StewardException($"The file of the study {digest} no longer has its digest. It is written again when the gateway next connects: restart it.");
            if (Check(study).FirstOrDefault(finding => !finding.Passed) is { } beyond)
                throw new StewardException($"The study is beyond this site's policy ({beyond.Rule}): {beyond.Sentence} Change policy.yaml if that is meant, then approve.");
            Append(WorkerEntries.StudyApproved, WorkerEntries.Approved(digest, steward, note, page), digest);
            return Present.Studies[digest];
        }
    }

    /// <summary>Refuses a study that has not been approved.</summary>
    /// <exception cref="StewardException">It is unknown, or approved.</exception>
    public StudyRecord Refuse(StudyDigest digest, string steward, string note)
    {
        lock (_gate)
        {
            var record = Known(digest);
            if (record.Decision == Decision.Approved)
                throw new StewardException("The study is approved; withdraw the approval with 'site-worker studies revoke'.");
            if (record.Decision != Decision.Refused)
                Append(WorkerEntries.StudyRefused, WorkerEntries.Decided(digest, steward, note), digest);
            return Present.Studies[digest];
        }
    }

    /// <summary>Withdraws an approval: cancels what is being computed for it and destroys what is unsent.</summary>
    /// <returns>The study, and how many releases were destroyed.</returns>
    /// <exception cref="StewardException">It is not approved.</exception>
    public (StudyRecord Study, int Destroyed) Revoke(StudyDigest digest, string steward, string note)
    {
        lock (_gate)
        {
            if (Known(digest).Decision != Decision.Approved)
                throw new StewardException("The study is not approved, so there is no approval to withdraw; 'site-worker studies refuse' refuses it.");
            // In one order: a schedule of crashes must find the same operations at the same numbers in every process that replays it.
            var unsent = Present.Unsettled(digest).Select(release => release.Step).Where(_spool.Holds).OrderBy(step => step.ToString(), StringComparer.Ordinal).ToArray();
            Append(WorkerEntries.StudyRevoked, WorkerEntries.Revoked(digest, steward, note, unsent.Length), digest);
            if (_underWay is { } underWay && underWay.Study == digest)
                underWay.Cancel.Cancel();
            foreach (var step in unsent)
                _spool.Destroy(step);
            return (Present.Studies[digest], unsent.Length);
        }
    }

    /// <summary>Replaces the list of patients who opted out; holds for every release made from here on.</summary>
    /// <returns>How many different patients are on it.</returns>
    public int SetExclusions(IEnumerable<string> pseudonyms, string steward)
    {
        var hashes = pseudonyms.Select(pseudonym => pseudonym.Trim()).Where(pseudonym => pseudonym.Length > 0).Select(_identity.Secret.OfPseudonym).ToHashSet();
        lock (_gate)
        {
            Append(WorkerEntries.ExclusionsSet, WorkerEntries.Exclusions(steward, hashes), null);
            return hashes.Count;
        }
    }

    /// <summary>Lets exactly one profile of a study out.</summary>
    /// <exception cref="StewardException">The study is unknown.</exception>
    public void ApproveProfile(StudyDigest study, Sha256Digest profile, string steward, string note)
    {
        lock (_gate)
        {
            Known(study);
            if (!Present.Profiles.Contains((study, profile)))
                Append(WorkerEntries.ProfileApproved, WorkerEntries.ApprovedProfile(study, profile, steward, note), study);
        }
    }

    /// <summary>Takes down that a steward has compared another site's worker key.</summary>
    /// <exception cref="StewardException">Another site was confirmed with this key.</exception>
    public void ConfirmMember(SiteId site, Sha256Digest fingerprint, string steward, string note)
    {
        lock (_gate)
        {
            RequireSoundLog();
            if (Present.Members.FirstOrDefault(member => member.Key != site && member.Value.Fingerprint == fingerprint) is { Value: not null } taken)
                throw new StewardException($"That fingerprint was confirmed for '{taken.Key}', and every worker has its own key. Compare both again.");
            if (Present.Members.GetValueOrDefault(site)?.Fingerprint != fingerprint)
                Append(WorkerEntries.MemberConfirmed, WorkerEntries.ConfirmedMember(site, fingerprint, steward, note), null);
        }
    }

    /// <summary>Logs the imports of a dataset that are not in the log yet.</summary>
    /// <param name="dataset">The dataset.</param>
    /// <param name="imports">All its imports, in order.</param>
    /// <param name="steward">Who made them.</param>
    public void RecordImports(string dataset, IReadOnlyList<StoreImport> imports, string steward)
    {
        lock (_gate)
        {
            foreach (var import in imports.Where(import => !Present.Imports.Contains((dataset, import.Fingerprint))))
                Append(WorkerEntries.DataImported, WorkerEntries.Imported(dataset, import, steward), null);
        }
    }

    /// <summary>Logs decisions about flagged values that are not in the log yet: from there on they hold.</summary>
    /// <param name="dataset">The dataset.</param>
    /// <param name="batches">All batches about it, in order.</param>
    public void RecordDecisions(string dataset, IReadOnlyList<DecisionBatch> batches)
    {
        lock (_gate)
        {
            foreach (var batch in batches.Where(batch => batch.Mark.Version > Present.Decisions.GetValueOrDefault(dataset, DecisionMark.None).Version))
                Append(WorkerEntries.QualityDecided, WorkerEntries.DecidedQuality(dataset, batch), null);
        }
    }

    /// <summary>Logs that a dataset's events are to be erased: from here on nothing that is computed from them leaves.</summary>
    /// <param name="dataset">The dataset.</param>
    /// <param name="why">Closed word.</param>
    /// <param name="steward">Who ordered it.</param>
    /// <param name="note">The steward's words; stay at the site.</param>
    public void OrderErasure(string dataset, string why, string steward, string note)
    {
        lock (_gate)
        {
            if (!Present.ErasuresOf(dataset).Pending)
                Append(WorkerEntries.ErasureOrdered, WorkerEntries.OrderedErasure(dataset, why, steward, note), null);
        }
    }

    /// <summary>Logs that what was ordered is done.</summary>
    public void RecordErased(string dataset)
    {
        lock (_gate)
            Append(WorkerEntries.DataErased, WorkerEntries.Erased(dataset), null);
    }

    /// <summary>Settles releases of which the coordinator has not said its last word since long, and destroys their files.</summary>
    /// <param name="madeBefore">Those that were logged before this.</param>
    public void ExpireReleases(DateTimeOffset madeBefore)
    {
        lock (_gate)
        {
            foreach (var release in Present.Unsettled().Where(release => release.At < madeBefore).OrderBy(release => release.Step.ToString(), StringComparer.Ordinal).ToList())
            {
                Append(WorkerEntries.Settled, WorkerEntries.ReleaseSettled(release.Step, release.Head.Digest, "expired"), null);
                _spool.Destroy(release.Step);
            }
        }
    }

    /// <summary>Logs that somebody at the site is given the rows of a study.</summary>
    public void RecordMatrix(StudyDigest study, Sha256Digest fingerprint, int rows, string steward)
    {
        lock (_gate)
            Append(WorkerEntries.MatrixWritten, WorkerEntries.WroteMatrix(study, fingerprint, rows, steward), null);
    }

    /// <summary>Takes exactly one mapping of a dataset's own codes and units into use.</summary>
    /// <exception cref="StewardException">Another one of its version, or of a greater, was approved before.</exception>
    public void ApproveMapping(string dataset, SiteMapping mapping, string steward, string note)
    {
        ArgumentNullException.ThrowIfNull(mapping);
        lock (_gate)
        {
            RequireSoundLog();
            if (Present.Approves(dataset, mapping))
                return;
            if (mapping.FaultAfter(Present.Mappings.GetValueOrDefault(dataset, SiteMapping.Empty.Mark)) is { } fault)
                throw new StewardException(fault);
            Append(WorkerEntries.MappingApproved, WorkerEntries.ApprovedMapping(dataset, mapping.Mark, steward, note), null);
        }
    }

    /// <inheritdoc cref="WorkerJournal.Lines"/>
    public IReadOnlyList<string> Log(long fromSequence) => _journal.Lines(fromSequence);

    /// <inheritdoc cref="WorkerJournal.RequireSound"/>
    public void RequireSoundLog() => _journal.RequireSound();

    /// <inheritdoc cref="WorkerJournal.Verify"/>
    public LogVerification VerifyLog() => _journal.Verify();

    /// <summary>All releases that wait in the outgoing directory.</summary>
    public IReadOnlyList<ReleaseTicket> Held()
    {
        lock (_gate)
            return _journal.Broken is not null ? [] : [.. Present.Unsettled().Where(release => _spool.Holds(release.Step)).OrderBy(release => release.Step.ToString(), StringComparer.Ordinal).Select(TicketOf)];
    }

    /// <summary>The coordinator's last word on a release: recorded, and its file removed. Unknown digests are not ours to settle, and are let pass.</summary>
    public void Settle(SettleRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        lock (_gate)
        {
            RequireSoundLog();
            // Also among the files: one whose removal failed when it was settled is removed when that is said again.
            var release = Present.Waiting.Union(_spool.Steps).Select(step => Present.Releases[step])
                .FirstOrDefault(release => release.Head.Digest.Span.SequenceEqual(request.ReleaseDigest.Span));
            if (release is null)
                return;
            if (Present.Waiting.Contains(release.Step))
                Append(WorkerEntries.Settled, WorkerEntries.ReleaseSettled(release.Step, release.Head.Digest, request.Outcome.ToString().ToLowerInvariant()), null);
            FaultPoint.Reached("worker-settled");
            _spool.Remove(release.Step);
        }
    }

    /// <summary>Computes one step's release, or finds the one that is there already.</summary>
    /// <param name="order">The order.</param>
    /// <param name="declined">Hears the sentence behind a decline; it stays at the site.</param>
    /// <param name="ignored">Hears what of the other members' words was ignored, and why; it stays at the site.</param>
    public StepResult Perform(StepOrder order, Action<StepDeclinedException>? declined = null, Action<string>? ignored = null)
    {
        ArgumentNullException.ThrowIfNull(order);
        lock (_computing)
        {
            try
            {
                return new StepResult { Ticket = Release(order, ignored) };
            }
            catch (StepDeclinedException decline)
            {
                DeclinedStep.Record(_journal, order, _identity.Site, decline);
                declined?.Invoke(decline);
                return new StepResult { Declined = decline.Reason };
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _journal.Dispose();

    private ReleaseTicket Release(StepOrder order, Action<string>? ignored)
    {
        var work = WorkOrder.Read(order, _identity.Site);
        Hear(order.Ledger.Span);
        StepRequest request;
        CancellationTokenSource cancel;
        ReleaseRecord? before;
        int erasures;
        bool isMasked;
        lock (_gate)
        {
            if (_journal.Broken is not null)
                throw new StepDeclinedException(Reason.LogBroken, Broken!.Message);
            if (Present.Studies.TryGetValue(work.Study, out var record) && record.Decision == Decision.Approved && Load(work.Study) is { } named)
                _masked.Learn(named, work); // before the study's keys are held against those that a steward has confirmed
            var (study, policy) = Permit(work);
            before = StepOrderRule.Check(Present, study, work);
            erasures = Present.ErasuresOf(study.Data.Dataset).Times;
            if (before is not null && _spool.Holds(work.Step))
                return TicketOf(before);
            if (study.Privacy is not null && PrivateStudy.Of(study) is var mechanisms && mechanisms.Makes(work.Step)) // for a step that will be declined nothing is held free
                Ledger.Reserve(mechanisms.Plan(work.Step.Run));
            isMasked = study.Federation.IsMasked && work.Step.Kind.Part() == StepKind.Training;
            if (isMasked && work.Step.Kind is not (StepKind.KeyAgreement or StepKind.Decryption) && Answered(work, Decided(work, () => Hearing(work, study, _masked.Decide(Present, policy, study, work), ignored))) is { } answered)
                return Publish(work, answered, before);
            cancel = new CancellationTokenSource();
            _underWay = (work.Study, cancel);
            request = new StepRequest(
                study, _identity.Site, work.Step, work.Constants, work.Parameters is { } digest ? new IncomingParameters(_exchange, digest) : null,
                new ExclusionList(_identity.Secret, Present.Exclusions), policy, study.Privacy is null ? null : data => Charge(work, study, data),
                isMasked && study.SumsGradients && work.Step.Kind == StepKind.Training ? MaskedRounds.NoiseShareOf(Present, study, work) : null,
                work.Comparison is { } compared ? new OtherModel(Load(compared.Study)!, compared.Constants, new IncomingParameters(_exchange, work.File!.Value), work.Against!) : null,
                work.Monitoring is { } asked ? (asked, Present.Serving.Of(asked.Line).Allowance) : null);
        }

        try
        {
            while (true)
            {
                var opened = work.Step.Kind == StepKind.Decryption ? _masked.Open(State, request.Study, work) : null;
                var computed = opened is null ? Compute(request, cancel.Token) : opened.Computed;
                FaultPoint.Reached("worker-computed");
                using var update = isMasked && work.Step.Kind == StepKind.Training ? Mask(request.Study, work, computed) : opened;
                var digest = isMasked ? default : Sha256Digest.Of(computed.Payload.Span); // before the gate is taken: a steward need not wait for it
                using var releasing = StepSpans.Begin(WorkerSpan.Types.Name.Release);
                lock (_gate)
                {
                    if (request.Study.Data.Cohort is not null && Present.ErasuresOf(request.Study.Data.Dataset).Times != erasures)
                        throw new StepDeclinedException(Reason.DatasetMissing, $"The events of '{request.Study.Data.Dataset}' were erased while {work.Step} was computed from them.");
                    if (request.Monitoring is var (monitored, allowance) && Present.Serving.Of(monitored.Line).Allowance != allowance)
                        throw new StepDeclinedException(Reason.ApprovalRevoked, $"What a steward allows of '{monitored.Line}' was changed while {work.Step} was computed.");
                    if (ReferenceEquals(request.Exclusions.Hashes, Present.Exclusions))
                        return isMasked ? Publish(work, Answered(work, request.Study, computed, update), before) : Publish(work, new Answer(computed, digest, null), before);
                    request = request with { Exclusions = new ExclusionList(_identity.Secret, Present.Exclusions) }; // somebody opted out meanwhile
                }
            }
        }
        finally
        {
            lock (_gate)
                _underWay = null;
            cancel.Dispose();
        }
    }

    private MaskedUpdate Mask(Study study, WorkOrder work, StepComputation computed)
    {
        using var span = StepSpans.Begin(WorkerSpan.Types.Name.Protect);
        return _masked.Mask(State, study, work, computed);
    }

    private StepComputation Compute(StepRequest request, CancellationToken cancel)
    {
        try
        {
            return _computer.Compute(request, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            throw new StepDeclinedException(Reason.ApprovalRevoked, $"The approval of {request.Study.Digest} was withdrawn while {request.Step} was computed.");
        }
    }

    // Before anything is decided: this worker may be an older copy of itself.
    private void Hear(ReadOnlySpan<byte> receipt)
    {
        if (receipt.IsEmpty)
            return;
        try
        {
            Ledger.Countersigned(LedgerReceipt.Read(receipt));
        }
        catch (FormatException fault)
        {
            throw new StepDeclinedException(Reason.ParametersWrong, $"The order's receipt of this ledger cannot be read: {fault.Message}");
        }
    }

    private StepRandomness Charge(WorkOrder work, Study study, Sha256Digest data)
    {
        lock (_gate)
        {
            Permit(work); // before anything is charged: the approval may be withdrawn meanwhile
            var randomness = Ledger.Charge(new ReleaseInputs(work.Step, work.Study, work.Parameters, work.ConstantsDigest, data, PrivateStudy.Of(study).ChargesOf(work.Step)));
            FaultPoint.Reached("worker-charged");
            return randomness;
        }
    }

    // With the gate held: the computation of a masked round's step as what leaves for it.
    private Answer Answered(WorkOrder work, Study study, StepComputation computed, MaskedUpdate? update)
    {
        var (_, policy) = Permit(work); // before anything is decided: the approval may be withdrawn meanwhile
        var decision = Decided(work, () => update is not null ? _masked.Seal(Present, policy, study, work, update.Vector)
            : _masked.Decide(Present, policy, study, work, MaskedRounds.InputsOf(work, computed, _identity.Software)));
        if (update is null)
            return Answer.Of(computed with { Payload = decision.Reply!.Encode() }, decision.Entry);
        var (masked, digest) = update.Answered(decision.Reply!);
        return new Answer(masked, digest, decision.Entry);
    }

    // With the gate held, and before the decision is logged: a worker that is killed in between hears the same again.
    private SiteDecision Hearing(WorkOrder work, Study study, SiteDecision decision, Action<string>? ignored)
    {
        _masked.HearHeads(Present, study, work, decision, ignored);
        return decision;
    }

    // With the gate held. A message leaves with its release, whose entry has it: asked again, it is the one in the log. What was only taken, others' shares or a key, is logged here.
    private Answer? Answered(WorkOrder work, SiteDecision decision)
    {
        if (decision.Reply is { } message)
            return Answer.Of(new StepComputation(message.Encode(), ReleaseManifest.MessageEncoding, 0, 0, 0, null, "managed", 0), decision.Entry);
        return Decided(work, () =>
        {
            if (decision.Entry is { } taken)
                Append(WorkerEntries.Masked, WorkerEntries.AnsweredMasked(work.Step, taken), null);
            FaultPoint.Reached("worker-masked-logged");
            return (Answer?)null;
        });
    }

    private static T Decided<T>(WorkOrder work, Func<T> decide)
    {
        try
        {
            return decide();
        }
        catch (IOException error)
        {
            throw new StepDeclinedException(Reason.StorageFull, $"What {work.Step} is answered with could not be written: {error.Message}");
        }
    }

    // With the gate held. Approval and policy are asked again: both may have changed while the step was computed.
    private ReleaseTicket Publish(WorkOrder work, Answer answer, ReleaseRecord? before)
    {
        var (computed, digest, entry) = answer;
        var (study, policy) = Permit(work);
        // Whoever computes: under differential privacy nothing leaves that was not charged.
        if (study.Privacy is not null && work.Step.Kind.ReadsData() && !Present.Ledger.Charged.ContainsKey(work.Step))
            throw new InvalidOperationException($"{work.Step} is under differential privacy, and was computed without a charge: it is not released.");
        if (work.Step.Kind == StepKind.Profile && before is null && Present.ProfileFault(work.Study, digest, policy.Profile) is { } fault)
            throw new StepDeclinedException(policy.Profile == ProfileRule.Withhold ? Reason.ReleaseBeyondPolicy : Reason.ProfileAwaitsSteward, fault);
        var manifest = new ReleaseManifest(
            _identity.Site, work.Step, work.Study, work.Parameters, work.ConstantsDigest, computed.Payload.Length, digest,
            computed.Encoding, computed.Dimension, computed.Weight, computed.Saturated, _identity.Software, computed.Capability, computed.MinimumCell, computed.Data,
            // Made once: the ledger goes on, and a signature is another one each time.
            before is not null ? before.Head.Manifest.Ledger : study.Privacy is null || !work.Step.Kind.ReadsData() ? null : Ledger.Head());
        try
        {
            Contents.Keep(manifest, computed.Payload.Span); // before the entry: nothing can leave whose content cannot be shown
            var waited = Present.Waiting;
            var release = before is null ? Record(manifest, entry) : Again(before, manifest);
            FaultPoint.Reached("worker-release-logged");
            _spool.Write(release, computed.Payload.Span, isInLog: computed.Encoding == ReleaseManifest.MessageEncoding);
            foreach (var settled in waited.Except(Present.Waiting))
                _spool.Remove(settled); // the one before it in the attempt
            FaultPoint.Reached("worker-release-spooled");
            return TicketOf(release);
        }
        catch (IOException error)
        {
            // What was logged stays logged; the same order later finds the entry and makes the same file.
            throw new StepDeclinedException(Reason.StorageFull, $"{work.Step} could not be written: {error.Message}");
        }
    }

    private ReleaseRecord Record(ReleaseManifest manifest, SiteEntry? answer)
    {
        Append(WorkerEntries.Released, WorkerEntries.ReleaseMade(ReleaseHead.Sign(manifest, _identity.Key), answer), null);
        return Present.Releases[manifest.Step];
    }

    private static ReleaseRecord Again(ReleaseRecord before, ReleaseManifest manifest)
    {
        if (before.Head.Manifest != manifest)
        {
            throw new StepDeclinedException(Reason.TrainingFailed,
                $"{before.Step} was released before, its file is gone, and computing it again gave something else: the data, the exclusions, the policy, the software or the machine has changed since. The step's next attempt will be computed anew.");
        }

        return before;
    }

    private (Study Study, SitePolicy Policy) Permit(WorkOrder work)
    {
        var (study, policy) = Approved(work.Study);
        if (work.Comparison is { } comparison && Approved(comparison.Study).Study is var other && Comparability.WhyNot(study, other) is { } reason)
            throw new StepDeclinedException(study.Privacy is not null || other.Privacy is not null ? Reason.ReleaseBeyondPolicy : Reason.DataUnfit, reason);
        if (Present.BeginsRound(work.Step) && Present.RoundsOf(work.Study) >= policy.MaximumRounds)
        {
            throw new StepDeclinedException(Reason.ReleaseBeyondPolicy,
                $"{Present.RoundsOf(work.Study)} rounds of the study {work.Study} were answered here, over all its runs; at most {policy.MaximumRounds} are allowed (maximum-rounds).");
        }

        return (study, policy);
    }

    private (Study Study, SitePolicy Policy) Approved(StudyDigest digest)
    {
        if (!Present.Studies.TryGetValue(digest, out var record) || record.Withdrawn || record.Decision == Decision.Pending)
            throw new StepDeclinedException(Reason.StudyNotApproved, $"The study {digest} is not approved at this site.");
        if (record.Decision != Decision.Approved)
        {
            throw new StepDeclinedException(
                record.Decision == Decision.Refused ? Reason.StudyRefusedBySteward : Reason.ApprovalRevoked,
                $"The study {digest} was {record.Decision.ToString().ToLowerInvariant()} by {record.DecidedBy}.");
        }

        var study = Load(digest)
            ?? throw new StepDeclinedException(Reason.StudyDigestWrong, $"The file of the approved study {digest} no longer has its digest.");
        var reading = _policy();
        if (Check(reading, study).FirstOrDefault(finding => !finding.Passed) is { } beyond)
            throw new StepDeclinedException(Reason.StudyBeyondPolicy, $"The study {digest} is beyond this site's policy ({beyond.Rule}): {beyond.Sentence}");
        return (study, reading.Policy!);
    }

    private ImmutableArray<PolicyFinding> Check(PolicyReading reading, Study study)
    {
        var findings = PolicyCheck.Study(reading, study);
        return reading.Policy is { } policy && MemberRule.Study(policy, study, _identity, State) is { } members ? findings.Add(members) : findings;
    }

    private StudyStatus Withdraw(StudyDigest digest)
    {
        if (!Present.Studies.TryGetValue(digest, out var known))
            return Sign(digest, StudyStatus.Types.State.Pending, Reason.StudyNotApproved);
        if (!known.Withdrawn)
            Append(WorkerEntries.StudyWithdrawn, WorkerEntries.Withdrawn(digest), digest);
        return Status(Present.Studies[digest]);
    }

    private StudyStatus Status(StudyRecord record)
    {
        var (state, reason) = record.Decision switch
        {
            Decision.Approved => (StudyStatus.Types.State.Approved, Reason.Unspecified),
            Decision.Refused => (StudyStatus.Types.State.Refused, Reason.StudyRefusedBySteward),
            Decision.Revoked => (StudyStatus.Types.State.Revoked, Reason.ApprovalRevoked),
            _ => (StudyStatus.Types.State.Pending, Reason.StudyNotApproved),
        };
        if (record.Decision is Decision.Pending or Decision.Approved)
        {
            if (Load(record.Digest) is not { } study)
                (state, reason) = (StudyStatus.Types.State.Refused, Reason.StudyDigestWrong);
            else if (Check(study).Any(finding => !finding.Passed))
                (state, reason) = (StudyStatus.Types.State.Refused, Reason.StudyBeyondPolicy);
        }

        return Sign(record.Digest, state, reason);
    }

    private StudyStatus Sign(StudyDigest study, StudyStatus.Types.State state, Reason reason)
    {
        var message = CanonicalJson.Write(new JsonObject
        {
            ["reason"] = (int)reason,
            ["site"] = _identity.Site.Value,
            ["state"] = (int)state,
            ["study"] = study.ToString(),
        });
        return new StudyStatus
        {
            StudyDigest = ByteString.CopyFrom(study.Value.Span),
            State = state,
            Reason = reason,
            Signature = ByteString.CopyFrom(_identity.Key.Sign(SignatureContext.Verdict, message)),
        };
    }

    // Who signed the study, as their certificate says; null where the certificate's key did not sign these bytes, or names nobody in so many
    // characters as the log takes. That the certificate is the consortium's is for the coordinator to check: here a steward decides, who reads
    // the name.
    private static string? SubmitterOf(OfferStudyRequest request, byte[] canonical)
    {
        try
        {
            using var certificate = X509CertificateLoader.LoadCertificate(request.Certificate.Span);
            using var key = certificate.GetECDsaPublicKey();
            if (key is null || !new VerifyingKey(key.ExportSubjectPublicKeyInfo()).Verify(SignatureContext.Study, canonical, request.Signature.Span))
                return null;
            var name = certificate.GetNameInfo(X509NameType.UrlName, forIssuer: false) is { Length: > 0 } url ? url : certificate.Subject;
            return name.Length <= WorkerEntries.MaximumSubmitterLength ? name : null;
        }
        catch (CryptographicException)
        {
            return null; // not a certificate: nobody signed
        }
    }

    private Study? Load(StudyDigest digest)
    {
        if (_studies.TryGetValue(digest, out var study))
            return study;
        if (!_disk.Exists(PathOf(digest)))
            return null;
        var canonical = DurableFile.Read(_disk, PathOf(digest));
        if (Sha256Digest.Of(canonical) != digest.Value || StudyChecker.CheckCanonical(canonical).Study is not { } read)
            return null;
        return _studies[digest] = read;
    }

    private StudyRecord Known(StudyDigest digest)
    {
        RequireSoundLog();
        return Present.Studies.GetValueOrDefault(digest) ?? throw new StewardException($"No study with the digest {digest} was offered to this site; 'site-worker studies list' shows those that were.");
    }

    private void Append(string kind, JsonObject body, StudyDigest? study)
    {
        _journal.Append(kind, body);
        if (study is { } changed)
            StudyChanged?.Invoke(changed);
    }

    private static ReleaseTicket TicketOf(ReleaseRecord release) => new()
    {
        Run = release.Step.Run.Value,
        Round = (uint)release.Step.Round.Value,
        Kind = (StepOrder.Types.Kind)release.Step.Kind,
        Attempt = (uint)release.Step.Attempt,
        ReleaseDigest = ByteString.CopyFrom(release.Head.Digest.Span),
        File = ReleaseSpool.FileName(release.Step),
        Length = (ulong)release.Head.FileLength,
    };

    // What leaves for a step; of a masked round with the entry that says so.
    private sealed record Answer(StepComputation Computed, Sha256Digest Digest, SiteEntry? Entry)
    {
        public static Answer Of(StepComputation computed, SiteEntry? entry) => new(computed, Sha256Digest.Of(computed.Payload.Span), entry);
    }

    private static string PathOf(StudyDigest digest) => $"{StudiesDirectory}/{digest}.json";
}

/// <summary>Who a worker is.</summary>
/// <param name="Site">The site.</param>
/// <param name="Key">Signs releases, verdicts and the log.</param>
/// <param name="Secret">For keyed fingerprints.</param>
/// <param name="Software">Version, as releases name it.</param>
public sealed record WorkerIdentity(SiteId Site, SigningKey Key, SiteSecret Secret, string Software);

/// <summary>What a steward asked cannot be done; the message says why and how to mend it.</summary>
public sealed class StewardException(string message) : Exception(message);
