using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;
using Google.Protobuf;

namespace FederatedClinicalMl.Tests.Adversary.Gateways;

/// <summary>What a gateway may do to a masked round between its worker and the coordinator. It has the connection, and no worker's key.</summary>
public sealed class GatewayTests : IDisposable
{
    private readonly Consortium _consortium = new();
    private readonly RealCoordinator _coordinator;
    private readonly SigningKey _own = SigningKey.Create();

    public GatewayTests() => _coordinator = new RealCoordinator(_consortium.Study, _consortium.All);

    private Hospital West => _consortium.West;

    public void Dispose()
    {
        _own.Dispose();
        _coordinator.Dispose();
        _consortium.Dispose();
    }

    /// <summary>Keys for masks of which the gateway knows the secret halves, in its worker's name.</summary>
    [Fact]
    public void Gateway_that_substitutes_its_workers_keys_in_what_it_sends_is_refused()
    {
        var honest = _coordinator.Ask(West);
        var keys = SignedMessage.Sign((KeyAdvertisement)honest.Message! with { SigningKey = _own.PublicKey.SubjectPublicKeyInfo }, _own);
        var manifest = ReleaseHead.Read(honest.Release.AsSpan(0, ReleaseHead.LengthOf(honest.Release))).Manifest;
        var payload = keys.Encode();
        var head = ReleaseHead.Sign(manifest with { PayloadLength = payload.Length, PayloadDigest = Sha256Digest.Of(payload) }, _own);

        Assert.Equal(RoundFault.SignatureWrong, _coordinator.Take(West, [.. head.Bytes.Span, .. payload])?.Fault);

        Assert.Equal((West.Name, RoundFault.SignatureWrong), _coordinator.Refused.Single());
    }

    /// <summary>The same where gateway and coordinator are one: the coordinator takes it, and no other hospital does.</summary>
    [Fact]
    public void Gateway_whose_substitute_a_coordinator_takes_is_refused_by_the_other_hospitals_by_name()
    {
        var keys = _consortium.All.Select(hospital => (KeyAdvertisement)_coordinator.Ask(hospital).Message!).ToArray();
        keys[3] = SignedMessage.Sign(keys[3] with { SigningKey = _own.PublicKey.SubjectPublicKeyInfo }, _own);
        var order = _coordinator.OrderFor(_consortium.North);
        (order.Kind, order.Inputs) = ((StepOrder.Types.Kind)StepKind.Sharing, ByteString.CopyFrom(new KeyRoster([.. keys]).Encode()));

        Refused(_consortium.North, order, $"A message in the name of 'west' comes with the key {_own.PublicKey.Fingerprint.Short}; the study names {West.Fingerprint.Short}");
    }

    /// <summary>On the way to its own worker: another's keys are not what the study names, and its worker's own are not what it sent.</summary>
    [Fact]
    public void Gateway_that_substitutes_keys_in_what_its_worker_is_given_is_refused_by_it()
    {
        _coordinator.Until(StepKind.Sharing, _consortium.All);
        var order = _coordinator.OrderFor(West);
        var roster = ((KeyRoster)AggregationMessage.Read(order.Inputs.Span)!).Keys;

        order.Inputs = ByteString.CopyFrom(new KeyRoster(roster.SetItem(1, SignedMessage.Sign(roster[1] with { SigningKey = _own.PublicKey.SubjectPublicKeyInfo }, _own))).Encode());
        Refused(West, order, "A message in the name of 'north' comes with the key");
        order.Inputs = ByteString.CopyFrom(new KeyRoster(roster.SetItem(3, SignedMessage.Sign(roster[3] with { SigningKey = _own.PublicKey.SubjectPublicKeyInfo }, _own))).Encode());
        Refused(West, order, "This site's own message is missing, or is not the one that it sent");
    }

    [Fact]
    public void Gateway_that_replays_what_its_worker_sent_before_is_refused_or_changes_nothing()
    {
        var keys = _coordinator.Ask(West).Release;
        var first = _coordinator.Step;
        _coordinator.Collect(_consortium.All);
        Assert.Null(_coordinator.Take(West, keys, first)); // it is there already: nothing happens
        _coordinator.Until(StepKind.Agreement, _consortium.All);

        Assert.Equal(RoundFault.StepWrong, _coordinator.Take(West, keys)?.Fault);

        Assert.Equal((West.Name, RoundFault.StepWrong), _coordinator.Refused.Single());
        _coordinator.Collect(_consortium.Except(West));
        _coordinator.Collect(_consortium.Except(West));
        Assert.Equal(Consortium.HonestParameters(), _coordinator.State.Parameters); // West's words are in the sum; who survives is settled without its gateway
    }

