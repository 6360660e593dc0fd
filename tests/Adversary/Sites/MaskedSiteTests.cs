using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Adversary.Sites;

/// <summary>What a hospital may send in a masked round. The fault, or the step that came to nothing, is in the run's journal; the detail is what the coordinator logs.</summary>
public sealed class MaskedSiteTests : IDisposable
{
    private readonly Consortium _consortium = new();
    private readonly RealCoordinator _coordinator;

    public MaskedSiteTests() => _coordinator = new RealCoordinator(_consortium.Study, _consortium.All);

    private Hospital West => _consortium.West;

    public void Dispose()
    {
        _coordinator.Dispose();
        _consortium.Dispose();
    }

    [Theory]
    [InlineData(0x01)] // another element of the field
    [InlineData(0xFF)] // none
    public void Site_that_gives_a_share_that_does_not_fit_is_named_and_the_others_unmask_the_exact_sum(byte value)
    {
        _coordinator.Until(StepKind.Unmasking, _consortium.All);
        var honest = _coordinator.Ask(West);
        var shares = ((UnmaskingShares)honest.Message!).Shares.ToArray();
        shares.AsSpan(32, 32).Fill(value);

        Refused(RoundFault.MessageRefused, "'west' gave a share of 'north' that is not the one committed to", Lie(honest, ((UnmaskingShares)honest.Message!) with { Shares = shares }));

        _coordinator.Collect(_consortium.Except(West));
        Assert.Equal(Consortium.HonestParameters(), _coordinator.State.Parameters);
    }

    [Fact]
    public void Site_that_deals_a_share_that_does_not_open_is_named_by_whom_it_was_dealt_to()
    {
        _coordinator.Until(StepKind.Sharing, _consortium.All);
        var honest = _coordinator.Ask(West);
        var broken = new ShareBatch([.. ((ShareBatch)honest.Message!).Shares.Select(share => SignedMessage.Sign(share with { Ciphertext = new byte[share.Ciphertext.Length] }, West.Key))]);
        _coordinator.Collect(_consortium.Except(West));
        Assert.Null(_coordinator.Take(West, West.Lie(honest.Release, broken.Encode()))); // nobody but the recipients can tell

        var answer = _consortium.North.Perform(_coordinator.OrderFor(_consortium.North));

        Assert.Contains("'west' sealed a share that does not open", answer.Sentence, StringComparison.Ordinal);
        Assert.Equal(2, _consortium.North.Answered);
    }

    /// <summary>Each of its shares is what it committed to, and together they make another secret.</summary>
    [Fact]
    public void Site_whose_shares_do_not_make_its_secret_is_named_and_the_round_is_void()
    {
        var before = _coordinator.State.Parameters;
        var honest = _coordinator.Ask(West);
        var terms = StudyTerms.Of(_consortium.Study, LyingCoordinator.ListOf(_consortium.All), _coordinator.Step, before, 2);
        using var mine = new SiteSecrets(new byte[32], terms, 3, default);
        using var other = new SiteSecrets(Enumerable.Repeat((byte)1, 32).ToArray(), terms, 3, default);
        _coordinator.Collect(_consortium.Except(West));
        Assert.Null(_coordinator.Take(West, Lie(honest, ((KeyAdvertisement)honest.Message!) with { EncryptionKey = mine.EncryptionKey, MaskKey = mine.MaskKey })));
        var roster = (KeyRoster)AggregationMessage.Read(_coordinator.Result(StepKind.KeyAgreement))!;
        var crooked = new ShareBatch([.. roster.Keys.Select(recipient =>
        {
            var to = recipient.Sender;
            var (seedShare, keyShare) = to == 0 ? (other.SeedShares[to], other.KeyShares[to]) : (mine.SeedShares[to], mine.KeyShares[to]);
            var head = new SealedShare(
                terms.Digest, 3, to, roster.Digest(), Commitments.OfSeed(terms, 3, mine.Seed), Commitments.OfSeedShare(terms, 3, to, seedShare), Commitments.OfKeyShare(terms, 3, to, keyShare), default);
            return SignedMessage.Sign(ShareSealing.Seal(terms, head, mine.SealingSecret(recipient.EncryptionKey), seedShare, keyShare), West.Key);
        })]);
        var sharing = _coordinator.Ask(_consortium.North); // a head to forge one of, for this step
        _coordinator.Collect(_consortium.Except(West));
        Assert.Null(_coordinator.Take(West, ForStepOf(sharing.Release, crooked.Encode())));

        foreach (var _ in Enumerable.Range(0, 3)) // it goes missing: its key has to be put together
        {
            _coordinator.Collect(_consortium.Except(West));
            if (_coordinator.Step.Kind == StepKind.Training)
                _coordinator.PassDeadline();
        }

        Assert.Contains("(SHARES_UNFIT: The shares that 'west' dealt do not make the secret that it committed to", Assert.Single(_coordinator.Abandoned), StringComparison.Ordinal);
        Assert.Equal(before, _coordinator.State.Parameters);
    }

