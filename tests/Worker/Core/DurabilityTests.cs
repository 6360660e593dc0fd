using System.Text;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Worker.Core;

public sealed class DurabilityTests : IDisposable
{
    private readonly Site _site = new();

    public void Dispose() => _site.Dispose();

    [Fact]
    public void Worker_that_is_killed_at_any_point_of_a_release_gives_the_same_one_for_the_same_order()
    {
        ReleaseTicket? before = null;
        KillPoints.Each(
            site =>
            {
                site.Approve();
                before = null;
            },
            site => before = site.Release(Site.Order()),
            (site, finished) =>
            {
                var logged = site.Core.State.Releases.Values.SingleOrDefault();
                Assert.All(site.Outgoing, name => Assert.Equal(logged!.Step + ".release", name));
                Assert.True(!finished || before!.Equals(site.Core.Held().Single())); // a ticket that was handed out is good for ever

                var ticket = site.Release(Site.Order());

                if (logged is not null)
                    Assert.Equal(logged.Head.Digest.Span, ticket.ReleaseDigest.Span);
                Assert.Equal(1, site.Kinds.Count(kind => kind == WorkerEntries.Released));
                IsWhole(site, ticket);
            },
            beforeStart: site =>
            {
                // The entry comes first, on the disks too: what lies here is what a gateway could send.
                if (site.Outgoing.Any(name => name.EndsWith(".release", StringComparison.Ordinal)))
                    Assert.Contains(LineLog.Read(site.Disk, WorkerCore.LogPath, out _), line => Encoding.UTF8.GetString(line.Span).Contains("\"kind\":\"released\"", StringComparison.Ordinal));
            });
    }

    [Fact]
    public void Worker_that_is_killed_while_it_recovers_recovers_the_next_time()
    {
        KillPoints.Each(
            site =>
            {
                site.Approve();
                site.Release(Site.Order());
                site.Kill(powerLoss: false);
            },
            site => site.Start(),
            (site, _) => IsWhole(site, Assert.Single(site.Core.Held())));
    }

    [Fact]
    public void Worker_that_is_killed_at_any_point_of_settling_has_no_file_of_what_its_log_calls_settled()
    {
        ReleaseTicket ticket = new();
        KillPoints.Each(
            site =>
            {
                site.Approve();
                ticket = site.Release(Site.Order());
            },
            site => Settle(site, ticket),
            (site, finished) =>
            {
                var settled = site.Kinds.Contains(WorkerEntries.Settled);
                Assert.True(settled || !finished);
                Assert.Equal(settled ? [] : [ticket.File], site.Outgoing);
                Settle(site, ticket);
                Assert.Empty(site.Outgoing);
                Assert.Equal(1, site.Kinds.Count(kind => kind == WorkerEntries.Settled));
            });
    }

    [Fact]
    public void Worker_that_is_killed_while_it_takes_a_study_over_has_the_whole_study_of_every_entry()
    {
        KillPoints.Each(
            _ => { },
            site => site.Approve(),
            (site, finished) =>
            {
                Assert.All(site.Core.State.Studies.Keys, study => Assert.NotNull(site.Core.StudyOf(study)));
                Assert.True(!finished || site.Core.State.Studies[Site.Study.Digest].Decision == Decision.Approved);
                site.Approve();
                Assert.NotNull(site.Release(Site.Order()));
            });
    }

    [Fact]
    public void File_that_the_log_does_not_have_is_removed_at_the_start()
    {
        _site.Approve();
        var ticket = _site.Release(Site.Order());
        var bytes = _site.FileOf(ticket);
        Write($"{Site.AnotherRun}.1.training.1.release", bytes);
        Write(ticket.File.Replace(".1.release", ".2.release", StringComparison.Ordinal), bytes);
        Write(ticket.File + ".tmp", bytes);
        Write("notes.txt", bytes);

        _site.Restart();

        Assert.Equal([ticket.File], _site.Outgoing);
        _site.Restart();
        Assert.Equal([ticket.File], _site.Outgoing);
    }

    [Fact]
    public void File_that_the_log_says_is_settled_is_removed_at_the_start()
    {
        _site.Approve();
        var ticket = _site.Release(Site.Order());
        var bytes = _site.FileOf(ticket);
        Settle(_site, ticket);
        Write(ticket.File, bytes);

        _site.Restart();

        Assert.Empty(_site.Outgoing);
        Assert.Empty(_site.Core.Held());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(200)]
    [InlineData(-1)]
    public void File_of_which_a_byte_changed_is_removed_at_the_start_and_made_again(int at)
    {
        _site.Approve();
        var ticket = _site.Release(Site.Order());
        var bytes = _site.FileOf(ticket);
        bytes[at < 0 ? ^1 : at] ^= 1;
        Write(ticket.File, bytes);

        _site.Restart();

        Assert.Empty(_site.Outgoing);
        Assert.Equal(ticket, _site.Release(Site.Order()));
        IsWhole(_site, ticket);
    }

