using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Privacy;

/// <summary>What a coordinator, a gateway or a site may try. Each is refused, by whom it is tried on, or harmless; a refusal leaves no entry.</summary>
public sealed class AdversaryTests
{
    private readonly Consortium _consortium = new(4, colluders: 1);

    private AggregationTerms Terms => _consortium.Terms;

    [Theory]
    [InlineData("parameters")]
    [InlineData("list")]
    [InlineData("threshold")]
    [InlineData("round")]
    [InlineData("attempt")]
    [InlineData("word")]
    public void Coordinator_that_tells_sites_different_terms_brings_them_into_no_step_together(string what)
    {
        var other = Told(what);
        Assert.NotEqual(Terms.Digest, other.Digest);
        var keys = _consortium.Sites.Select((site, i) => (KeyAdvertisement)site.Answer(i < 2 ? Terms : other, null).Reply!).ToArray();
        AssertRefused(AggregationFault.OtherTerms, null, 0, new ShareSecrets(new KeyRoster([.. keys])));
        AssertRefused(AggregationFault.OtherTerms, null, 3, new ShareSecrets(new KeyRoster([.. keys])));
        Assert.Equal(AggregationFault.OtherTerms, _consortium.Hand(keys[3])!.Fault);
    }

    [Theory]
    [InlineData("parameters")]
    [InlineData("list")]
    [InlineData("threshold")]
    public void Masks_of_sites_that_were_told_different_terms_do_not_cancel(string what)
    {
        // The secret that a pair agrees on may be the same; what is made of it is not.
        var (one, other) = (new MaskSet(Terms), new MaskSet(Told(what)));
        var vector = new byte[Terms.PayloadLength];
        one.AddPair(0, 1, new byte[32], removed: false);
        one.Apply(vector);
        other.AddPair(1, 0, new byte[32], removed: false);
        other.Apply(vector);
        Assert.All(vector.Chunk(4), word => Assert.NotEqual(new byte[4], word));

        var same = new MaskSet(Terms);
        same.AddPair(1, 0, new byte[32], removed: false);
        vector.AsSpan().Clear();
        one.Apply(vector);
        same.Apply(vector);
        Assert.Equal(new byte[Terms.PayloadLength], vector);
    }

    [Fact]
    public void Coordinator_that_asks_again_with_other_parameters_is_refused_the_first_ones_win()
    {
        _consortium.Stage(_ => true);
        AssertRefused(AggregationFault.ParametersChanged, null, 0, Join(Terms.Declared with { Parameters = Consortium.DigestOf("crafted"), Step = Terms.Step with { Attempt = 2 } }));
        AssertRefused(AggregationFault.ParametersChanged, null, 0, Join(Terms.Declared with { Parameters = Consortium.DigestOf("crafted") }));
        AssertRefused(AggregationFault.RoundChanged, null, 0, Join(Terms.Declared with { Threshold = 4, Step = Terms.Step with { Attempt = 2 } }));
        Assert.Null(_consortium.Sites[0].Decide(Join(Terms.Declared with { Step = Terms.Step with { Attempt = 2 } })).Refusal);
        AssertRefused(AggregationFault.AttemptOver, null, 0, Join(Terms.Declared));
    }

    [Fact]
    public void Site_whose_data_have_changed_since_the_round_began_stays_out_of_its_other_attempts()
    {
        _consortium.Stage(_ => true);
        _consortium.Sites[0].Inputs = Consortium.DigestOf("an import since");
        AssertRefused(AggregationFault.RoundChanged, null, 0, Join(Terms.Declared with { Step = Terms.Step with { Attempt = 2 } }));
    }

    [Fact]
    public void Coordinator_that_says_half_the_sites_that_one_survived_and_half_that_it_dropped_gets_no_share()
    {
        Through(AggregationStage.Inputs);
        var (all, three) = (Set(0, 1, 2, 3), Set(0, 1, 2));
        var signatures = new List<SurvivorSignature>();
        foreach (var (site, set) in ((int, SurvivorSet)[])[(0, all), (1, all), (2, three)])
            signatures.Add((SurvivorSignature)_consortium.Sites[site].Decide(new SignSurvivors(set)).Reply!);
        AssertRefused(AggregationFault.AskedOtherwise, null, 1, new SignSurvivors(three));
        AssertRefused(AggregationFault.AskedOtherwise, 2, 0, new GiveShares(new SurvivorProof([.. signatures])));
        AssertRefused(AggregationFault.AskedOtherwise, 0, 2, new GiveShares(new SurvivorProof([.. signatures])));
        AssertRefused(AggregationFault.TooFew, null, 0, new GiveShares(new SurvivorProof([.. signatures.Take(2)])));
    }

