using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Studies;

public sealed class KeyRenewalTests : IDisposable
{
    private static readonly SiteId s_site = SiteId.Parse("west");
    private readonly SigningKey[] _keys = [.. Enumerable.Range(0, 4).Select(_ => SigningKey.Create())];

    public void Dispose()
    {
        foreach (var key in _keys)
            key.Dispose();
    }

    [Fact]
    public void Renewals_that_were_written_and_read_lead_from_each_key_to_the_newest_and_back()
    {
        var read = KeyRenewals.Read(KeyRenewals.Write([Renewal(1), Renewal(2), Renewal(3)]))!;

        Assert.Equal([1, 2, 3], read.From(s_site, Key(0)).Select(renewal => renewal.Number));
        Assert.Equal([2, 3], read.From(s_site, Key(1)).Select(renewal => renewal.Number));
        Assert.Equal([1, 2], read.To(s_site, Key(2)).Select(renewal => renewal.Number));
        Assert.Equal(Key(3), read.Newest(s_site, Key(0)));
        Assert.Equal(Key(3), read.Newest(s_site, Key(3)));
        Assert.Equal(_keys.Select(key => key.PublicKey), read.KeysOf(s_site, _keys[3].PublicKey));
        Assert.Empty(read.From(SiteId.Parse("east"), Key(0)));
        Assert.Equal(DateTimeOffset.UnixEpoch.AddDays(1), read.All.First().At);
    }

    [Fact]
    public void Renewals_may_be_learned_in_any_order_and_the_same_twice()
    {
        var renewals = KeyRenewals.None.Add(Renewal(2))!;

        Assert.Same(renewals, renewals.Add(Renewal(2)));
        Assert.Equal(Key(3), renewals.Add(Renewal(1))!.Add(Renewal(3))!.Newest(s_site, Key(0)));
    }

    [Fact]
    public void Second_successor_of_a_key_a_second_predecessor_a_wrong_number_another_site_and_a_way_back_are_refused()
    {
        var renewals = KeyRenewals.None.Add(Renewal(1))!;

        Assert.Null(renewals.Add(Sign(1, 0, 2)));
        Assert.Null(renewals.Add(Sign(2, 2, 1)));
        Assert.Null(renewals.Add(Sign(3, 1, 2)));
        Assert.Null(renewals.Add(Sign(1, 1, 2)));
        Assert.Null(renewals.Add(Sign(2, 1, 0)));
        Assert.Null(renewals.Add(KeyRenewal.Sign(SiteId.Parse("east"), 2, _keys[1], _keys[2], DateTimeOffset.UnixEpoch)));
        Assert.Null(KeyRenewals.None.Add(Sign(2, 1, 2))!.Add(Sign(2, 0, 1)));
        Assert.NotNull(renewals.Add(Renewal(2)));
    }

    [Theory]
    [InlineData("site", "\"east\"")]
    [InlineData("number", "2")]
    [InlineData("number", "0")]
    [InlineData("number", "65")]
    [InlineData("number", "1.5")]
    [InlineData("at", "86401")]
    [InlineData("at", "-1")]
    [InlineData("old", "\"\"")]
    [InlineData("signature", "\"AA==\"")]
    [InlineData("acceptance", "null")]
    [InlineData("more", "1")]
    public void Renewal_of_which_one_field_is_another_is_none(string field, string value)
    {
        var json = Renewal(1).ToJson();
        json[field] = JsonNode.Parse(value);

        Assert.NotNull(KeyRenewal.Read(Renewal(1).ToJson()));
        Assert.Null(KeyRenewal.Read(json));
    }

    [Theory]
    [InlineData("signature")]
    [InlineData("acceptance")]
    public void Renewal_that_either_key_has_not_signed_is_none(string signature)
    {
        var json = Renewal(1).ToJson();
        json[signature] = Sign(1, 2, 3).ToJson()[signature]!.DeepClone();

        Assert.Null(KeyRenewal.Read(json));
    }

    [Fact]
    public void Key_that_renews_to_itself_has_not_renewed_anything() => Assert.Null(KeyRenewal.Read(Sign(1, 0, 0).ToJson()));

    [Fact]
    public void Bytes_of_which_any_is_another_are_no_renewals_and_nothing_throws()
    {
        var whole = KeyRenewals.Write([Renewal(1), Renewal(2)]);
        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte[1, 255], Gen.Bool).Sample((at, by, cut) =>
        {
            var bytes = cut ? whole[..at] : [.. whole];
            if (!cut)
                bytes[at] ^= by;
            Assert.True(cut && at == 0 ? KeyRenewals.Read(bytes) == KeyRenewals.None : KeyRenewals.Read(bytes) is null, Encoding.Latin1.GetString(bytes));
        }, iter: 500);
        Gen.Byte.Array[0, 200].Sample(bytes => KeyRenewals.Read(bytes) is null || bytes.Length == 0 || Encoding.ASCII.GetString(bytes).Trim() == "[]");
    }

    private Sha256Digest Key(int index) => _keys[index].PublicKey.Fingerprint;

    private KeyRenewal Renewal(int number) => Sign(number, number - 1, number);

    private KeyRenewal Sign(int number, int old, int next) => KeyRenewal.Sign(s_site, number, _keys[old], _keys[next], DateTimeOffset.UnixEpoch.AddDays(1));
}
