using CsCheck;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Privacy;

/// <summary>What a coordinator or a member may try in an encrypted round. Each is refused, and a refusal leaves no entry; or what it gives is uniform, because words are masked before they are encrypted.</summary>
public sealed class EncryptedAdversaryTests
{
    private const int Many = 40_000;

    public static TheoryData<EncryptionMode> Modes { get; } = new(Enum.GetValues<EncryptionMode>());

    /// <summary>The coordinator has every member open what it chooses, all shares or a member as an oracle, and knows all that a key can tell.</summary>
    [Theory]
    [InlineData(EncryptionMode.Consortium, new[] { 1 })]
    [InlineData(EncryptionMode.Consortium, new[] { 0, 2 })]
    [InlineData(EncryptionMode.Threshold, new[] { 1 })]
    [InlineData(EncryptionMode.Threshold, new[] { 0, 2 })]
    public void Anything_but_the_sum_of_all_decrypts_to_uniform_words_whoever_decrypts_it(EncryptionMode mode, int[] sites)
    {
        var group = new EncryptedGroup(mode, dimension: Many).Through();

        var opened = group.Cut(group.Open(group.Fold(sites)));

        Assert.NotEqual(group.Cut(group.Expected(sites)), opened);
        AssertUniform(group.Plan, opened);
        AssertUniform(group.Plan, [.. opened.Zip(group.Cut(group.Expected(sites)), (one, other) => (one - other) & (group.Plan.Parameters.PlaintextModulus - 1))]);
        Assert.ThrowsAny<Exception>(() => AssertUniform(group.Plan, group.Cut(group.Expected(sites)))); // an update itself is not: the test can tell
        Assert.Equal(group.Expected(0, 1, 2), group.Open(group.Fold(0, 1, 2)));
    }

