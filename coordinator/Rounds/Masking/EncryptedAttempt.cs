using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>An attempt at an encrypted round: all members' keys, contributions to the round's key, encrypted vectors, and what they make of the sum.</summary>
internal sealed class EncryptedAttempt : RoundAttempt
{
    private readonly StepKind _kind;
    private readonly MemberOffer _offer;
    private readonly KeyRoster? _roster;
    private readonly Sha256Digest _sum;

    public EncryptedAttempt(Study study, RunState run, StepId step, int dimension, ResultStore results)
    {
        (_kind, _offer) = (step.Kind, run.Plan.Offer!);
        Terms = StudyTerms.Of(study, _offer.Members, step, run.Parameters, dimension);
        Plan = StudyTerms.PlanOf(study, Terms.Members.Count, dimension)!;
        if (step.Kind != StepKind.KeyAgreement)
            _roster = Message<KeyRoster>(results.Read(run.History.Single(ended => IsBefore(ended, step) && ended.Id.Kind == StepKind.KeyAgreement).Result!.Value));
        if (step.Kind == StepKind.Decryption)
            _sum = SumOf(run, step).Sum;
    }

    /// <inheritdoc/>
    public override AggregationTerms Terms { get; }

    /// <summary>How the round is encrypted.</summary>
    public EncryptionPlan Plan { get; }

    /// <inheritdoc/>
    public override string Encoding => _kind switch
    {
        StepKind.Training => ReleaseManifest.EncryptedEncoding,
        StepKind.Decryption => ReleaseManifest.OpenedEncoding,
        _ => ReleaseManifest.MessageEncoding,
    };

    /// <inheritdoc/>
    public override int LongestMessage => _kind switch
    {
        StepKind.Training => MaskedInput.Length,
        StepKind.Decryption => DecryptedSum.Length,
        _ => AggregationMessage.MaximumLength,
    };

    /// <inheritdoc/>
    public override PackedLayout? Layout => _kind switch
    {
        StepKind.Training => Plan.Upload,
        StepKind.Decryption => Plan.Decryption?.Share,
        _ => null,
    };

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> InputsFor(SiteId site) => _kind switch
    {
        StepKind.KeyAgreement => _offer.Encode(),
        StepKind.KeyMaking => _roster!.Encode(),
        _ => default, // these are given a file
    };

    /// <inheritdoc/>
    public override long VectorLengthOf(SiteId site) => _kind switch
    {
        StepKind.Training => Plan.Upload.Length,
        StepKind.Decryption when Plan.Decryption is { } decryption => decryption.Share.Length,
        StepKind.Decryption => Terms.Members.IndexOf(site) == EncryptedExchange.Maker ? Terms.PayloadLength : 0, // the words once; the others sign their digest
        _ => 0,
    };

    /// <inheritdoc/>
    public override AggregationRefusal? RefusalOf(AggregationMessage message, Sha256Digest vector) => (_kind, message) switch
    {
        (StepKind.KeyAgreement, KeyAdvertisement keys) => EncryptedExchange.Keys(Plan, Terms, keys),
        (StepKind.KeyMaking, KeyContribution contribution) => EncryptedExchange.Contribution(Plan, Terms, _roster!, contribution),
        (StepKind.Training, MaskedInput input) => input.Payload != vector ? OtherVector() : EncryptedExchange.Input(Terms, _roster!, input),
        (StepKind.Decryption, DecryptedSum opened) => opened.Payload != vector && VectorLengthOf(Terms.Members.Members[opened.Sender].Site) != 0
            ? OtherVector() : EncryptedExchange.Opened(Terms, _roster!, _sum, opened),
        _ => Refuse(AggregationFault.OutOfOrder, "The message is not what this step collects."),
    };
}
