using System.Security.Cryptography;
using System.Text;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// The worker's part in masked and encrypted rounds: from an order to the site's next decision, from an update to its masked vector, and from an encrypted sum to what the site makes of it. What a site knows of a round is a
/// fold over the worker's log (<see cref="WorkerState.Masked"/>); the terms are made from the approved study, and of the order only the step, the
/// parameters and the members are taken. Not for use by several threads at once.
/// </summary>
internal sealed class MaskedRounds(WorkerIdentity identity, RunRoots roots, WorkerJournal journal, IDisk exchange, HeadExchange heads)
{
    // An update of which a greater share was cut off at the encoding's range is no update: nobody else would see it under the masks.
    private const int MostSaturatedPercent = 1;

    private (RunId Run, SiteMachine Machine)? _machine; // keeps the secrets of one attempt

    /// <summary>
    /// Takes down, with the journal's gate held, how the keys that an approved study names were renewed, as an order for the key agreement says and the keys have signed. Whatever else it
    /// says leads nowhere: only what begins at a named key is looked at, and what is against something known is passed over.
    /// </summary>
    /// <exception cref="StepDeclinedException">The log cannot be written.</exception>
    public void Learn(Study study, WorkOrder work)
    {
        if (work.Step.Kind != StepKind.KeyAgreement || MemberOffer.Read(work.Inputs.Span) is not { } offer)
            return;
        try
        {
            foreach (var renewal in study.Federation.Keys.Where(key => key.Key != identity.Site).SelectMany(key => offer.Renewals.From(key.Key, key.Value)))
            {
                if (journal.State.Renewals.Add(renewal) is { } renewals && renewals != journal.State.Renewals)
                    journal.Append(WorkerEntries.MemberRenewed, WorkerEntries.RenewedMember(renewal));
            }
        }
        catch (IOException error)
        {
            throw new StepDeclinedException(Reason.StorageFull, $"That a member's key was renewed could not be written: {error.Message}");
        }
    }

    /// <summary>What an order, or a vector made for it, comes to. Its entry is to be logged before its reply leaves.</summary>
    /// <param name="state">The worker's state.</param>
    /// <param name="policy">The site's policy.</param>
    /// <param name="study">The approved study.</param>
    /// <param name="work">The order.</param>
    /// <param name="inputs">Of the key agreement: digest of what the update will be computed from.</param>
    /// <exception cref="StepDeclinedException">The site refuses.</exception>
    public SiteDecision Decide(WorkerState state, SitePolicy policy, Study study, WorkOrder work, Sha256Digest inputs = default) =>
        Decide(state, policy, study, work, CommandOf(state, policy, study, work, inputs));

    /// <summary>Hears, of a study under differential privacy, what the other members say of ledger heads, where a decision is the first that follows from the round's roster; it is not logged yet.</summary>
    /// <inheritdoc cref="HeadExchange.Hear"/>
    public void HearHeads(WorkerState state, Study study, WorkOrder work, SiteDecision decision, Action<string>? ignored)
    {
        var roster = decision.Entry switch
        {
            SecretsShared shared => shared.Roster,
            KeyContributed contributed => contributed.Roster,
            _ => null,
        };
        if (study.Privacy is not null && roster is not null)
            heads.Hear(Joined(state, work).Terms, roster, ignored);
    }

    /// <summary>Answers for a masked vector, or for what the site makes of a sum.</summary>
    /// <inheritdoc cref="Decide(WorkerState, SitePolicy, Study, WorkOrder, Sha256Digest)"/>
    public SiteDecision Seal(WorkerState state, SitePolicy policy, Study study, WorkOrder work, Sha256Digest vector) =>
        Decide(state, policy, study, work, work.Step.Kind == StepKind.Decryption ? new SealOpened(work.File!.Value, vector) : new SealInput(vector));

    /// <summary>Digest of all that an update depends on beside the terms.</summary>
    public static Sha256Digest InputsOf(WorkOrder work, StepComputation computed, string software) =>
        Sha256Digest.Of(Encoding.UTF8.GetBytes($"fcml-update-inputs-v1\n{work.ConstantsDigest}\n{computed.Data}\n{software}\n{computed.Capability}"));

