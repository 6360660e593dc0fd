using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>An attempt at a masked round. The committed steps hold what was checked when it was staged; here it is not checked again.</summary>
internal sealed class MaskedAttempt : RoundAttempt
{
    private readonly StepKind _kind;
    private readonly MemberOffer _offer;

    public MaskedAttempt(Study study, RunState run, StepId step, int dimension, ResultStore results)
    {
        (_kind, _offer) = (step.Kind, run.Plan.Offer!);
        State = new ServerState(StudyTerms.Of(study, _offer.Members, step, run.Parameters, dimension));
        foreach (var ended in run.History.Where(ended => IsBefore(ended, step)))
        {
            foreach (var (sender, message) in MessagesOf(ended, results))
                State = State.Apply(new MessageAccepted(sender, message));
            State = State.Apply(new StageClosed(State.Stage, MemberSet.Of(ended.Participants.Select(State.Terms.Members.IndexOf))));
        }
    }

    /// <summary>The attempt.</summary>
    public ServerState State { get; }

    /// <inheritdoc/>
    public override AggregationTerms Terms => State.Terms;

    /// <inheritdoc/>
    public override string Encoding => _kind == StepKind.Training ? ReleaseManifest.MaskEncoding((int)Terms.Declared.Word) : ReleaseManifest.MessageEncoding;

    /// <inheritdoc/>
    public override int LongestMessage => _kind == StepKind.Training ? MaskedInput.Length : AggregationMessage.MaximumLength;

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> InputsFor(SiteId site) =>
        State.Stage == AggregationStage.Keys ? _offer.Encode() : State.RequestFor(Terms.Members.IndexOf(site))?.Encode();

    /// <inheritdoc/>
    public override long VectorLengthOf(SiteId site) => _kind == StepKind.Training ? Terms.PayloadLength : 0;

    /// <inheritdoc/>
    public override AggregationRefusal? RefusalOf(AggregationMessage message, Sha256Digest vector) =>
        message is MaskedInput head && head.Payload != vector ? OtherVector() : ServerMachine.Decide(State, new TakeMessage(message)).Refusal;

    private static IEnumerable<(int Sender, AggregationMessage Message)> MessagesOf(EndedStep ended, ResultStore results)
    {
        if (ended.Id.Kind == StepKind.Training)
            return []; // what follows needs who survived, and nothing of the heads
        var result = results.Read(ended.Result!.Value, int.MaxValue);
        return ended.Id.Kind switch
        {
            StepKind.KeyAgreement => Message<KeyRoster>(result).Keys.Select(message => (message.Sender, (AggregationMessage)message)),
            StepKind.Agreement => Message<SurvivorProof>(result).Signatures.Select(message => (message.Sender, (AggregationMessage)message)),
            _ => MessageList.Split<ShareBatch>(result)!.Value.Select(message => (message.Shares[0].Sender, (AggregationMessage)message)),
        };
    }
}