    [Fact]
    public void Crafted_c1_that_makes_shares_tell_secrets_lets_masked_words_be_read_and_no_update()
    {
        var group = new EncryptedGroup(EncryptionMode.Threshold, dimension: Many).Through();
        var crafted = group.Fold(0, 1, 2).Sent;
        crafted.AsSpan(PackedVector.HeaderLength, (int)group.Plan.Download.Length - PackedVector.HeaderLength).Clear();
        crafted[PackedVector.HeaderLength + 8] = 1; // one coefficient, as (0, floor(q/t)) would have it
        Assert.NotEmpty(group.Sites[0].Machine.Open(group.Plan, group.Sites[0].State!, crafted)); // a site cannot tell: it answers, once

        // Whoever has every secret decrypts a single ciphertext.
        var opened = group.Cut(group.Open(group.Fold(0)));
        Assert.Equal(group.Cut(group.Masked[0]), opened);
        AssertUniform(group.Plan, opened);
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Second_sum_of_an_attempt_is_refused(EncryptionMode mode)
    {
        var group = new EncryptedGroup(mode).Through();
        var (site, sum, other) = (group.Sites[0], Sha256Digest.Of(group.Fold(0, 1, 2).Sent), Sha256Digest.Of(group.Fold(1).Sent));
        Assert.Null(site.Decide(new SealOpened(sum, Consortium.DigestOf("share"))).Refusal);

        AssertRefused(AggregationFault.AskedOtherwise, group, 0, new SealOpened(other, Consortium.DigestOf("share")));
        AssertRefused(AggregationFault.AskedOtherwise, group, 0, new SealOpened(sum, Consortium.DigestOf("another share")));
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Sum_before_the_sites_own_ciphertext_and_a_second_ciphertext_are_refused(EncryptionMode mode)
    {
        var group = new EncryptedGroup(mode).Join().Contribute().Take();
        AssertRefused(AggregationFault.OutOfOrder, group, 0, new SealOpened(Consortium.DigestOf("sum"), Consortium.DigestOf("share")));
        group.Encrypt();

        AssertRefused(AggregationFault.AskedOtherwise, group, 0, new SealInput(Consortium.DigestOf("of other words")));
        AssertRefused(AggregationFault.OutOfOrder, group, 0, new SignSurvivors(new SurvivorSet(group.Terms.Digest, group.Terms.Members.All, group.Terms.Members.All)));
        AssertRefused(AggregationFault.OutOfOrder, group, 0, new TakeShares(new ShareBatch([])));
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Roster_or_key_without_a_member_is_refused(EncryptionMode mode)
    {
        var group = new EncryptedGroup(mode).Join();
        AssertRefused(AggregationFault.TooFew, group, 0, new ContributeKey(group.Plan, new KeyRoster([.. group.Roster.Keys.Take(2)])));
        group.Contribute();

        AssertRefused(AggregationFault.TooFew, group, 0, new TakeKey(group.Plan, MessageList.Join(group.Contributions.Take(2))));
        AssertRefused(AggregationFault.WrongSenders, group, 0, new TakeKey(group.Plan, MessageList.Join([group.Contributions[0], group.Contributions[2], group.Contributions[1]])));
        AssertRefused(AggregationFault.ContributionWrong, group, 0, new TakeKey(group.Plan, new byte[100]));
    }

    [Fact]
    public void Site_that_chooses_its_part_last_is_named()
    {
        var group = new EncryptedGroup(EncryptionMode.Threshold).Join().Contribute();
        using var stream = KeyStream.Derive(new byte[32], "chosen-last", []);
        using var secret = BfvSecretKey.Generate(group.Plan.Parameters, stream);
        var chosen = Sign(group, 2, group.Contributions[2] with { Material = new CollectiveKey(group.Plan.Parameters, group.Terms.Info.Span).MakePart(secret, stream) });

        AssertRefused(AggregationFault.ContributionWrong, group, 0, new TakeKey(group.Plan, MessageList.Join([group.Contributions[0], group.Contributions[1], chosen])), named: 2);
        Assert.Equal(AggregationFault.ContributionWrong, EncryptedExchange.Contribution(group.Plan, group.Terms, group.Roster, chosen)!.Fault);
    }

    [Fact]
    public void Site_that_commits_to_nothing_or_anew_after_it_saw_the_others_parts_is_refused()
    {
        var group = new EncryptedGroup(EncryptionMode.Threshold).Join();
        var bare = Sign(group, 2, group.Roster.Keys[2] with { Commitment = default });
        Assert.Equal(AggregationFault.ContributionWrong, EncryptedExchange.Keys(group.Plan, group.Terms, bare)!.Fault);
        AssertRefused(AggregationFault.ContributionWrong, group, 0, new ContributeKey(group.Plan, new KeyRoster([.. group.Roster.Keys.Take(2), bare])), named: 2);

        // It commits anew, in another roster for those who have not answered yet: what the others said was said for the first.
        group.Contribute();
        var renewed = new KeyRoster([.. group.Roster.Keys.Take(2), Sign(group, 2, group.Roster.Keys[2] with { Commitment = new byte[32] })]);
        Assert.NotEqual(group.Roster.Digest(), renewed.Digest());
        Assert.Equal(AggregationFault.WrongSenders, EncryptedExchange.Contribution(group.Plan, group.Terms, renewed, group.Contributions[0])!.Fault);
    }

    [Fact]
    public void Maker_that_wraps_a_key_for_another_is_named()
    {
        var group = new EncryptedGroup(EncryptionMode.Consortium).Join().Contribute();
        var material = group.Contributions[0].Material.ToArray();
        var third = material.Length / 3;
        var swapped = Sign(group, 0, group.Contributions[0] with { Material = (byte[])[.. material[..third], .. material[(2 * third)..], .. material[third..(2 * third)]] });

        AssertRefused(AggregationFault.ContributionWrong, group, 1, new TakeKey(group.Plan, MessageList.Join([swapped, group.Contributions[1], group.Contributions[2]])), named: 0);
        Assert.Equal(
            AggregationFault.ContributionWrong,
            EncryptedExchange.Contribution(group.Plan, group.Terms, group.Roster, Sign(group, 1, group.Contributions[1] with { Material = material }))!.Fault); // who is not to make it
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Message_of_another_site_or_attempt_is_refused(EncryptionMode mode)
    {
        var group = new EncryptedGroup(mode).Through();
        var (sum, site) = (Sha256Digest.Of(group.Fold(0, 1, 2).Sent), group.Sites[1]);
        var opened = (DecryptedSum)site.Decide(new SealOpened(sum, Consortium.DigestOf("share"))).Reply!;

        Assert.Null(EncryptedExchange.Opened(group.Terms, group.Roster, sum, opened));
        Assert.Equal(AggregationFault.SignatureWrong, EncryptedExchange.Opened(group.Terms, group.Roster, sum, opened with { Sender = 2 })!.Fault);
        Assert.Equal(AggregationFault.AskedOtherwise, EncryptedExchange.Opened(group.Terms, group.Roster, Consortium.DigestOf("another"), opened)!.Fault);
        Assert.Equal(AggregationFault.WrongSenders, EncryptedExchange.Opened(group.Terms, group.Roster, sum, opened with { Sender = 9 })!.Fault);
        var old = group.Contributions[1];
        group.Join(attempt: 2);
        Assert.Equal(AggregationFault.OtherTerms, EncryptedExchange.Contribution(group.Plan, group.Terms, group.Roster, old)!.Fault);
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Bytes_that_are_no_sum_or_not_the_keys_contributions_are_refused_and_nothing_else_happens(EncryptionMode mode)
    {
        var group = new EncryptedGroup(mode).Through();
        var (site, sum) = (group.Sites[0], group.Fold(0, 1, 2).Sent);
        Hostile.Bytes(sum, group.Uploads[0], group.Delivery).Sample(
            bytes => Hostile.ReadOrRefuse(() => site.Machine.Open(group.Plan, site.State!, bytes)), iter: 60, threads: 1);

        var other = new EncryptedGroup(mode, dimension: 71).Through(); // of another size: other parameters in its header
        Assert.Throws<FormatException>(() => site.Machine.Open(group.Plan, site.State!, other.Fold(0, 1, 2).Sent));
        if (mode == EncryptionMode.Threshold)
            Assert.Throws<FormatException>(() => site.Machine.Encrypt(group.Plan, site.State!, MessageList.Join(group.Contributions.Reverse()), group.Masked[0]));
    }

    [Fact]
    public void Key_of_an_earlier_attempt_does_not_open()
    {
        var group = new EncryptedGroup(EncryptionMode.Consortium).Join().Contribute();
        var stolen = group.Contributions[0].Material;
        group.Join(attempt: 2).Contribute();
        var replayed = Sign(group, 0, group.Contributions[0] with { Material = stolen });

        AssertRefused(AggregationFault.ContributionWrong, group, 1, new TakeKey(group.Plan, MessageList.Join([replayed, group.Contributions[1], group.Contributions[2]])), named: 0);
    }

    private static T Sign<T>(EncryptedGroup group, int site, T message)
        where T : SignedMessage => SignedMessage.Sign(message, Consortium.KeyOf(site));

    private static void AssertRefused(AggregationFault fault, EncryptedGroup group, int site, SiteCommand command, int? named = null)
    {
        var entries = group.Sites[site].Log.Count;
        var decision = group.Sites[site].Decide(command);
        Assert.Equal((fault, named is { } name ? Consortium.NameOf(name) : null), (decision.Refusal?.Fault, decision.Refusal?.Named));
        Assert.Null(decision.Reply);
        Assert.Equal(entries, group.Sites[site].Log.Count);
    }

    // Chi-square over 64 classes of the upper bits: of uniform words above 130 with a probability below 1e-6.
    private static void AssertUniform(EncryptionPlan plan, IReadOnlyCollection<ulong> words)
    {
        var counts = new int[64];
        foreach (var word in words)
            counts[(int)(word >> (plan.PlaintextBits - 6))]++;
        var expected = words.Count / 64.0;
        Assert.InRange(counts.Sum(count => (count - expected) * (count - expected) / expected), 0, 130);
    }
}
