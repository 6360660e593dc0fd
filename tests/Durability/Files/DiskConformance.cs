using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Durability.Simulation;

namespace FederatedClinicalMl.Tests.Durability.Files;

/// <summary>What every disk does; whoever relies on <see cref="IDisk"/> relies on this and no more.</summary>
public abstract class DiskConformance
{
    protected abstract IDisk Disk { get; }

    [Fact]
    public void File_that_was_written_reads_back()
    {
        using (var file = Disk.Open("a", DiskMode.Write))
        {
            file.Write(0, "hello"u8);
            file.Write(5, " world"u8);
            file.Sync();
            Assert.Equal(11, file.Length);
        }

        using var read = Disk.Open("a", DiskMode.Read);
        var buffer = new byte[20];
        Assert.Equal(11, read.Read(0, buffer));
        Assert.Equal("hello world"u8, buffer.AsSpan(0, 11));
        Assert.Equal(0, read.Read(11, buffer));
    }

    [Fact]
    public void Write_beyond_the_end_leaves_zeros_between()
    {
        using var file = Disk.Open("a", DiskMode.Write);
        file.Write(3, [7]);
        var buffer = new byte[4];
        Assert.Equal(4, file.Read(0, buffer));
        Assert.Equal([0, 0, 0, 7], buffer);
    }

    [Fact]
    public void Truncate_cuts_the_end_and_growth_after_it_is_zeros()
    {
        using var file = Disk.Open("a", DiskMode.Write);
        file.Write(0, [1, 2, 3]);
        file.Truncate(1);
        file.Write(2, [9]);
        var buffer = new byte[3];
        Assert.Equal(3, file.Read(0, buffer));
        Assert.Equal([1, 0, 9], buffer);
    }

    [Fact]
    public void Open_for_writing_keeps_and_replacing_empties()
    {
        using (var file = Disk.Open("a", DiskMode.Write))
            file.Write(0, [1, 2]);
        using (var file = Disk.Open("a", DiskMode.Write))
            Assert.Equal(2, file.Length);
        using (var file = Disk.Open("a", DiskMode.Replace))
            Assert.Equal(0, file.Length);
    }

    [Fact]
    public void Second_writer_is_refused_until_the_first_is_gone_and_readers_are_not()
    {
        using (var first = Disk.Open("a", DiskMode.Write))
        {
            Assert.Throws<IOException>(() => Disk.Open("a", DiskMode.Write));
            using var reader = Disk.Open("a", DiskMode.Read);
            first.Write(0, [5]);
            var buffer = new byte[1];
            Assert.Equal(1, reader.Read(0, buffer));
            Assert.Throws<IOException>(() => reader.Write(0, [1]));
        }

        using var second = Disk.Open("a", DiskMode.Replace);
        Assert.Equal(0, second.Length);
    }

    [Fact]
    public void What_is_missing_is_said_to_be_missing()
    {
        Assert.Throws<FileNotFoundException>(() => Disk.Open("a", DiskMode.Read));
        Assert.Throws<DirectoryNotFoundException>(() => Disk.Open("d/a", DiskMode.Write));
        Assert.Throws<DirectoryNotFoundException>(() => Disk.SyncDirectory("d"));
        Assert.Throws<FileNotFoundException>(() => Disk.Rename("a", "b"));
        Assert.False(Disk.Exists("d/a"));
        Assert.Empty(Disk.List("d"));
        Assert.Empty(Disk.ListDirectories("d"));
        Disk.Delete("a");
        Disk.DeleteDirectory("d");
    }

    [Fact]
    public void Rename_replaces_and_delete_removes()
    {
        Put("a", 1);
        Put("b", 2);
        Disk.Rename("a", "b");
        Disk.SyncDirectory("");
        Assert.False(Disk.Exists("a"));
        using (var file = Disk.Open("b", DiskMode.Read))
        {
            var buffer = new byte[1];
            file.Read(0, buffer);
            Assert.Equal(1, buffer[0]);
        }

        Disk.Delete("b");
        Assert.False(Disk.Exists("b"));
    }

    [Fact]
    public void Lists_are_in_ordinal_order_and_hold_files_and_directories_apart()
    {
        Disk.CreateDirectory("d/e");
        Put("d/b", 1);
        Put("d/B", 1);
        Put("d/a", 1);
        Assert.Equal(["B", "a", "b"], Disk.List("d"));
        Assert.Equal(["e"], Disk.ListDirectories("d"));
        Assert.Throws<IOException>(() => Disk.DeleteDirectory("d"));
        Disk.DeleteDirectory("d/e");
        Assert.Empty(Disk.ListDirectories("d"));
    }

    [Theory]
    [InlineData("../a")]
    [InlineData("/a")]
    [InlineData("d/../../a")]
    [InlineData("d//a")]
    [InlineData(".")]
    [InlineData("d\\a")]
    [InlineData("c:a")]
    public void Path_that_leads_elsewhere_is_refused(string path)
    {
        Assert.Throws<ArgumentException>(() => Disk.Open(path, DiskMode.Write));
        Assert.Throws<ArgumentException>(() => Disk.Exists(path));
        Assert.Throws<ArgumentException>(() => Disk.Delete(path));
        Assert.Throws<ArgumentException>(() => Disk.CreateDirectory(path));
    }

    [Fact]
    public void Rename_between_directories_is_refused()
    {
        Disk.CreateDirectory("d");
        Put("a", 1);
        Assert.Throws<ArgumentException>(() => Disk.Rename("a", "d/a"));
    }

    [Fact]
    public void Durable_file_replaces_whole_and_reads_back()
    {
        DurableFile.Write(Disk, "a", [1, 2, 3]);
        DurableFile.Write(Disk, "a", [4]);
        Assert.Equal([4], DurableFile.Read(Disk, "a"));
        Assert.Equal(["a"], Disk.List(""));
        Assert.Throws<IOException>(() => DurableFile.Read(Disk, "a", maximumLength: 0));
    }

    private void Put(string path, byte value)
    {
        using var file = Disk.Open(path, DiskMode.Replace);
        file.Write(0, [value]);
    }
}

public sealed class SimulatedDiskConformance : DiskConformance
{
    protected override IDisk Disk { get; } = new SimulatedDisk(seed: 1);
}

public sealed class FileDiskConformance : DiskConformance, IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("fcml-disk-").FullName;

    public FileDiskConformance() => Disk = new FileDisk(_root);

    protected override IDisk Disk { get; }

    [Fact]
    public void Locked_disk_is_refused_to_a_second_holder_until_released()
    {
        var disk = (FileDisk)Disk;
        using (disk.Lock())
            Assert.Contains("in use by another process", Assert.Throws<IOException>(() => disk.Lock()).Message, StringComparison.Ordinal);
        disk.Lock().Dispose();
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
