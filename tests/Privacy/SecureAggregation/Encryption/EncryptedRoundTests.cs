using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class EncryptedRoundTests
{
    [Theory]
    [InlineData(EncryptionMode.Consortium, 2, 1)]
    [InlineData(EncryptionMode.Consortium, 5, 9000)]
    [InlineData(EncryptionMode.Threshold, 2, 1)]
    [InlineData(EncryptionMode.Threshold, 5, 9000)]
    public void Sum_of_all_members_is_exact(EncryptionMode mode, int count, int dimension)
    {
        var group = new EncryptedGroup(mode, count, dimension).Through();
        var everybody = Enumerable.Range(0, count).ToArray();

        Assert.Equal(group.Expected(everybody), group.Open(group.Fold(everybody)));
    }

    [Theory]
    [InlineData(EncryptionMode.Consortium)]
    [InlineData(EncryptionMode.Threshold)]
    public void What_is_asked_again_is_the_same_bytes(EncryptionMode mode)
    {
        var group = new EncryptedGroup(mode).Through();
        var (site, sum) = (group.Sites[1], group.Fold(0, 1, 2).Sent);
        var answered = site.Decide(new SealOpened(Sha256Digest.Of(sum), Sha256Digest.Of(site.Machine.Open(group.Plan, site.State!, sum)))).Reply!;
        var entries = site.Log.Count;

        Assert.Equal(group.Roster.Keys[1].Encode(), site.Decide(new JoinAttempt(group.Terms, site.Inputs, group.Plan)).Reply!.Encode());
        Assert.Equal(group.Contributions[1].Encode(), site.Decide(new ContributeKey(group.Plan, group.Roster)).Reply!.Encode());
        Assert.Null(site.Decide(new TakeKey(group.Plan, group.Delivery)).Refusal);
        Assert.Equal(group.Uploads[1], site.Machine.Encrypt(group.Plan, site.State!, group.Delivery, group.Mask(site)));
        Assert.True(answered.IsSameAs(site.Decide(new SealOpened(Sha256Digest.Of(sum), Sha256Digest.Of(site.Machine.Open(group.Plan, site.State!, sum)))).Reply));
        Assert.Equal(entries, site.Log.Count);
    }

    [Theory]
    [InlineData(EncryptionMode.Consortium)]
    [InlineData(EncryptionMode.Threshold)]
    public void Another_attempt_has_other_keys_and_masks_and_the_same_sum(EncryptionMode mode)
    {
        var group = new EncryptedGroup(mode).Through();
        var (first, masked) = (group.Open(group.Fold(0, 1, 2)), group.Masked[0]);
        var (key, upload) = (group.Contributions[0].Material.ToArray(), group.Uploads[0]);

        group.Join(attempt: 2).Contribute().Take().Encrypt();

        Assert.NotEqual(key, group.Contributions[0].Material.ToArray());
        Assert.NotEqual(masked, group.Masked[0]);
        Assert.NotEqual(upload, group.Uploads[0]);
        Assert.Equal(first, group.Open(group.Fold(0, 1, 2)));
    }

    [Fact]
    public void Bytes_of_every_message_and_entry_are_read_back_as_they_are()
    {
        foreach (var mode in Enum.GetValues<EncryptionMode>())
        {
            var group = new EncryptedGroup(mode).Through();
            var sum = group.Fold(0, 1, 2).Sent;
            var opened = group.Sites[0].Decide(new SealOpened(Sha256Digest.Of(sum), Sha256Digest.Of(sum))).Reply!;

            Assert.Equal(DecryptedSum.Length, opened.Encode().Length);
            Assert.All([.. group.Roster.Keys, .. group.Contributions, opened], message => Assert.True(message.IsSameAs(AggregationMessage.Read(message.Encode()))));
            Assert.All(group.Sites[0].Log, entry => Assert.Equal(entry, SiteEntry.Read(entry)!.Encode()));
            Assert.Equal(group.Contributions.Length, MessageList.Split<KeyContribution>(group.Delivery)!.Value.Length);
            Assert.Null(MessageList.Split<KeyContribution>(group.Delivery.AsSpan(..^1)));
        }
    }

    [Theory]
    [InlineData(EncryptionMode.Consortium)]
    [InlineData(EncryptionMode.Threshold)]
    public void Bytes_are_held_against_their_layout_in_whatever_pieces_they_come(EncryptionMode mode)
    {
        var group = new EncryptedGroup(mode, dimension: 5000).Through();
        foreach (var piece in new[] { 1, 47, 49, 100_000, int.MaxValue })
            Assert.True(Passes(group.Plan.Upload, group.Uploads[0], piece));
        Assert.Equal(group.Plan.Upload.Length, group.Uploads[0].Length);

        Assert.False(Passes(group.Plan.Upload, [.. group.Uploads[0][..8], 1, .. group.Uploads[0][9..]], 100)); // another dimension
        Assert.False(Passes(group.Plan.Upload, [.. group.Uploads[0][..60], .. Enumerable.Repeat<byte>(0xFF, 200), .. group.Uploads[0][260..]], 100)); // residues beyond their primes
    }

    private static bool Passes(PackedLayout layout, byte[] bytes, int piece)
    {
        var check = new PackedCheck(layout);
        for (var at = 0; at < bytes.Length; at += Math.Min(piece, bytes.Length))
        {
            if (!check.Take(bytes.AsSpan(at, Math.Min(piece, bytes.Length - at))))
                return false;
        }

        return true;
    }
}
