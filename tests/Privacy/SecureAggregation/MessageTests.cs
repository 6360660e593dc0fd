using CsCheck;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class MessageTests
{
    private static readonly (AggregationMessage[] Messages, byte[][] Entries, ServerState[] Stages) Sample = Collect();

    [Fact]
    public void Every_kind_of_message_and_entry_is_read_back_as_the_same_bytes()
    {
        Assert.Equal(9, Sample.Messages.Select(message => message.GetType()).Distinct().Count());
        Assert.All(Sample.Messages, message => Assert.Equal(message.Encode(), AggregationMessage.Read(message.Encode())!.Encode()));
        Assert.Equal(6, Sample.Entries.Length);
        Assert.All(Sample.Entries, entry => Assert.Equal(entry, SiteEntry.Read(entry)!.Encode()));
    }

    [Fact]
    public void Bytes_that_are_not_exactly_one_message_are_none()
    {
        foreach (var bytes in Sample.Messages.Select(message => message.Encode()))
        {
            Assert.Null(AggregationMessage.Read([.. bytes, 0]));
            Assert.Null(AggregationMessage.Read(bytes.AsSpan(..^1)));
        }

        Assert.Null(AggregationMessage.Read([]));
        Assert.Null(AggregationMessage.Read(new byte[AggregationMessage.MaximumLength + 1]));
        Assert.Null(AggregationMessage.Read([1, 6, 0xFF, 0xFF])); // a list of 65535, and nothing in it
        var list = Sample.Messages.OfType<KeyRoster>().First().Encode();
        Assert.Null(AggregationMessage.Read([1, 6, 0, 1, .. BitConverter.GetBytes(list.Length).Reverse(), .. list])); // a list in a list
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(KeyAdvertisement.LongestAttachment, 0)]
    [InlineData(1, Sha256Digest.Length)]
    public void Keys_are_read_back_with_what_is_attached_and_with_a_commitment(int attached, int committed)
    {
        var keys = Keys(attached) with { Commitment = new byte[committed] };

        var read = (KeyAdvertisement)AggregationMessage.Read([.. keys.Encode(), .. new byte[SignedMessage.SignatureLength]])!;

        Assert.Equal((attached, committed), (read.Attachment.Length, read.Commitment.Length));
    }

    [Theory]
    [InlineData(KeyAdvertisement.LongestAttachment + 1, 0)]
    [InlineData(1, 1)]
    [InlineData(1, Sha256Digest.Length + 1)]
    public void Keys_with_more_attached_or_with_half_a_commitment_are_none(int attached, int committed) =>
        Assert.Null(AggregationMessage.Read([.. (Keys(attached) with { Commitment = new byte[committed] }).Encode(), .. new byte[SignedMessage.SignatureLength]]));

    [Fact]
    public void Rosters_of_the_most_members_with_the_longest_attachments_are_messages()
    {
        var roster = new KeyRoster([.. Enumerable.Range(0, MemberList.MaximumCount).Select(_ => SignedMessage.Sign(Keys(KeyAdvertisement.LongestAttachment), Consortium.KeyOf(0)))]);

        Assert.True(roster.Encode().Length <= AggregationMessage.MaximumLength);
        Assert.True(roster.IsSameAs(AggregationMessage.Read(roster.Encode())));
    }

    [Fact]
    public void Attachment_is_under_the_workers_signature()
    {
        var keys = SignedMessage.Sign(Keys(3), Consortium.KeyOf(0));

        Assert.True(keys.IsSignedBy(Consortium.KeyOf(0).PublicKey));
        Assert.False((keys with { Attachment = default }).IsSignedBy(Consortium.KeyOf(0).PublicKey));
        Assert.False((keys with { Attachment = new byte[4] }).IsSignedBy(Consortium.KeyOf(0).PublicKey));
    }

    [Fact]
    public void Changed_bytes_never_throw_and_read_in_one_form_only() =>
        Gen.Select(Of(Sample.Messages), Changes).Sample((message, changes) =>
        {
            var bytes = Changed(message.Encode(), changes);
            if (AggregationMessage.Read(bytes) is { } read)
                Assert.Equal(bytes, read.Encode());
        }, iter: 20_000);

    [Fact]
    public void Changed_entries_never_throw_and_read_in_one_form_only() =>
        Gen.Select(Of(Sample.Entries), Changes).Sample((entry, changes) =>
        {
            var bytes = Changed(entry, changes);
            if (SiteEntry.Read(bytes) is { } read)
                Assert.Equal(bytes, read.Encode());
        }, iter: 20_000);

    [Fact]
    public void Changed_messages_are_refused_by_site_and_coordinator_and_never_throw()
    {
        var requests = new Consortium(4);
        Gen.Select(Gen.Int[1, 4], Of(Sample.Messages), Changes).Sample((stage, message, changes) =>
        {
            if (AggregationMessage.Read(Changed(message.Encode(), changes)) is not { } read || read.IsSameAs(message))
                return;
            Assert.All(Sample.Stages, state => Assert.True(ServerMachine.Decide(state, new TakeMessage(read)) is { Refusal: not null, Events: [] }));
            SiteCommand? command = read switch
            {
                KeyRoster m => new ShareSecrets(m),
                ShareBatch m => new TakeShares(m),
                SurvivorSet m => new SignSurvivors(m),
                SurvivorProof m => new GiveShares(m),
                _ => null,
            };
            var site = new TestSite(0, 0);
            site.Log.AddRange(Sample.Entries.Take(stage));
            if (command is not null && site.State is { } state)
                Assert.True(site.Machine.Decide(state, command) is { Refusal: not null, Entry: null, Reply: null });
        }, iter: 1500, threads: 2);
    }

    private static KeyAdvertisement Keys(int attached) => new(
        default, 0, new byte[KeyAdvertisement.SigningKeyLength], new byte[64], new byte[64], default, new byte[attached]);

    private static Gen<T> Of<T>(T[] items) => Gen.Int[0, items.Length - 1].Select(i => items[i]);

    private static Gen<(int At, byte Value)[]> Changes => Gen.Select(Gen.Int[0, int.MaxValue], Gen.Byte).Array[1, 4];

    private static byte[] Changed(byte[] bytes, (int At, byte Value)[] changes)
    {
        var changed = bytes.ToArray();
        foreach (var (at, value) in changes)
            changed[at % Math.Min(changed.Length, at % 3 == 0 ? 8 : changed.Length)] = value; // every third in the head, where counts and kinds are
        return changes[0].At % 5 == 0 ? changed[..(changes[0].At % changed.Length)] : changed;
    }

    private static (AggregationMessage[], byte[][], ServerState[]) Collect()
    {
        var consortium = new Consortium(4);
        var (messages, stages) = (new List<AggregationMessage>(), new List<ServerState>());
        for (var stage = 1; stage <= 5; stage++)
        {
            stages.Add(consortium.Server);
            if (consortium.Server.RequestFor(0) is { } request)
                messages.Add(request);
            consortium.Stage(_ => true);
            messages.AddRange(consortium.Server.Of((AggregationStage)stage).Values.Take(2));
        }

        messages.Add(consortium.Sites[0].State!.Shares!.Shares[0]);
        return ([.. messages], [.. consortium.Sites[0].Log], [.. stages]);
    }
}