    [Fact]
    public void Gateway_that_replays_an_earlier_attempts_message_is_refused()
    {
        var earlier = _coordinator.Ask(West).Release;
        var first = _coordinator.Step;
        _coordinator.PassDeadline(); // nobody answered
        Assert.Equal(2, _coordinator.Step.Attempt);

        Assert.Equal(RoundFault.AttemptStale, _coordinator.Take(West, earlier, first)?.Fault);
        Assert.Equal(RoundFault.StepWrong, _coordinator.Take(West, earlier)?.Fault);
    }

    [Fact]
    public void Gateway_that_repeats_an_order_gets_the_same_bytes_and_one_that_hands_orders_out_of_turn_is_refused()
    {
        var (keyAgreement, north) = (_coordinator.OrderFor(West), _coordinator.Ask(_consortium.North).Message!);
        var keys = West.Perform(keyAgreement).Release;
        Assert.Equal(keys, West.Perform(keyAgreement).Release);
        _coordinator.Until(StepKind.Sharing, _consortium.All);
        var sharing = _coordinator.OrderFor(West);

        var early = sharing.Clone();
        (early.Kind, early.Inputs) = ((StepOrder.Types.Kind)StepKind.Training, ByteString.CopyFrom(_coordinator.Ask(_consortium.North).Message!.Encode()));
        Refused(West, early, "Shares are taken after the site has shared its own secrets");
        (early.Kind, early.Inputs) = ((StepOrder.Types.Kind)StepKind.Agreement, ByteString.CopyFrom(new SurvivorSet(((KeyAdvertisement)north).Terms, MemberSet.Of([0, 1, 3]), MemberSet.Of([0, 1, 3])).Encode()));
        Refused(West, early, "Survivors are signed after the site's own masked vector");
        var shares = West.Perform(sharing).Release;
        Assert.NotEmpty(shares);
        Refused(West, keyAgreement, Reason.RoundOutOfOrder, "is an older attempt, or an older step of it");

        while (_coordinator.State.History.All(step => step.Id.Kind != StepKind.Unmasking))
            _coordinator.Collect(_consortium.All); // West's as before: the same bytes
        Assert.Equal(Consortium.HonestParameters(), _coordinator.State.Parameters);
    }

    /// <summary>What a gateway drops its hospital has not sent: before its words the sum is the others', after that it is everybody's.</summary>
    [Theory]
    [InlineData(StepKind.KeyAgreement)]
    [InlineData(StepKind.Sharing)]
    [InlineData(StepKind.Training)]
    [InlineData(StepKind.Agreement)]
    [InlineData(StepKind.Unmasking)]
    public void Gateway_that_drops_its_workers_message_leaves_the_exact_sum_of_those_whose_words_came(StepKind dropped)
    {
        while (_coordinator.Step is { Round.Value: 1 } step)
        {
            if (step.Kind.Phase() < dropped.Phase())
            {
                _coordinator.Collect(_consortium.All);
                continue;
            }

            if (step.Kind == dropped)
                Assert.NotEmpty(_coordinator.Ask(West).Release); // and goes no further
            _coordinator.Collect(_consortium.Except(West));
            if (step.Kind == dropped)
                _coordinator.PassDeadline();
        }

        Assert.Equal(dropped.Phase() > StepKind.Training.Phase() ? Consortium.HonestParameters() : Consortium.HonestParameters(without: "west"), _coordinator.State.Parameters);
        Assert.Empty(_coordinator.Abandoned);
        var absent = _coordinator.State.History.Single(ended => ended.Id.Kind == dropped && ended.Id.Round.Value == 1);
        Assert.IsType<SilentAnswer>(absent.Sites[West.Name]); // who was missing is in the round's record
    }

    private static void Refused(Hospital hospital, StepOrder order, string says) => Refused(hospital, order, Reason.AggregationRefused, says);

    private static void Refused(Hospital hospital, StepOrder order, Reason reason, string says)
    {
        var answered = hospital.Answered;
        var answer = hospital.Perform(order);
        Assert.Contains(says, answer.Sentence, StringComparison.Ordinal);
        Assert.Equal((reason, answered, 0), (answer.Reason, hospital.Answered, answer.Release.Length));
    }
}