    [Fact]
    public void Coordinator_that_asks_for_a_second_unmasking_set_is_refused()
    {
        Through(AggregationStage.Unmasking, last: 2);
        var given = _consortium.Sites[0].State!.Given;
        AssertRefused(AggregationFault.AskedOtherwise, null, 0, new SignSurvivors(Set(0, 1, 2)));
        var forged = new SurvivorProof([.. Enumerable.Range(0, 3).Select(site => Signed(site, new SurvivorSignature(Terms.Digest, site, Set(0, 1, 2).Sharers, Set(0, 1, 2).Survivors)))]);
        AssertRefused(AggregationFault.AskedOtherwise, 0, 0, new GiveShares(forged)); // even if every other site colluded
        AssertRefused(AggregationFault.AttemptOver, null, 0, Join(Terms.Declared with { Step = Terms.Step with { Attempt = 2 } }));
        Assert.True(given!.IsSameAs(_consortium.Sites[0].Answer(Terms, _consortium.Server.RequestFor(0)).Reply));
    }

    [Fact]
    public void Attempt_after_one_that_was_not_unmasked_is_another_one_and_the_old_one_is_never_unmasked()
    {
        Through(AggregationStage.Survivors);
        var (proof, old) = (_consortium.Server.RequestFor(0)!, _consortium.Sites[0].Payload);
        _consortium.Restart(AggregationTerms.Of(Terms.Declared with { Step = Terms.Step with { Attempt = 2 } }));
        _consortium.Run(site => site == 3 ? 2 : 5);
        Assert.Equal(_consortium.Expected(MemberSet.Of([0, 1, 2])), _consortium.Unmask());
        Assert.NotEqual(old, _consortium.Sites[0].Payload);
        AssertRefused(AggregationFault.OtherTerms, null, 0, new GiveShares((SurvivorProof)proof));
    }

    [Fact]
    public void Second_key_for_a_site_is_refused_whoever_signs_it()
    {
        _consortium.Stage(_ => true);
        var keys = _consortium.Server.Roster!.Keys;
        using var second = SigningKey.Create(); // what a second certificate is worth
        var forged = SignedMessage.Sign(keys[2] with { SigningKey = second.PublicKey.SubjectPublicKeyInfo, MaskKey = keys[1].EncryptionKey }, second);
        AssertRefused(AggregationFault.ForeignKey, 2, 0, new ShareSecrets(new KeyRoster(keys.SetItem(2, forged))));
        AssertRefused(AggregationFault.SignatureWrong, 2, 0, new ShareSecrets(new KeyRoster(keys.SetItem(2, SignedMessage.Sign(keys[2] with { MaskKey = keys[1].MaskKey }, second)))));
        using var stranger = new SiteMachine(second, new byte[32], Consortium.NameOf(2));
        Assert.Equal(AggregationFault.NotAMember, stranger.Decide(null, new JoinAttempt(Terms, default)).Refusal!.Fault);
    }

    [Fact]
    public void Invented_sites_are_refused()
    {
        _consortium.Stage(_ => true);
        var keys = _consortium.Server.Roster!.Keys;
        var invented = Signed(4, keys[3] with { Sender = 4, SigningKey = Consortium.KeyOf(4).PublicKey.SubjectPublicKeyInfo });
        AssertRefused(AggregationFault.WrongSenders, null, 0, new ShareSecrets(new KeyRoster(keys.Add(invented))));
        AssertRefused(AggregationFault.WrongSenders, null, 0, new ShareSecrets(new KeyRoster(keys.Insert(1, keys[0])))); // one site twice
        Assert.NotNull(new Consortium(4).Hand(invented));
    }

