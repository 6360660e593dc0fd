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
    public void Log_whose_key_was_renewed_is_held_against_its_last_key_and_no_entry_of_either_key_may_change()
    {
        using var second = SigningKey.Create();
        using var third = SigningKey.Create();
        Renewed(_key, second, 1);
        using (var log = ChainedLog.Open(_disk, "log", second, new Clock()))
            log.Append("test", new JsonObject());
        Renewed(second, third, 2);
        using (var log = ChainedLog.Open(_disk, "log", third, new Clock()))
            log.Append("test", new JsonObject());

        Assert.True(ChainedLog.Verify(_disk, "log", third.PublicKey) is { Intact: true, Entries: 5 });
        Assert.Equal(5, ChainedLog.Read(_disk, "log", third.PublicKey).Count);
        Assert.Equal(5, ChainedLog.Verify(_disk, "log", second.PublicKey).Fault!.Sequence);
        Assert.Equal(5, ChainedLog.Verify(_disk, "log", _key.PublicKey).Fault!.Sequence);
        var content = DurableFile.Read(_disk, "log");
        for (var i = 0; i < content.Length - 1; i += 7)
        {
            var changed = content.ToArray();
            changed[i] ^= 1;
            DurableFile.Write(_disk, "log", changed);
            Assert.False(ChainedLog.Verify(_disk, "log", third.PublicKey).Intact, $"byte {i}");
        }
    }

    [Fact]
    public void Log_is_renewed_by_its_own_key_alone_and_appended_to_by_the_new_one_alone()
    {
        using var second = SigningKey.Create();
        using var thief = SigningKey.Create();
        using (var log = Open(_disk))
        {
            log.Append("test", new JsonObject());
            Assert.Throws<ArgumentException>(() => log.Append(ChainedLog.KeyRenewed, Renewal(thief, second, 1)));
            log.Append(ChainedLog.KeyRenewed, Renewal(_key, second, 1));
            Assert.Throws<InvalidOperationException>(() => log.Append("test", new JsonObject()));
        }

        Assert.Equal(2, Assert.Throws<LogBrokenException>(() => Open(_disk)).Sequence);
        Assert.Equal(2, ChainedLog.Read(_disk, "log", _key.PublicKey).Count); // who was killed then has the old key yet
        ChainedLog.Open(_disk, "log", second, new Clock()).Dispose();
    }

    /// <summary>Whoever writes the file and has none of its keys, or only one that was renewed away, cannot make a log that ends in its key.</summary>
    [Fact]
    public void Log_that_somebody_else_renewed_to_its_key_is_broken()
    {
        using var second = SigningKey.Create();
        using var thief = SigningKey.Create();
        Renewed(_key, second, 1);
        using (var log = ChainedLog.Open(_disk, "log", second, new Clock()))
            log.Append("test", new JsonObject());
        var genuine = LineLog.Read(_disk, "log", out _);

        using (var forged = ChainedLog.Open(_disk, "forged", thief, new Clock()))
            Assert.Throws<ArgumentException>(() => forged.Append(ChainedLog.KeyRenewed, JsonNode.Parse(genuine[1].Span)!["body"]!.DeepClone().AsObject()));
        Renewed(_key, thief, 1, "forged"); // with the old key, stolen
        using (var forged = ChainedLog.Open(_disk, "forged", thief, new Clock()))
            forged.Append("test", new JsonObject());

        Assert.Equal(3, ChainedLog.Verify(_disk, "forged", second.PublicKey).Fault!.Sequence);
        Assert.Throws<LogBrokenException>(() => ChainedLog.Open(_disk, "forged", second, new Clock()));

        DurableFile.Write(_disk, "forged", []);
        using (var forged = ChainedLog.Open(_disk, "forged", _key, new Clock()))
        {
            forged.Append("lie", new JsonObject());
            forged.Append(ChainedLog.KeyRenewed, JsonNode.Parse(genuine[1].Span)!["body"]!.DeepClone().AsObject());
        }

        var last = JsonNode.Parse(genuine[2].Span)!;
        DurableFile.Write(_disk, "forged", [.. DurableFile.Read(_disk, "forged"), .. CanonicalJson.Write(last), (byte)'\n']);
        Assert.Equal(3, ChainedLog.Verify(_disk, "forged", second.PublicKey).Fault!.Sequence); // what the new key has signed follows the genuine entries alone
    }

    private void Renewed(SigningKey old, SigningKey next, int number, string file = "log")
    {
        using var log = ChainedLog.Open(_disk, file, old, new Clock());
        if (number == 1)
            log.Append("test", new JsonObject());
        log.Append(ChainedLog.KeyRenewed, Renewal(old, next, number));
    }

    private static JsonObject Renewal(SigningKey old, SigningKey next, int number) =>
        new() { ["renewal"] = KeyRenewal.Sign(SiteId.Parse("north"), number, old, next, Clock.Start).ToJson() };

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
