using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Durability.Logs;

public sealed class ChainedLogTests : IDisposable
{
    private readonly SigningKey _key = SigningKey.Create();
    private readonly SimulatedDisk _disk = new(seed: 1);

    public void Dispose() => _key.Dispose();

    [Fact]
    public void Entries_read_back_in_order_with_their_bodies()
    {
        Write(_disk, 3);
        using var log = Open(_disk);
        Assert.Equal([1, 2, 3], log.Entries.Select(entry => entry.Sequence));
        Assert.Equal([0, 1, 2], log.Entries.Select(entry => entry.Body["number"]!.GetValue<int>()));
        Assert.Equal(Clock.Start, log.Entries[0].At);
        Assert.Equal(log.Entries[2].Hash, log.Head);
        Assert.True(ChainedLog.Verify(_disk, "log", _key.PublicKey) is { Intact: true, Entries: 3 } verified && verified.Head == log.Head);
    }

    [Fact]
    public void Line_is_canonical_json_with_the_documented_members()
    {
        Write(_disk, 1);
        var line = Encoding.UTF8.GetString(DurableFile.Read(_disk, "log")).TrimEnd('\n');
        Assert.StartsWith("""{"at":"2026-11-24T08:00:00.000Z","body":{"number":0},"hash":""", line, StringComparison.Ordinal);
        Assert.Equal(["at", "body", "hash", "kind", "previous", "sequence", "signature"], JsonNode.Parse(line)!.AsObject().Select(member => member.Key));
        Assert.Contains($"\"previous\":\"{new string('0', 64)}\"", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Flipped_bit_anywhere_is_found_by_opening_and_by_verifying()
    {
        Write(_disk, 3);
        var content = DurableFile.Read(_disk, "log");
        for (var i = 0; i < content.Length; i++)
        {
            var changed = content.ToArray();
            changed[i] ^= 1;
            DurableFile.Write(_disk, "log", changed);
            var found = ChainedLog.Verify(_disk, "log", _key.PublicKey);
            if (i == content.Length - 1)
            {
                Assert.True(found is { Intact: true, TornBytes: > 0, Entries: 2 }); // without its line feed it is a torn line
                continue;
            }

            Assert.False(found.Intact, $"byte {i}");
            Assert.Equal(1 + content.AsSpan(0, i).Count((byte)'\n'), found.Fault!.Sequence);
            Assert.Throws<LogBrokenException>(() => Open(_disk));
        }
    }

    [Fact]
    public void Removed_moved_and_repeated_entries_are_found()
    {
        Write(_disk, 4);
        var lines = Encoding.UTF8.GetString(DurableFile.Read(_disk, "log")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (var changed in (string[][])[[lines[1], lines[2]], [lines[0], lines[2]], [lines[1], lines[0]], [lines[0], lines[0]]])
        {
            DurableFile.Write(_disk, "log", Encoding.UTF8.GetBytes(string.Join('\n', changed) + "\n"));
            Assert.Throws<LogBrokenException>(() => Open(_disk));
        }
    }

    [Fact]
    public void Missing_end_shows_in_the_head_only()
    {
        Write(_disk, 3);
        var head = ChainedLog.Verify(_disk, "log", _key.PublicKey).Head;
        var lines = Encoding.UTF8.GetString(DurableFile.Read(_disk, "log")).Split('\n');
        DurableFile.Write(_disk, "log", Encoding.UTF8.GetBytes(lines[0] + "\n"));
        var cut = ChainedLog.Verify(_disk, "log", _key.PublicKey);
        Assert.True(cut.Intact);
        Assert.NotEqual(head, cut.Head);
    }

    [Fact]
    public void Log_of_another_key_is_refused()
    {
        Write(_disk, 2);
        using var other = SigningKey.Create();
        var fault = Assert.Throws<LogBrokenException>(() => ChainedLog.Open(_disk, "log", other, new Clock()));
        Assert.Equal(2, fault.Sequence);
        Assert.Equal(1, ChainedLog.Verify(_disk, "log", other.PublicKey).Fault!.Sequence);
    }

    [Fact]
    public void Every_entry_whose_append_returned_survives_a_crash_at_any_operation()
    {
        for (var seed = 0; seed < 40; seed++)
        {
            for (var operation = 0; operation < 8; operation++)
            {
                var disk = new SimulatedDisk(seed);
                Write(disk, 2);
                disk.CrashAt = disk.Operations + operation;
                var appended = 2;
                try
                {
                    using var log = Open(disk);
                    for (; appended < 5; appended++)
                        log.Append("big", new JsonObject { ["number"] = appended, ["text"] = new string('x', 2000) });
                }
                catch (SimulatedCrash)
                {
                }

                disk.Crash();
                disk.Restart();
                using var reopened = Open(disk);
                Assert.InRange(reopened.Entries.Count, appended, appended + 1);
                Assert.Equal(reopened.Entries.Count + 1, reopened.Append("after", []).Sequence);
            }
        }
    }

    [Fact]
    public void Append_on_a_full_disk_fails_and_leaves_a_log_that_goes_on()
    {
        using var log = Open(_disk);
        log.Append("first", []);
        _disk.Capacity = _disk.Used + 100;
        Assert.Throws<IOException>(() => log.Append("second", []));
        _disk.Capacity = null;
        Assert.Equal(2, log.Append("third", []).Sequence);
        Assert.True(ChainedLog.Verify(_disk, "log", _key.PublicKey) is { Intact: true, Entries: 2, TornBytes: 0 });
    }

    [Fact]
    public void Log_that_could_not_undo_a_failed_append_does_so_before_the_next_one()
    {
        using var log = Open(_disk);
        _disk.FailsAt = _ => true;
        Assert.Throws<IOException>(() => log.Append("first and long enough to show behind the next", []));
        Assert.Throws<IOException>(() => log.Append("second", []));
        _disk.FailsAt = null;
        Assert.Equal(1, log.Append("third", []).Sequence);
        Assert.True(ChainedLog.Verify(_disk, "log", _key.PublicKey) is { Intact: true, Entries: 1, TornBytes: 0 });
    }

    [Fact]
    public void Five_thousand_entries_replay_in_well_under_a_second()
    {
        using (var log = Open(_disk))
        {
            for (var i = 0; i < 5000; i++)
                log.Append("entry", new JsonObject { ["number"] = i });
        }

        var watch = Stopwatch.StartNew();
        using var reopened = Open(_disk);
        TestContext.Current.TestOutputHelper?.WriteLine($"5000 entries in {watch.ElapsedMilliseconds} ms");
        Assert.Equal(5000, reopened.Entries.Count);
        Assert.InRange(watch.ElapsedMilliseconds, 0, 5000); // generous: the machine is shared
    }

    private ChainedLog Open(SimulatedDisk disk) => ChainedLog.Open(disk, "log", _key, new Clock());

    private void Write(SimulatedDisk disk, int entries)
    {
        using var log = Open(disk);
        for (var i = 0; i < entries; i++)
            log.Append("entry", new JsonObject { ["number"] = i });
    }

    private sealed class Clock : TimeProvider
    {
        public static readonly DateTimeOffset Start = new(2026, 11, 24, 8, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Start;
    }
}
