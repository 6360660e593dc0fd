using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Worker.Ledger;

public sealed class HeadStatementTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(17)]
    [InlineData(18)]
    [InlineData(100)]
    [InlineData(MemberList.MaximumCount)]
    public void Every_member_is_spoken_of_by_as_many_others_in_each_round_and_by_all_within_the_rounds_that_the_page_says(int members)
    {
        var rounds = Math.Max(1, (members - 2 + HeadStatements.MostOthers) / HeadStatements.MostOthers);
        var spoken = new HashSet<(int By, int Of)>();
        for (var round = 1; round <= rounds; round++)
        {
            var named = Enumerable.Range(0, members).Select(me => (Me: me, Others: HeadStatements.Named(members, me, new RoundNumber(round)).ToArray())).ToArray();
            Assert.All(named, one => Assert.Equal(Math.Min(HeadStatements.MostOthers, members - 1), one.Others.Distinct().Count(other => other != one.Me && other < members)));
            Assert.Single(named.SelectMany(one => one.Others).GroupBy(other => other).Select(group => group.Count()).Distinct());
            spoken.UnionWith(named.SelectMany(one => one.Others.Select(other => (one.Me, other))));
        }

        Assert.Equal(members * (members - 1), spoken.Count);
        Assert.Equal(members - 1, HeadStatements.Named(members, 0, new RoundNumber(int.MaxValue)).Concat(Enumerable.Range(1, members - 1)).Distinct().Count());
    }

    [Fact]
    public void Statements_are_read_back_fit_an_attachment_and_stand_in_one_order()
    {
        using var key = SigningKey.Create();
        var members = MemberList.Of(Enumerable.Range(0, 40).Select(i => new Member(SiteId.Parse($"site-{i:00}"), Sha256Digest.Of([(byte)i]))));
        var said = HeadStatements.Named(40, 5, new RoundNumber(1)).Append(5)
            .Select(member => (member, SignedHead.Sign(members.Members[member].Site, new LedgerHead(member + 1, Sha256Digest.Of([(byte)member])), key))).ToArray();

        var bytes = HeadStatements.Write(said);
        var read = HeadStatements.Read(bytes, members)!.Value;

        Assert.True(bytes.Length <= KeyAdvertisement.LongestAttachment);
        Assert.Equal(Enumerable.Range(5, 17), read.Select(one => one.Member));
        Assert.All(read, one => Assert.True(one.Head.IsBy(key.PublicKey)));
        Assert.Equal(bytes, HeadStatements.Write(read.Reverse()));
        Assert.Null(HeadStatements.Read(bytes.AsSpan(..^1), members));
        Assert.Null(HeadStatements.Read([.. bytes.AsSpan(105, 105), .. bytes.AsSpan(0, 105)], members));
    }
}