    [Fact]
    public void Too_small_a_roster_delivery_or_survivor_set_is_refused()
    {
        _consortium.Stage(_ => true);
        var keys = _consortium.Server.Roster!.Keys;
        AssertRefused(AggregationFault.TooFew, null, 0, new ShareSecrets(new KeyRoster([.. keys.Take(2)])));
        _consortium.Stage(_ => true);
        var delivery = (ShareBatch)_consortium.Server.RequestFor(0)!;
        AssertRefused(AggregationFault.TooFew, null, 0, new TakeShares(new ShareBatch([.. delivery.Shares.Take(2)])));
        _consortium.Stage(_ => true);
        AssertRefused(AggregationFault.TooFew, null, 0, new SignSurvivors(Set(0, 1)));
        AssertRefused(AggregationFault.WrongSenders, null, 0, new SignSurvivors(Set(1, 2, 3))); // without the site itself
    }

    [Fact]
    public void Key_that_another_site_repeats_or_that_is_no_point_is_refused_and_named()
    {
        _consortium.Stage(_ => true);
        var keys = _consortium.Server.Roster!.Keys;
        var (mirrored, off) = (keys[1].MaskKey.ToArray(), keys[1].MaskKey.ToArray());
        off[31] ^= 1; // another x, which nobody has
        foreach (var key in (byte[][])[mirrored, off])
        {
            var reflected = Signed(2, keys[2] with { MaskKey = key });
            AssertRefused(AggregationFault.KeyWrong, 2, 0, new ShareSecrets(new KeyRoster(keys.SetItem(2, reflected))));
        }

        var fresh = new Consortium(4, colluders: 1);
        Assert.Null(fresh.Hand(keys[1]));
        Assert.Equal((AggregationFault.KeyWrong, Consortium.NameOf(2)), Of(fresh.Hand(Signed(2, keys[2] with { MaskKey = mirrored }))!));
    }

    [Fact]
    public void Sites_own_message_reflected_to_it_or_another_sites_is_refused()
    {
        Through(AggregationStage.Shares);
        var delivery = ((ShareBatch)_consortium.Server.RequestFor(0)!).Shares;
        var mine = _consortium.Sites[0].State!.Shares!.Shares;
        AssertRefused(AggregationFault.WrongSenders, null, 0, new TakeShares(new ShareBatch([mine[1], .. delivery[1..]]))); // what it sealed for another
        AssertRefused(AggregationFault.SignatureWrong, 1, 0, new TakeShares(new ShareBatch([delivery[0], mine[1] with { Sender = 1, Recipient = 0 }, .. delivery[2..]])));
        var others = ((ShareBatch)_consortium.Server.RequestFor(1)!).Shares;
        AssertRefused(AggregationFault.WrongSenders, 2, 0, new TakeShares(new ShareBatch([delivery[0], delivery[1], others[2], delivery[3]])));
    }

    [Fact]
    public void Share_that_was_changed_on_the_way_is_refused()
    {
        Through(AggregationStage.Shares);
        var delivery = ((ShareBatch)_consortium.Server.RequestFor(0)!).Shares;
        var changed = delivery[2].Ciphertext.ToArray();
        changed[5] ^= 1;
        AssertRefused(AggregationFault.SignatureWrong, 2, 0, new TakeShares(new ShareBatch(delivery.SetItem(2, delivery[2] with { Ciphertext = changed }))));
    }

    [Theory]
    [InlineData("sealed wrongly")]
    [InlineData("another seed share")]
    [InlineData("another key share")]
    public void Dealt_share_that_does_not_fit_is_refused_and_its_dealer_named(string how)
    {
        Through(AggregationStage.Shares);
        var delivery = ((ShareBatch)_consortium.Server.RequestFor(0)!).Shares;
        using var dealer = new SiteSecrets(_consortium.Sites[2].Root, Terms, 2, _consortium.Sites[2].Inputs);
        var secret = dealer.SealingSecret(_consortium.Server.Roster!.Keys[0].EncryptionKey);
        var bad = how switch
        {
            "sealed wrongly" => delivery[2] with { Ciphertext = new byte[80] },
            "another seed share" => ShareSealing.Seal(Terms, delivery[2], secret, dealer.SeedShares[1], dealer.KeyShares[0]),
            _ => ShareSealing.Seal(Terms, delivery[2], secret, dealer.SeedShares[0], dealer.KeyShares[1]),
        };
        AssertRefused(AggregationFault.ShareWrong, 2, 0, new TakeShares(new ShareBatch(delivery.SetItem(2, Signed(2, bad)))));
    }