    [Fact]
    public void Nothing_of_a_release_lies_in_the_open_between_worker_and_gateway()
    {
        _site.Approve();
        var ticket = _site.Release(Site.Order());

        var raw = DurableFile.Read(_site.Exchange, $"{ExchangePaths.Outgoing}/{ticket.File}");

        Assert.True(_site.FileOf(ticket).AsSpan().IndexOf(FakeComputer.PayloadOf(1).AsSpan(0, 16)) > 0);
        Assert.Equal(-1, raw.AsSpan().IndexOf(FakeComputer.PayloadOf(1).AsSpan(0, 16)));
        Assert.Equal(-1, raw.AsSpan().IndexOf("manifest"u8));
        Assert.Equal(-1, raw.AsSpan().IndexOf(Encoding.UTF8.GetBytes(Site.Run)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void File_of_another_key_or_of_none_is_removed_at_the_start_and_made_again(bool isSealed)
    {
        _site.Approve();
        var ticket = _site.Release(Site.Order());
        var bytes = _site.FileOf(ticket);
        var disk = isSealed ? new OutboxKey([.. Enumerable.Repeat((byte)1, SealedDisk.KeyLength)]).Seal(_site.Exchange) : _site.Exchange;
        DurableFile.Write(disk, $"{ExchangePaths.Outgoing}/{ticket.File}", bytes);

        _site.Restart();

        Assert.Empty(_site.Outgoing);
        Assert.Equal(ticket, _site.Release(Site.Order()));
        Assert.Equal(bytes, _site.FileOf(ticket));
    }

    [Fact]
    public void Release_whose_file_is_gone_and_that_can_no_longer_be_made_alike_is_declined_and_its_next_attempt_made()
    {
        _site.Approve();
        var ticket = _site.Release(Site.Order());
        _site.Exchange.Delete($"{ExchangePaths.Outgoing}/{ticket.File}");
        _site.Core.SetExclusions(["patient-1"], "grace");

        Assert.Equal(Reason.TrainingFailed, _site.Decline(Site.Order()));
        Assert.Empty(_site.Outgoing);
        Assert.NotNull(_site.Release(Site.Order(attempt: 2)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Full_disk_is_said_in_a_closed_word_nothing_half_written_leaves_and_room_mends_it(bool exchange)
    {
        _site.Approve();
        var disk = exchange ? _site.Exchange : _site.Disk;
        disk.Capacity = disk.Used + 100;

        Assert.Equal(Reason.StorageFull, _site.Decline(Site.Order()));
        Assert.Equal(Reason.StorageFull, _site.Decline(Site.Order()));
        Assert.Empty(_site.Core.Held());
        Assert.Empty(_site.Outgoing);

        disk.Capacity = null;
        IsWhole(_site, _site.Release(Site.Order()));
        Assert.Equal(1, _site.Kinds.Count(kind => kind == WorkerEntries.Released));
        _site.Restart();
        IsWhole(_site, Assert.Single(_site.Core.Held()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Disk_that_fails_at_any_operation_of_a_release_is_said_in_a_closed_word_and_the_next_order_mends_it(bool exchange)
    {
        for (var (operation, failed) = (0, true); failed; operation++)
        {
            using var site = new Site();
            site.Approve();
            var disk = exchange ? site.Exchange : site.Disk;
            var at = disk.Operations + operation;
            disk.FailsAt = number => number == at;

            var result = site.Core.Perform(Site.Order());

            failed = result.BodyCase == StepResult.BodyOneofCase.Declined;
            Assert.True(!failed || result.Declined == Reason.StorageFull);
            disk.FailsAt = null;
            IsWhole(site, site.Release(Site.Order()));
            Assert.Equal(1, site.Kinds.Count(kind => kind == WorkerEntries.Released));
            site.Restart();
            IsWhole(site, Assert.Single(site.Core.Held()));
        }
    }

    [Fact]
    public void Study_that_a_full_disk_kept_out_is_taken_over_when_there_is_room()
    {
        _site.Disk.Capacity = _site.Disk.Used + 100;
        Assert.Throws<IOException>(() => _site.Core.Offer(Site.OfferOf(Site.Study)));
        Assert.Empty(_site.Kinds);

        _site.Disk.Capacity = null;
        _site.Approve();
        Assert.NotNull(_site.Release(Site.Order()));
    }

    private static void Settle(Site site, ReleaseTicket ticket) =>
        site.Core.Settle(new SettleRequest { ReleaseDigest = ticket.ReleaseDigest, Outcome = SettleRequest.Types.Outcome.Committed });

    // Everything that a coordinator checks: head, signature, and the payload's digest; and that the log has the head to the byte.
    private static void IsWhole(Site site, ReleaseTicket ticket)
    {
        var file = site.FileOf(ticket);
        var head = ReleaseHead.Read(file);
        Assert.Equal(ticket.ReleaseDigest.Span, head.Digest.Span);
        Assert.True(head.IsSignedBy(site.Key.PublicKey));
        Assert.Equal(ticket.Length, (ulong)file.Length);
        Assert.Equal(FakeComputer.PayloadOf((int)ticket.Round), file[head.Bytes.Length..]);
        Assert.Equal(head.Manifest.PayloadDigest, Sha256Digest.Of(file.AsSpan(head.Bytes.Length)));
        Assert.Equal(head.Bytes.ToArray(), site.Core.State.Releases[head.Manifest.Step].Head.Bytes.ToArray());
    }

    private void Write(string name, byte[] bytes) => DurableFile.Write(_site.Outbox, $"{ExchangePaths.Outgoing}/{name}", bytes);
}
