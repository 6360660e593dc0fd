using FederatedClinicalMl.Durability;
using FederatedClinicalMl.SiteAgent.Worker;

namespace FederatedClinicalMl.Tests.Worker.Core;

/// <summary>A worker that runs is asked whether its file holds what it has written.</summary>
public sealed class VerifyLogTests : IDisposable
{
    private readonly Site _site = new();

    public VerifyLogTests()
    {
        _site.Approve();
        _site.Release(Site.Order());
    }

    public void Dispose() => _site.Dispose();

    [Fact]
    public void Untouched_log_is_intact_with_the_head_of_what_was_written()
    {
        var found = _site.Core.VerifyLog();

        Assert.True(found is { IsWhole: true, Entries: 3 });
        Assert.Equal((string)_site.Entries[^1]["hash"]!, found.Head.ToString());
    }

    [Fact]
    public void End_that_was_cut_off_between_two_lines_is_found()
    {
        var log = _site.LogFile;
        _site.LogFile = log[..(log.AsSpan(0, log.Length - 1).LastIndexOf((byte)'\n') + 1)];

        IsBroken(entry: 3, "its end was changed");
    }

    [Fact]
    public void Last_line_that_was_torn_is_found()
    {
        _site.LogFile = _site.LogFile[..^10];
        IsBroken(entry: 3, "not whole");
    }

    [Fact]
    public void Last_line_feed_that_was_changed_is_found()
    {
        var log = _site.LogFile;
        log[^1] ^= 1;
        _site.LogFile = log;

        IsBroken(entry: 3, "not whole");
    }

    [Fact]
    public void Log_that_was_emptied_or_removed_is_found()
    {
        _site.LogFile = [];
        IsBroken(entry: 1, "its end was changed");
        _site.Disk.Delete(WorkerCore.LogPath);
        IsBroken(entry: 1, "gone");
    }

    [Fact]
    public void Log_that_was_exchanged_for_another_of_the_same_key_and_length_is_found()
    {
        var earlier = _site.LogFile;
        using (var log = ChainedLog.Open(_site.Exchange, "copy.log", _site.Key, _site.Time))
        {
            foreach (var kind in (string[])["one", "two", "three"])
                log.Append(kind, []);
        }

        _site.LogFile = DurableFile.Read(_site.Exchange, "copy.log");
        IsBroken(entry: 3, "exchanged");

        _site.LogFile = earlier;
        Assert.True(_site.Core.VerifyLog().IsWhole);
    }

    [Fact]
    public void Log_that_verifies_but_that_this_worker_does_not_understand_is_not_intact()
    {
        _site.Kill();
        using (var log = ChainedLog.Open(_site.Disk, WorkerCore.LogPath, _site.Key, _site.Time))
            log.Append("of-a-later-version", []);
        _site.Start();

        IsBroken(entry: 4, "of-a-later-version");
    }

    private void IsBroken(long entry, string how)
    {
        var found = _site.Core.VerifyLog();
        Assert.False(found.Intact);
        Assert.Equal(entry, found.Fault!.Sequence);
        Assert.Contains(how, found.Fault.How, StringComparison.Ordinal);
    }
}