    [Fact]
    public void Given_share_that_does_not_fit_is_refused_and_its_giver_named_and_the_others_suffice()
    {
        Through(AggregationStage.Survivors);
        var given = (UnmaskingShares)_consortium.Sites[1].Answer(Terms, _consortium.Server.RequestFor(1)).Reply!;
        foreach (var value in (byte[])[0x01, 0xFF]) // another element, and none
        {
            var shares = given.Shares.ToArray();
            shares.AsSpan(64, 32).Fill(value);
            Assert.Equal((AggregationFault.ShareWrong, Consortium.NameOf(1)), Of(_consortium.Hand(Signed(1, given with { Shares = shares }))!));
        }

        _consortium.Stage(site => site != 1);
        Assert.Equal(_consortium.Expected(Terms.Members.All), _consortium.Unmask());
    }

    [Theory]
    [InlineData(5)]
    [InlineData(2)]
    public void Dealer_whose_shares_do_not_make_its_secret_is_named_and_the_round_is_void(int lastStage)
    {
        // It commits to each share as dealt, and deals of no polynomial: another key's shares for two members.
        _consortium.Stage(_ => true);
        var (dealer, stranger) = (_consortium.Sites[3], new Consortium(4, colluders: 1, seed: 9));
        var digest = _consortium.Server.Roster!.Digest();
        using var mine = new SiteSecrets(dealer.Root, Terms, 3, dealer.Inputs);
        using var other = new SiteSecrets(stranger.Sites[3].Root, Terms, 3, dealer.Inputs);
        var honest = (ShareBatch)dealer.Answer(Terms, _consortium.Server.RequestFor(3)).Reply!;
        var crooked = new ShareBatch([.. honest.Shares.Select(share =>
        {
            var to = share.Recipient;
            var (seedShare, keyShare) = to == 0 ? (other.SeedShares[to], other.KeyShares[to]) : (mine.SeedShares[to], mine.KeyShares[to]);
            var head = share with { SeedShare = Commitments.OfSeedShare(Terms, 3, to, seedShare), KeyShare = Commitments.OfKeyShare(Terms, 3, to, keyShare) };
            return Signed(3, ShareSealing.Seal(Terms, head, mine.SealingSecret(_consortium.Server.Roster.Keys[to].EncryptionKey), seedShare, keyShare));
        })]);
        dealer.Log[^1] = new SecretsShared(_consortium.Server.Roster, crooked).Encode();
        Assert.Equal(digest, crooked.Shares[0].Roster);
        for (var stage = 2; stage <= 5; stage++)
            _consortium.Stage(site => site != 3 || stage <= lastStage);
        Assert.Null(Unmasking.Masks(_consortium.Server, out var refusal));
        Assert.Equal((AggregationFault.ShareWrong, Consortium.NameOf(3)), Of(refusal!));
    }

    [Fact]
    public void Message_in_another_sites_name_is_refused_by_the_coordinator()
    {
        _consortium.Stage(_ => true);
        var batch = (ShareBatch)_consortium.Sites[1].Answer(Terms, _consortium.Server.RequestFor(1)).Reply!;
        var inAnothersName = new ShareBatch([.. batch.Shares.Select(share => Signed(1, share with { Sender = 2 }))]);
        Assert.Equal((AggregationFault.SignatureWrong, Consortium.NameOf(2)), Of(_consortium.Hand(inAnothersName)!));
        Assert.Equal((AggregationFault.WrongSenders, Consortium.NameOf(1)), Of(_consortium.Hand(new ShareBatch(batch.Shares.RemoveAt(0)))!));
    }

    [Fact]
    public void Duplicate_that_differs_is_refused_and_the_same_again_changes_nothing()
    {
        var first = (KeyAdvertisement)_consortium.Sites[1].Answer(Terms, null).Reply!;
        Assert.Null(_consortium.Hand(first));
        Assert.Empty(ServerMachine.Decide(_consortium.Server, new TakeMessage(first)).Events);
        Assert.Equal(AggregationFault.AskedOtherwise, _consortium.Hand(Signed(1, first))!.Fault); // the same claim, signed again
    }

    [Fact]
    public void Late_input_is_refused_once_the_survivors_are_settled()
    {
        Through(AggregationStage.Shares);
        var late = _consortium.Sites[3].Answer(Terms, _consortium.Server.RequestFor(3)).Reply!;
        _consortium.Stage(site => site != 3);
        Assert.Equal(AggregationFault.OutOfOrder, _consortium.Hand(late)!.Fault);
        _consortium.Stage(_ => true);
        _consortium.Stage(_ => true);
        Assert.Equal(_consortium.Expected(MemberSet.Of([0, 1, 2])), _consortium.Unmask());
    }

