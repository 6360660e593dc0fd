using System.Text.Json.Nodes;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Worker.Core;

public sealed class BrokenLogTests : IDisposable
{
    private static readonly string s_step = $"{Site.Run}.1.training.1";

    private readonly Site _site = new();
    private readonly ReleaseTicket _ticket;

    public BrokenLogTests()
    {
        _site.Approve();
        _ticket = _site.Release(Site.Order());
    }

    public static TheoryData<string, string> Contradictions => new()
    {
        { "study-loved", "{}" },
        { WorkerEntries.StudyApproved, $$"""{"study":"{{new string('0', 64)}}","steward":"grace","note":""}""" },
        { WorkerEntries.StudyApproved, "{}" },
        { WorkerEntries.StudyWithdrawn, """{"study":"none"}""" },
        { WorkerEntries.Settled, $$"""{"step":"{{Site.Run}}.2.training.1","digest":"","outcome":"committed"}""" },
        { WorkerEntries.Settled, """{"step":"none","digest":"","outcome":"committed"}""" },
        { WorkerEntries.ExclusionsSet, """{"steward":"grace","patients":["patient-1"]}""" },
    };

    public void Dispose() => _site.Dispose();

    [Fact]
    public void Broken_log_is_the_answer_to_everything_and_every_file_stays_as_it_is()
    {
        var log = FlipAByte();

        Assert.NotNull(_site.Core.Broken);
        Assert.Equal(Reason.LogBroken, _site.Core.Offer(Site.OfferOf(Site.Study)).Reason);
        Assert.Equal(Reason.LogBroken, _site.Core.Offer(Site.OfferOf(Site.AnotherStudy)).Reason);
        Assert.Equal(Reason.LogBroken, _site.Core.Offer(Site.OfferOf(Site.Study, withdrawn: true)).Reason);
        Assert.Equal(Reason.LogBroken, _site.Decline(Site.Order()));
        Assert.Equal(Reason.LogBroken, _site.Decline(Site.Order(round: 2)));
        Assert.Empty(_site.Core.Held());
        Assert.Empty(_site.Core.Statuses());
        Assert.Throws<StewardException>(() => _site.Core.Settle(new SettleRequest { ReleaseDigest = _ticket.ReleaseDigest }));
        Assert.Equal([_ticket.File], _site.Outgoing);
        Assert.Equal(log, _site.LogFile);
        Assert.Equal(1, _site.Computer.Computed);
    }

    [Fact]
    public void Stewards_verbs_say_which_entry_is_broken_and_what_to_do()
    {
        FlipAByte();
        foreach (var verb in (Action[])[
            () => _site.Core.Approve(Site.Study.Digest, "grace", ""), () => _site.Core.Refuse(Site.Study.Digest, "grace", ""),
            () => _site.Core.Revoke(Site.Study.Digest, "grace", ""), () => _site.Core.SetExclusions(["patient-1"], "grace"), () => _site.Core.Log(1)])
        {
            var why = Assert.Throws<StewardException>(verb).Message;
            Assert.Contains("entry 2", why, StringComparison.Ordinal);
            Assert.Contains("restore the log from a backup", why, StringComparison.Ordinal);
        }

        Assert.False(_site.Core.VerifyLog().Intact);
    }

    [Theory]
    [MemberData(nameof(Contradictions))]
    public void Entry_that_is_unknown_or_contradicts_those_before_it_breaks_the_log_though_its_signature_is_right(string kind, string body)
    {
        _site.Kill();
        Append(kind, JsonNode.Parse(body)!.AsObject());

        _site.Start();

        Assert.Equal(4, _site.Core.Broken!.Sequence);
        Assert.Equal(Reason.LogBroken, _site.Decline(Site.Order()));
        Assert.Equal([_ticket.File], _site.Outgoing);
    }

    [Fact]
    public void Second_release_of_a_step_breaks_the_log()
    {
        var released = _site.Entries[^1]["body"]!.DeepClone().AsObject();
        _site.Kill();
        Append(WorkerEntries.Released, released);

        _site.Start();

        Assert.Contains(s_step, _site.Core.Broken!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Released_entry_whose_digest_is_not_that_of_its_manifest_breaks_the_log()
    {
        var released = _site.Entries[^1]["body"]!.DeepClone().AsObject();
        released["digest"] = default(Sha256Digest).ToString();
        using var another = new Site();
        another.Approve();
        another.Kill();
        using (var log = ChainedLog.Open(another.Disk, WorkerCore.LogPath, another.Key, another.Time))
            log.Append(WorkerEntries.Released, released);

        another.Start();

        Assert.Equal(3, another.Core.Broken!.Sequence);
    }

    [Fact]
    public void Log_of_another_workers_key_is_broken()
    {
        using var another = new Site();
        another.Approve();
        _site.Kill();
        _site.LogFile = another.LogFile;

        _site.Start();

        Assert.Equal(Reason.LogBroken, _site.Decline(Site.Order()));
    }

    private byte[] FlipAByte()
    {
        var log = _site.LogFile;
        log[log.AsSpan().IndexOf((byte)'\n') + 20] ^= 1;
        _site.Kill(); // which lets go of the file
        _site.LogFile = log;
        _site.Start();
        return log;
    }

    private void Append(string kind, JsonObject body)
    {
        using var log = ChainedLog.Open(_site.Disk, WorkerCore.LogPath, _site.Key, _site.Time);
        log.Append(kind, body);
    }
}