    /// <summary>Puts an update under the masks of an attempt whose shares were taken.</summary>
    /// <exception cref="StepDeclinedException">It is not the update that the site joined with, or is saturated.</exception>
    public MaskedUpdate Mask(WorkerState state, Study study, WorkOrder work, StepComputation computed)
    {
        var round = Joined(state, work);
        if (InputsOf(work, computed, identity.Software) != round.Inputs)
        {
            throw Refused("The site's data, constants or software changed after it joined the round's attempt. It takes part in the next round again.");
        }

        if (computed.Saturated * 100 > (long)computed.Dimension * MostSaturatedPercent)
        {
            throw new StepDeclinedException(Reason.TrainingFailed,
                $"{computed.Saturated} of {computed.Dimension} coordinates of the update meet the encoding's range; under masks at most {MostSaturatedPercent} % may. The study needs a greater range or a lower learning rate.");
        }

        var terms = round.Terms;
        var payload = new byte[terms.PayloadLength + MaskedInput.Length];
        var vector = payload.AsSpan(0, (int)terms.PayloadLength);
        if (study.SumsGradients)
            computed.Payload.Span.CopyTo(vector); // words already
        else
            MaskedVector.Encode(UpdateFormats.For(study.Federation.Encoding), computed.Payload.Span, computed.Weight, terms.Declared.Word, vector);
        var machine = MachineOf(state, work.Step.Run);
        using (var masks = machine.Masks(round))
            masks.Apply(vector);
        return PlanOf(study, round.Terms.Members) is { } plan
            ? new MaskedUpdate(
                computed with { Encoding = ReleaseManifest.EncryptedEncoding },
                [.. FromFile(work, EncryptedExchange.LongestDelivery(plan), file => machine.Encrypt(plan, round, file, payload.AsSpan(0, (int)terms.PayloadLength))), .. new byte[MaskedInput.Length]],
                MaskedInput.Length)
            : new MaskedUpdate(computed with { Encoding = ReleaseManifest.MaskEncoding((int)terms.Declared.Word) }, payload, MaskedInput.Length);
    }

    /// <summary>What this site makes of an encrypted round's sum. It leaves once it is answered for, and the worker's log has the sum's digest.</summary>
    /// <exception cref="StepDeclinedException">The site takes no part in the attempt, or what it was given is no sum.</exception>
    public MaskedUpdate Open(WorkerState state, Study study, WorkOrder work)
    {
        var round = Joined(state, work);
        if (round is not { Key: not null, Input: not null } || PlanOf(study, round.Terms.Members) is not { } plan)
            throw Refused($"This site sent no encrypted update in the attempt of {work.Step}, so that there is no sum for it to open.");
        var opened = FromFile(work, SumFile.LengthOf(plan), file => MachineOf(state, work.Step.Run).Open(plan, round, file));

        // A consortium's words are sent by one member; the others answer for the same ones by their digest.
        var isSent = plan.Mode == EncryptionMode.Threshold || round.Keys.Sender == EncryptedExchange.Maker;
        var computed = new StepComputation(default, ReleaseManifest.OpenedEncoding, 0, 0, 0, null, "managed", 0);
        return new MaskedUpdate(computed, [.. isSent ? opened : [], .. new byte[DecryptedSum.Length]], DecryptedSum.Length, Sha256Digest.Of(opened));
    }

    /// <summary>
    /// The share of the noise that each site adds to a masked sum: of at least t survivors c may tell each other what they added, so that the noise of t - c is what protects (t and c as in
    /// <see cref="AggregationTerms"/>). None, where the coordinator adds all of it.
    /// </summary>
    /// <exception cref="StepDeclinedException">The site has not joined the attempt.</exception>
    public static Rational NoiseShareOf(WorkerState state, Study study, WorkOrder work)
    {
        var terms = Joined(state, work).Terms;
        return study.Privacy!.Placement == NoisePlacement.Central ? Rational.Zero : Rational.Of(1, terms.Threshold - terms.Declared.Colluders);
    }

    // Who the members are is asked at every step: a policy that has become stricter ends the site's part in what is under way.
    private SiteDecision Decide(WorkerState state, SitePolicy policy, Study study, WorkOrder work, SiteCommand command)
    {
        var terms = command is JoinAttempt join ? join.Terms : Joined(state, work).Terms;
        if (MemberRule.Refusal(policy, study, identity.Site, state, terms) is { } refused)
            throw Refused(refused);
        var decision = MachineOf(state, work.Step.Run).Decide(state.Masked.GetValueOrDefault((work.Step.Run, work.Step.Round)), command);
        return decision.Refusal is { } refusal ? throw Refused(refusal.Sentence) : decision;
    }