    [Fact]
    public void Site_that_sends_another_sites_message_or_release_is_refused()
    {
        var north = _coordinator.Ask(_consortium.North);

        Refused(RoundFault.MessageRefused, "'west' sent a message in another member's name", West.Lie(_coordinator.Ask(West).Release, north.Message!.Encode()));
        _coordinator.Collect(_consortium.Except(West));
        Assert.Equal(RoundFault.SiteNotInvited, _coordinator.Take(West, north.Release)!.Fault);
        Assert.Equal(RoundFault.SiteWrong, _coordinator.Take(_consortium.South, north.Release)!.Fault);
    }

    /// <summary>So as to have the others hand out what unmasks another sum.</summary>
    [Fact]
    public void Site_that_signs_another_survivor_set_is_refused_and_the_sum_is_exact()
    {
        _coordinator.Until(StepKind.Agreement, _consortium.All);
        var honest = _coordinator.Ask(West);
        var signature = (SurvivorSignature)honest.Message!;

        Refused(RoundFault.MessageRefused, "'west' signed another survivor set", Lie(honest, signature with { Survivors = MemberSet.Of([0, 1, 3]) }));

        _coordinator.Collect(_consortium.Except(West));
        _coordinator.Collect(_consortium.Except(West));
        Assert.Equal(Consortium.HonestParameters(), _coordinator.State.Parameters);
    }

    /// <summary>Whose message answers for other words than it sends: no sum would be what was signed.</summary>
    [Fact]
    public void Site_whose_message_answers_for_other_words_is_refused_and_the_others_sum_is_exact()
    {
        _coordinator.Until(StepKind.Training, _consortium.All);
        var honest = _coordinator.Ask(West);

        Refused(RoundFault.MessageRefused, "The message answers for other bytes than those that come before it", West.Lie(honest.Release, [.. new byte[honest.Vector.Length], .. honest.Message!.Encode()]));

        for (var step = 0; step < 3; step++)
            _coordinator.Collect(_consortium.Except(West));
        Assert.Equal(Consortium.HonestParameters(without: "west"), _coordinator.State.Parameters);
    }

    private byte[] Lie(Answer honest, SignedMessage message) => West.Lie(honest.Release, SignedMessage.Sign(message, West.Key).Encode());

    // West as its own worker would have it, of a step that its worker was not asked for.
    private byte[] ForStepOf(byte[] anothers, ReadOnlySpan<byte> payload)
    {
        var manifest = Learning.ReleaseHead.Read(anothers.AsSpan(0, Learning.ReleaseHead.LengthOf(anothers))).Manifest with
        {
            Site = West.Name, PayloadLength = payload.Length, PayloadDigest = Sha256Digest.Of(payload),
        };
        return [.. Learning.ReleaseHead.Sign(manifest, West.Key).Bytes.Span, .. payload];
    }

    private void Refused(RoundFault fault, string detail, byte[] release)
    {
        var step = _coordinator.Step;
        var refused = _coordinator.Take(West, release);
        Assert.Equal(fault, refused?.Fault);
        Assert.Contains(detail, refused!.Detail, StringComparison.Ordinal);
        Assert.Equal((West.Name, fault), _coordinator.Refused.Last());
        Assert.DoesNotContain(_coordinator.StagedFor(step), file => file.StartsWith("west", StringComparison.Ordinal));
    }
}
