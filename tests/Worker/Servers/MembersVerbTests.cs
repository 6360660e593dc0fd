using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Worker.Members;

namespace FederatedClinicalMl.Tests.Worker.Servers;

/// <summary><c>site-worker members</c> over the real socket.</summary>
public sealed class MembersVerbTests : IAsyncLifetime
{
    private RunningWorker _worker = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _worker = await RunningWorker.StartAsync();

    public ValueTask DisposeAsync() => _worker.DisposeAsync();

    [Fact]
    public async Task Steward_reads_the_own_key_out_and_confirms_what_the_others_read_out_in_groups_or_in_one()
    {
        using var key = SigningKey.FromPem(await File.ReadAllTextAsync(_worker.Folder.Key, Stop));
        Assert.Equal(key.PublicKey.Fingerprint.ToString(), (await ShowAsync()).Fingerprint);

        Assert.Equal(0, await RunAsync(["confirm", "south", .. FingerprintText.Write(MaskedStudy.KeyOf("south")).Split(' '), "--steward", "grace", "--note", "telephone"]));
        Assert.Equal(0, await RunAsync(["confirm", "west", MaskedStudy.KeyOf("west").ToString(), "--json"]));
        Assert.Equal(1, await RunAsync(["confirm", "west", MaskedStudy.KeyOf("west").ToString()[..40]]));
        Assert.Equal(0, await RunAsync(["show"]));

        Assert.Equal(
            [("south", MaskedStudy.KeyOf("south").ToString()), ("west", MaskedStudy.KeyOf("west").ToString())],
            (await ShowAsync()).Confirmed.Select(confirmed => (confirmed.Site, confirmed.Fingerprint)));
    }

    [Fact]
    public void Table_prints_fingerprints_in_groups_and_says_in_words_who_is_not_confirmed()
    {
        using var site = new Site();
        site.Core.Offer(Site.OfferOf(MaskedStudy.For(site)));
        using var text = new StringWriter();

        MembersTable.Write(text, new MemberDesk(site.Core, new WorkerIdentity(Site.Name, site.Key, Site.Secret, "1.0.0")).Show());

        Assert.Contains($"this site, north:{Environment.NewLine}  {FingerprintText.Write(site.Key.PublicKey.Fingerprint)}", text.ToString().ReplaceLineEndings(), StringComparison.Ordinal);
        Assert.Contains($"{FingerprintText.Write(MaskedStudy.KeyOf("west"))}  NOT CONFIRMED", text.ToString(), StringComparison.Ordinal);
    }

    private async Task<MembersReply> ShowAsync() => await _worker.Steward.ShowMembersAsync(new ShowMembersRequest(), cancellationToken: Stop);

    private Task<int> RunAsync(string[] words) => CommandLine.RunAsync(["members", .. words, "--data", _worker.Folder.Root]);
}
