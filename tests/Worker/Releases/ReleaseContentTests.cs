using System.Text;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using Kind = FederatedClinicalMl.Protos.WorkerPort.StepOrder.Types.Kind;

namespace FederatedClinicalMl.Tests.Worker.Releases;

/// <summary>What releases contained, as long as it is kept. The site keeps contents for 40 days.</summary>
public sealed class ReleaseContentTests : IDisposable
{
    private const string Folder = "contents";
    private const string Prepared = $"{Site.Run}.0.preparation.1";

    private readonly Site _site = new(computer: new Counting());

    public void Dispose() => _site.Dispose();

    [Fact]
    public void Content_of_an_aggregate_is_kept_byte_for_byte_under_its_digest_also_after_the_coordinator_has_it()
    {
        Prepare();
        var ticket = Assert.Single(_site.Core.Held());
        _site.Core.Settle(new SettleRequest { ReleaseDigest = ticket.ReleaseDigest, Outcome = SettleRequest.Types.Outcome.Committed });
        _site.Restart();
        Assert.Empty(_site.Outgoing);

        var shown = _site.Core.Contents.Show(Prepared);

        Assert.Equal(Counting.Counts, shown.Content);
        Assert.Equal(Sha256Digest.Of(Counting.Counts), shown.Release.Head.Manifest.PayloadDigest);
        Assert.Equal((Prepared, "", new DateOnly(2027, 1, 3)), (shown.Release.Step.ToString(), shown.Why, shown.LastDay));
        Assert.Equal(Counting.Counts, _site.Core.Contents.Show(Sha256Digest.Of(Counting.Counts).ToString()).Content);
    }

    [Fact]
    public void Content_lies_sealed_in_the_workers_own_folder()
    {
        Prepare();
        var raw = Raw();
        Assert.Equal(-1, raw.AsSpan().IndexOf(Counting.Counts.AsSpan(0, 16)));
        Assert.Empty(_site.Exchange.List(Folder));
    }

    [Fact]
    public void Update_and_message_are_described_by_their_manifest_and_not_kept()
    {
        _site.Approve();
        _site.Release(Site.Order());

        var shown = _site.Core.Contents.Show($"{Site.Run}.1.training.1");

        Assert.Null(shown.Content);
        Assert.Null(shown.LastDay);
        Assert.Contains("a vector of 500 numbers (float32)", shown.Why, StringComparison.Ordinal);
        Assert.Empty(_site.Disk.List(Folder));
    }

    [Fact]
    public void Worker_that_is_killed_at_any_point_of_a_release_has_the_content_of_whatever_could_leave()
    {
        KillPoints.Each(
            site => site.Approve(),
            site => site.Release(Site.Order(Kind.Preparation)),
            (site, finished) =>
            {
                site.Core.Contents.Erase();
                var released = site.Core.State.Releases.Values.ToList();
                Assert.True(released.Count == 1 || !finished);
                Assert.Equal(released.Count, site.Disk.List(Folder).Count); // nor is anything left of what was not logged
                Assert.All(released, release => Assert.Equal(Counting.Counts, site.Core.Contents.Show(release.Step.ToString()).Content));
                site.Release(Site.Order(Kind.Preparation));
                Assert.Equal(Counting.Counts, site.Core.Contents.Show(Prepared).Content);
            },
            computer: new Counting());
    }

    [Fact]
    public void Content_for_which_there_is_no_room_keeps_its_release_from_the_log_and_from_leaving_until_there_is()
    {
        _site.Approve();
        _site.Disk.Capacity = _site.Disk.Used + (Counting.Counts.Length / 2); // much more than an entry of the log has

        Assert.Equal(Reason.StorageFull, _site.Decline(Site.Order(Kind.Preparation)));

        Assert.DoesNotContain(WorkerEntries.Released, _site.Kinds);
        Assert.Empty(_site.Outgoing);
        Assert.Empty(_site.Disk.List(Folder));
        _site.Disk.Capacity = null;
        _site.Release(Site.Order(Kind.Preparation));
        Assert.Equal(Counting.Counts, _site.Core.Contents.Show(Prepared).Content);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Content_that_was_changed_is_said_to_be_and_is_not_shown(bool underTheKey)
    {
        Prepare();
        if (underTheKey)
        {
            var other = (byte[])Counting.Counts.Clone();
            other[^3] ^= 1;
            DurableFile.Write(new SealedDisk(_site.Disk, new byte[SealedDisk.KeyLength], ""), NameOf(), other);
        }
        else
        {
            var raw = Raw();
            raw[^1] ^= 1;
            DurableFile.Write(_site.Disk, NameOf(), raw);
        }

        var shown = _site.Core.Contents.Show(Prepared);

        Assert.Null(shown.Content);
        Assert.Contains("changed", shown.Why, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("contents/", shown.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Content_is_kept_through_its_last_day_and_a_later_release_of_the_same_keeps_it_longer()
    {
        Prepare();
        _site.Time.Advance(TimeSpan.FromDays(10));
        _site.Release(Site.Order(Kind.Preparation, run: Site.AnotherRun));
        _site.Time.SetUtcNow(new DateTimeOffset(2027, 1, 4, 0, 0, 0, TimeSpan.Zero)); // the day after the first's last
        _site.Core.Contents.Erase();
        Assert.Equal(Counting.Counts, _site.Core.Contents.Show($"{Site.AnotherRun}.0.preparation.1").Content);

        _site.Time.SetUtcNow(new DateTimeOffset(2027, 1, 13, 23, 59, 59, TimeSpan.Zero));
        _site.Core.Contents.Erase();
        Assert.Single(_site.Disk.List(Folder));
        _site.Time.Advance(TimeSpan.FromSeconds(1));
        _site.Core.Contents.Erase();

        Assert.Empty(_site.Disk.List(Folder));
        Assert.Equal("The content was kept through 2027-01-03 (keep-contents-days in worker.yaml), and is removed.", _site.Core.Contents.Show(Prepared).Why);
        Assert.Contains(WorkerEntries.Released, _site.Kinds);
    }

    [Fact]
    public void Content_that_is_gone_before_its_days_are_over_is_said_to_be_missing()
    {
        Prepare();
        _site.Disk.Delete(NameOf());

        Assert.Contains("'site-worker replay'", _site.Core.Contents.Show(Prepared).Why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("../audit.log")]
    [InlineData($"{Site.Run}.0.preparation.2")]
    [InlineData("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    public void What_was_not_released_is_not_shown(string named)
    {
        Prepare();
        Assert.Contains("'site-worker audit show'", Assert.Throws<StewardException>(() => _site.Core.Contents.Show(named)).Message, StringComparison.Ordinal);
    }

    private static string NameOf() => $"{Folder}/{Sha256Digest.Of(Counting.Counts)}.json";

    private void Prepare()
    {
        _site.Approve();
        _site.Release(Site.Order(Kind.Preparation));
    }

    private byte[] Raw() => DurableFile.Read(_site.Disk, NameOf());

    /// <summary>Counts that are long enough to have several of the simulated disk's blocks; updates as <see cref="FakeComputer"/> has them.</summary>
    private sealed class Counting : IStepComputer
    {
        public static readonly byte[] Counts = CanonicalJson.Write(new JsonObject { ["counts"] = new JsonArray([.. Enumerable.Range(20, 4000).Select(count => (JsonNode)count)]) });

        public StepComputation Compute(StepRequest request, CancellationToken cancel)
        {
            var computed = new FakeComputer().Compute(request, cancel);
            return computed.Encoding == ReleaseManifest.JsonEncoding ? computed with { Payload = Counts } : computed;
        }
    }
}