    private SiteCommand CommandOf(WorkerState state, SitePolicy policy, Study study, WorkOrder work, Sha256Digest inputs)
    {
        if (work.Step.Kind == StepKind.KeyAgreement)
        {
            var terms = TermsOf(state, policy, study, work);
            return new JoinAttempt(terms, inputs, PlanOf(study, terms.Members), study.Privacy is null ? default : heads.Say(terms));
        }

        var plan = PlanOf(study, Joined(state, work).Terms.Members);
        if (plan is not null && work.Step.Kind == StepKind.Training)
            return new TakeKey(plan, FileOf(work, EncryptedExchange.LongestDelivery(plan)));
        return (work.Step.Kind, AggregationMessage.Read(work.Inputs.Span)) switch
        {
            (StepKind.KeyMaking, KeyRoster roster) when plan is not null => new ContributeKey(plan, roster),
            (StepKind.Sharing, KeyRoster roster) => new ShareSecrets(roster),
            (StepKind.Training, ShareBatch shares) => new TakeShares(shares),
            (StepKind.Agreement, SurvivorSet survivors) => new SignSurvivors(survivors),
            (StepKind.Unmasking, SurvivorProof proof) => new GiveShares(proof),
            _ => throw Refused($"The order's inputs are not what {work.Step} is asked with."),
        };
    }

    private static EncryptionPlan? PlanOf(Study study, MemberList members) => StudyTerms.PlanOf(study, members.Count, ModelPlan.For(study).Layout.Dimension);

    private byte[] FromFile(WorkOrder work, long longest, Func<byte[], byte[]> use)
    {
        try
        {
            return use(FileOf(work, longest));
        }
        catch (FormatException wrong)
        {
            throw Refused($"What was given for {work.Step} is not what this step is given: {wrong.Message}");
        }
    }

    private byte[] FileOf(WorkOrder work, long longest) => work.File is { } file ? IncomingFile.Read(exchange, file, longest) : throw Refused($"{work.Step} is given a file, and the order names none.");

    private AggregationTerms TermsOf(WorkerState state, SitePolicy policy, Study study, WorkOrder work)
    {
        if (MemberOffer.Read(work.Inputs.Span)?.Members is not { } members)
            throw Refused("The order for the key agreement has no list of members.");
        if (members.Count < study.Federation.Quorum || study.Federation.Required.Any(site => members.IndexOf(site) < 0))
            throw Refused("The order's list of members lacks a required site, or is below the study's quorum.");
        if (MemberRule.Refusal(policy, study, identity.Site, state, members) is { } refused)
            throw Refused(refused);
        return StudyTerms.Of(study, members, work.Step, work.Parameters!.Value, ModelPlan.For(study).Layout.Dimension);
    }

    // The round's state, where it is at the attempt that the order is about.
    private static SiteState Joined(WorkerState state, WorkOrder work) =>
        state.Masked.TryGetValue((work.Step.Run, work.Step.Round), out var round)
            && round.Terms.Step.Attempt == work.Step.Attempt && round.Terms.Declared.Study == work.Study && round.Terms.Declared.Parameters == work.Parameters
            ? round
            : throw Refused($"This site has not joined the attempt of {work.Step}, or joined it with other parameters.");

    private SiteMachine MachineOf(WorkerState state, RunId run)
    {
        if (_machine is { } kept && kept.Run == run)
            return kept.Machine;
        roots.Require(run);
        var root = roots.Read(run) ?? throw Refused($"{roots.WhyGone(run)} This site's masks were made from it: it takes no further part in the run's rounds.");
        _machine?.Machine.Dispose();
        var machine = new SiteMachine(identity.Key, root, identity.Site);
        _machine = (run, machine);
        return machine;
    }

    private static StepDeclinedException Refused(string sentence) => new(Reason.AggregationRefused, sentence);
}

/// <summary>An update under masks, or what was made of a sum, on its way into a release: its bytes, and room for the message that answers for them.</summary>
internal sealed class MaskedUpdate : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256); // of the payload up to the message: one pass for both digests
    private readonly StepComputation _computed;
    private readonly byte[] _payload;
    private readonly int _messageLength;

    public MaskedUpdate(StepComputation computed, byte[] payload, int messageLength, Sha256Digest? vector = null)
    {
        (_computed, _payload, _messageLength) = (computed, payload, messageLength);
        _hash.AppendData(payload.AsSpan(..^messageLength));
        Vector = vector ?? Sha256Digest.SoFar(_hash);
    }

    /// <summary>What it was made of.</summary>
    public StepComputation Computed => _computed;

    /// <summary>SHA-256 of what is answered for.</summary>
    public Sha256Digest Vector { get; }

    /// <summary>The release and its payload's digest. How many coordinates were saturated is not told: it is a number about this site's update. Called once.</summary>
    public (StepComputation Computed, Sha256Digest Digest) Answered(AggregationMessage message)
    {
        var encoded = message.Encode();
        encoded.CopyTo(_payload, _payload.Length - _messageLength);
        _hash.AppendData(encoded);
        return (_computed with { Payload = _payload, Saturated = 0 }, Sha256Digest.Of(_hash));
    }

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();
}
