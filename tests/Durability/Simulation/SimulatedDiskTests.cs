using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Durability.Simulation;

namespace FederatedClinicalMl.Tests.Durability.Simulation;

public sealed class SimulatedDiskTests
{
    private const int Seeds = 200;

    [Fact]
    public void Synced_file_in_a_synced_directory_survives_every_crash()
    {
        for (var seed = 0; seed < Seeds; seed++)
        {
            var disk = new SimulatedDisk(seed);
            var file = disk.Open("a", DiskMode.Write);
            file.Write(0, [1, 2, 3]);
            file.Sync();
            disk.SyncDirectory("");
            disk.Crash();
            disk.Restart();
            Assert.Equal([1, 2, 3], DurableFile.Read(disk, "a"));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Directory_whose_making_was_killed_before_its_sync_is_durable_only_when_it_was_asked_for_again(bool again)
    {
        var there = Enumerable.Range(0, Seeds).Count(seed =>
        {
            var disk = new SimulatedDisk(seed) { CrashAt = 1 };
            Assert.Throws<SimulatedCrash>(() => disk.CreateDirectory("d"));
            disk.Restart(powerLoss: false);
            Assert.Equal(["d"], disk.ListDirectories(""));
            if (again)
                disk.CreateDirectory("d");
            DurableFile.Write(disk, "d/a", [1]);
            disk.Crash();
            disk.Restart();
            return disk.Exists("d/a");
        });
        Assert.InRange(there, again ? Seeds : 1, again ? Seeds : Seeds - 1);
    }

    [Fact]
    public void File_in_an_unsynced_directory_is_sometimes_lost_and_sometimes_not()
    {
        var there = Enumerable.Range(0, Seeds).Count(seed =>
        {
            var disk = new SimulatedDisk(seed);
            using (var file = disk.Open("a", DiskMode.Write))
                file.Sync();
            disk.Restart();
            return disk.Exists("a");
        });
        Assert.InRange(there, 1, Seeds - 1);
    }

    [Fact]
    public void Unsynced_write_is_kept_dropped_torn_or_left_as_a_hole()
    {
        var outcomes = new HashSet<string>();
        for (var seed = 0; seed < Seeds; seed++)
        {
            var disk = new SimulatedDisk(seed);
            using (var file = disk.Open("a", DiskMode.Write))
            {
                file.Sync();
                disk.SyncDirectory("");
                file.Write(0, Enumerable.Repeat((byte)1, 1500).ToArray());
            }

            disk.Restart();
            var content = DurableFile.Read(disk, "a");
            outcomes.Add(content.Length switch
            {
                0 => "dropped",
                1500 when content.All(b => b == 1) => "kept",
                1500 when content[..512].All(b => b == 0) => "hole",
                _ => "torn",
            });
        }

        Assert.Equal(["dropped", "hole", "kept", "torn"], outcomes.Order());
    }

    [Fact]
    public void Unsynced_renames_are_lost_one_without_the_other()
    {
        var outcomes = new HashSet<(bool A, bool B)>();
        for (var seed = 0; seed < Seeds; seed++)
        {
            var disk = new SimulatedDisk(seed);
            DurableFile.Write(disk, "a", [1]);
            DurableFile.Write(disk, "b", [1]);
            disk.Rename("a", "x");
            disk.Rename("b", "y");
            disk.Restart();
            Assert.NotEqual(disk.Exists("a"), disk.Exists("x"));
            Assert.NotEqual(disk.Exists("b"), disk.Exists("y"));
            outcomes.Add((disk.Exists("a"), disk.Exists("b")));
        }

        Assert.Equal(4, outcomes.Count);
    }

    [Fact]
    public void Killed_process_alone_loses_nothing_and_its_handles_are_dead()
    {
        var disk = new SimulatedDisk(1);
        var file = disk.Open("a", DiskMode.Write);
        file.Write(0, [1]);
        disk.Crash();
        Assert.Throws<SimulatedCrash>(() => file.Write(1, [2]));
        Assert.Throws<SimulatedCrash>(() => disk.Exists("a"));
        disk.Restart(powerLoss: false);
        Assert.Throws<SimulatedCrash>(() => file.Length);
        Assert.Equal([1], DurableFile.Read(disk, "a"));
        disk.Open("a", DiskMode.Write).Dispose(); // the dead writer does not hold it
    }

    [Fact]
    public void Crash_comes_at_its_operation_and_a_killed_sync_promises_nothing()
    {
        var lost = 0;
        for (var seed = 0; seed < Seeds; seed++)
        {
            var disk = new SimulatedDisk(seed);
            DurableFile.Write(disk, "a", [1]);
            using var file = disk.Open("a", DiskMode.Write);
            file.Write(0, [2]);
            disk.CrashAt = disk.Operations;
            Assert.Throws<SimulatedCrash>(file.Sync);
            Assert.True(disk.Crashed);
            disk.Restart();
            lost += DurableFile.Read(disk, "a")[0] == 1 ? 1 : 0;
        }

        Assert.InRange(lost, 1, Seeds - 1);
    }

    [Fact]
    public void Failed_sync_dooms_what_it_should_have_synced()
    {
        for (var seed = 0; seed < Seeds; seed++)
        {
            var disk = new SimulatedDisk(seed);
            DurableFile.Write(disk, "a", [1]);
            using var file = disk.Open("a", DiskMode.Write);
            file.Write(0, [2]);
            disk.FailsAt = _ => true;
            Assert.Throws<IOException>(file.Sync);
            disk.FailsAt = null;
            file.Sync();
            disk.Restart();
            Assert.Equal([1], DurableFile.Read(disk, "a"));
        }
    }

    [Fact]
    public void Full_disk_takes_what_fits_and_refuses_the_rest()
    {
        var disk = new SimulatedDisk(1) { Capacity = 10 };
        using var file = disk.Open("a", DiskMode.Write);
        file.Write(0, new byte[8]);
        Assert.Throws<IOException>(() => file.Write(8, new byte[4]));
        Assert.Equal(10, file.Length);
        file.Truncate(2);
        file.Write(2, new byte[8]);
    }

    [Fact]
    public void Same_seed_leaves_the_same_disk()
    {
        static string Left(int seed)
        {
            var disk = new SimulatedDisk(seed);
            for (var i = 0; i < 20; i++)
            {
                using var file = disk.Open($"f{i}", DiskMode.Write);
                file.Write(0, new byte[100 * i]);
            }

            disk.Restart();
            return string.Join(' ', disk.List("").Select(name => $"{name}:{DurableFile.Read(disk, name).Length}"));
        }

        Assert.Equal(Left(7), Left(7));
        Assert.NotEqual(Left(7), Left(8));
    }

    [Fact]
    public void Durable_file_is_old_or_new_whenever_the_process_is_killed()
    {
        byte[] old = [.. Enumerable.Repeat((byte)1, 700)], fresh = [.. Enumerable.Repeat((byte)2, 900)];
        for (var seed = 0; seed < Seeds; seed++)
        {
            for (var operation = 0; ; operation++)
            {
                var disk = new SimulatedDisk(seed);
                DurableFile.Write(disk, "a", old);
                disk.CrashAt = disk.Operations + operation;
                var written = false;
                try
                {
                    DurableFile.Write(disk, "a", fresh);
                    written = true;
                }
                catch (SimulatedCrash)
                {
                }

                disk.Crash();
                disk.Restart();
                var content = DurableFile.Read(disk, "a");
                Assert.True(content.SequenceEqual(fresh) || (!written && content.SequenceEqual(old)), $"seed {seed}, operation {operation}");
                if (written)
                    break;
            }
        }
    }
}