    [Fact]
    public void Messages_of_an_earlier_round_replayed_are_refused()
    {
        var earlier = new Consortium(4, colluders: 1);
        earlier.Restart(AggregationTerms.Of(Terms.Declared with { Step = Terms.Step with { Round = new RoundNumber(6) } }));
        for (var stage = 1; stage <= 4; stage++)
            earlier.Stage(_ => true);
        foreach (var (site, replayed) in earlier.Sites.Select((site, i) => (i, site.State!)))
            Assert.Equal(AggregationFault.OtherTerms, _consortium.Hand(replayed.Keys)!.Fault);
        _consortium.Stage(_ => true);
        AssertRefused(AggregationFault.WrongSenders, null, 0, new ShareSecrets(earlier.Server.Roster!)); // it lacks the site's own keys
        Through(AggregationStage.Survivors);
        AssertRefused(AggregationFault.OtherTerms, null, 0, new GiveShares((SurvivorProof)earlier.Server.RequestFor(0)!));
    }

    [Fact]
    public void Update_that_differs_when_computed_again_is_not_masked_twice()
    {
        Through(AggregationStage.Shares);
        Assert.Null(_consortium.Ask(0));
        var entries = _consortium.Sites[0].Log.Count;
        _consortium.Sites[0].Update = terms => new byte[terms.PayloadLength];
        Assert.Equal(AggregationFault.AskedOtherwise, _consortium.Sites[0].Answer(Terms, _consortium.Server.RequestFor(0)).Refusal!.Fault);
        Assert.Equal(entries, _consortium.Sites[0].Log.Count);
    }

    [Fact]
    public void Commands_before_their_step_are_refused()
    {
        var commands = new SiteCommand[] { new TakeShares(new([])), new SealInput(default), new SignSurvivors(Set(0, 1, 2)), new GiveShares(new([])) };
        Assert.All(commands.Append(new ShareSecrets(new([]))), command => Assert.Equal(AggregationFault.OutOfOrder, _consortium.Sites[0].Decide(command).Refusal!.Fault));
        _consortium.Stage(_ => true);
        Assert.All(commands, command => AssertRefused(AggregationFault.OutOfOrder, null, 0, command));
    }

    private static (AggregationFault, SiteId?) Of(AggregationRefusal refusal) => (refusal.Fault, refusal.Named);

    private static T Signed<T>(int site, T message)
        where T : SignedMessage => SignedMessage.Sign(message, Consortium.KeyOf(site));

    private AggregationTerms Told(string what) => AggregationTerms.Of(what switch
    {
        "parameters" => Terms.Declared with { Parameters = Consortium.DigestOf("crafted") },
        "list" => Terms.Declared with { Members = new Consortium(5).Members, Threshold = 4 },
        "threshold" => Terms.Declared with { Threshold = 4 },
        "round" => Terms.Declared with { Step = Terms.Step with { Round = new RoundNumber(8) } },
        "attempt" => Terms.Declared with { Step = Terms.Step with { Attempt = 2 } },
        _ => Terms.Declared with { Word = MaskWord.Bits64 },
    });

    private JoinAttempt Join(AggregationDeclaration declared) => new(AggregationTerms.Of(declared), _consortium.Sites[0].Inputs);

    private SurvivorSet Set(params int[] survivors) => new(Terms.Digest, Terms.Members.All, MemberSet.Of(survivors));

    /// <summary>Runs up to and with this stage; only sites up to <paramref name="last"/> answer in the last one.</summary>
    private void Through(AggregationStage stage, int last = 3)
    {
        while (_consortium.Server.Stage < stage)
            _consortium.Stage(_ => true);
        foreach (var site in Enumerable.Range(0, last + 1))
            Assert.Null(_consortium.Ask(site));
    }

    private void AssertRefused(AggregationFault fault, int? named, int site, SiteCommand command)
    {
        var entries = _consortium.Sites[site].Log.Count;
        var decision = _consortium.Sites[site].Decide(command);
        Assert.NotNull(decision.Refusal);
        Assert.Null(decision.Reply);
        Assert.Equal(entries, _consortium.Sites[site].Log.Count);
        Assert.Equal((fault, named is { } index ? Consortium.NameOf(index) : null), Of(decision.Refusal));
    }
}
