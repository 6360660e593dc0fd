using System.Security.Cryptography;
using CsCheck;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.Tests.Durability.Files;

namespace FederatedClinicalMl.Tests.Durability.Sealing;

public sealed class SealedSimulatedDiskConformance : DiskConformance
{
    protected override IDisk Disk { get; } = new SealedDisk(new SimulatedDisk(seed: 1), new byte[SealedDisk.KeyLength], "");
}

public sealed class SealedFileDiskConformance : DiskConformance, IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("fcml-sealed-").FullName;

    public SealedFileDiskConformance() => Disk = new SealedDisk(new FileDisk(_root), new byte[SealedDisk.KeyLength], "");

    protected override IDisk Disk { get; }

    public void Dispose() => Directory.Delete(_root, recursive: true);
}

public sealed class SealedDiskTests
{
    private const int Chunk = 64 << 10;
    private const int SealedChunk = Chunk + 28;
    private const int Header = 24;

    private static readonly byte[] s_key = SHA256.HashData("a key"u8);

    private readonly SimulatedDisk _below = new(seed: 1);

    [Fact]
    public void Any_writes_and_cuts_leave_what_they_leave_on_a_plain_disk()
    {
        // Around the chunks' borders as often as anywhere.
        var place = Gen.OneOf(Gen.Int[0, 3 * Chunk], Gen.Select(Gen.Int[0, 3], Gen.Int[-2, 2], (chunk, by) => Math.Max(0, (chunk * Chunk) + by)));
        var step = Gen.Select(place, Gen.OneOf(Gen.Int[0, 300], place), Gen.Byte, Gen.Int[0, 3]);
        step.Array[1, 8].Sample(
            steps =>
            {
                var (plain, below) = (new SimulatedDisk(1), new SimulatedDisk(1));
                using (IDiskFile expected = plain.Open("a", DiskMode.Write), actual = Sealed(below).Open("a", DiskMode.Write))
                {
                    foreach (var (offset, count, value, kind) in steps)
                    {
                        foreach (var file in (IDiskFile[])[expected, actual])
                        {
                            if (kind == 0)
                                file.Truncate(offset);
                            else
                                file.Write(offset, Bytes(count, value));
                        }

                        Assert.Equal(expected.Length, actual.Length);
                        Assert.Equal(Part(expected, offset / 2, count + 5), Part(actual, offset / 2, count + 5));
                    }
                }

                Assert.Equal(DurableFile.Read(plain, "a"), DurableFile.Read(Sealed(below), "a"));
            },
            iter: 150);
    }

    [Fact]
    public void Nothing_of_the_content_is_on_the_disk_below_and_the_same_content_is_never_sealed_alike()
    {
        var content = Bytes(2 * Chunk, 65);
        DurableFile.Write(Sealed(_below), "a", content);
        DurableFile.Write(Sealed(_below), "b", content);

        var (a, b) = (DurableFile.Read(_below, "a"), DurableFile.Read(_below, "b"));
        Assert.Equal(Header + (2 * SealedChunk), a.Length);
        Assert.Equal(-1, a.AsSpan().IndexOf(content.AsSpan(100, 8)));
        Assert.NotEqual(a[Header..(Header + SealedChunk)], b[Header..(Header + SealedChunk)]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Chunk)]
    [InlineData((2 * Chunk) + 5)]
    public void Any_changed_byte_is_noticed(int length)
    {
        DurableFile.Write(Sealed(_below), "a", Bytes(length, 3));
        var whole = DurableFile.Read(_below, "a");

        foreach (var at in Enumerable.Range(0, 60).Select(i => (int)((long)i * (whole.Length - 1) / 59)).Append(Header - 1).Append(Header).Distinct())
        {
            var changed = whole.ToArray();
            changed[at] ^= 0x20;
            AssertBroken(changed);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Chunk)]
    [InlineData(Chunk + 1)]
    [InlineData(3 * Chunk)]
    public void File_that_is_cut_or_lengthened_anywhere_is_noticed(int length)
    {
        DurableFile.Write(Sealed(_below), "a", Bytes(length, 3));
        var whole = DurableFile.Read(_below, "a");

        int[] cuts = [0, 1, Header - 1, Header, Header + 1, Header + 28, Header + SealedChunk, Header + SealedChunk + 28, Header + (2 * SealedChunk), whole.Length - 1];
        foreach (var cut in cuts.Where(cut => cut < whole.Length))
            AssertBroken(whole[..cut]);
        AssertBroken([.. whole, 0]);
        AssertBroken([.. whole, .. new byte[28]]);
        AssertBroken([.. whole, .. whole[Header..]]);
    }

    [Fact]
    public void Chunks_that_were_exchanged_or_taken_from_another_file_are_noticed()
    {
        DurableFile.Write(Sealed(_below), "a", Bytes(3 * Chunk, 3));
        DurableFile.Write(Sealed(_below), "b", Bytes(3 * Chunk, 3));
        var (a, b) = (DurableFile.Read(_below, "a"), DurableFile.Read(_below, "b"));
        var (first, second) = (Header..(Header + SealedChunk), (Header + SealedChunk)..(Header + (2 * SealedChunk)));

        AssertBroken([.. a[..Header], .. a[second], .. a[first], .. a[second.End..]]);
        AssertBroken([.. a[..Header], .. b[first], .. a[second.Start..]]);
        AssertBroken([.. b[..Header], .. a[Header..]]);
    }

    [Fact]
    public void Another_key_and_a_file_that_was_never_sealed_are_refused_with_what_to_do()
    {
        DurableFile.Write(Sealed(_below), "a", [1, 2, 3]);
        DurableFile.Write(_below, "plain", [1, 2, 3]);

        var other = Assert.Throws<SealBrokenException>(() => new SealedDisk(_below, new byte[SealedDisk.KeyLength], "Put the key back.").Open("a", DiskMode.Read));
        Assert.Contains("its key is another one", other.Message, StringComparison.Ordinal);
        Assert.EndsWith("only partly written. Put the key back.", other.Message, StringComparison.Ordinal);
        Assert.Contains("did not seal", Assert.Throws<SealBrokenException>(() => Sealed(_below).Open("plain", DiskMode.Write)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new SealedDisk(_below, new byte[16], ""));
        // A refused file is not held open.
        _below.Open("plain", DiskMode.Write).Dispose();
    }

    [Fact]
    public void Loss_of_power_at_any_moment_leaves_the_old_file_or_the_new_one_where_it_is_replaced_whole()
    {
        var undisturbed = new SimulatedDisk(0);
        DurableFile.Write(Sealed(undisturbed), "a", Bytes(Chunk + 9, 1));
        var begin = undisturbed.Operations;
        DurableFile.Write(Sealed(undisturbed), "a", Bytes((2 * Chunk) + 9, 2));

        for (var seed = 0; seed < 10 * (undisturbed.Operations - begin); seed++)
        {
            var disk = new SimulatedDisk(seed);
            DurableFile.Write(Sealed(disk), "a", Bytes(Chunk + 9, 1));
            disk.CrashAt = disk.Operations + (seed % (undisturbed.Operations - begin));
            Assert.Throws<SimulatedCrash>(() => DurableFile.Write(Sealed(disk), "a", Bytes((2 * Chunk) + 9, 2)));
            disk.Restart();

            var left = DurableFile.Read(Sealed(disk), "a");
            Assert.True(left.AsSpan().SequenceEqual(Bytes(Chunk + 9, 1)) || left.AsSpan().SequenceEqual(Bytes((2 * Chunk) + 9, 2)));
            DurableFile.Write(Sealed(disk), "a", [7]); // what was left of the temporary file is in nobody's way
        }
    }

    [Fact]
    public void Unsynced_write_that_a_loss_of_power_tore_is_noticed_and_never_read_as_something_else()
    {
        var outcomes = new HashSet<string>();
        for (var seed = 0; seed < 200; seed++)
        {
            var disk = new SimulatedDisk(seed);
            using (var file = Sealed(disk).Open("a", DiskMode.Write))
            {
                disk.SyncDirectory("");
                file.Write(0, Bytes(3000, 1));
                file.Sync();
                file.Write(1000, Bytes(3000, 2));
            }

            disk.Crash();
            disk.Restart();
            try
            {
                var left = DurableFile.Read(Sealed(disk), "a");
                outcomes.Add(left.AsSpan().SequenceEqual(Bytes(3000, 1)) ? "old" : left.AsSpan().SequenceEqual([.. Bytes(1000, 1), .. Bytes(3000, 2)]) ? "new" : "something else");
            }
            catch (SealBrokenException)
            {
                outcomes.Add("broken");
            }
        }

        Assert.Equal(["broken", "new", "old"], outcomes.Order(StringComparer.Ordinal));
    }

    private static SealedDisk Sealed(IDisk below) => new(below, s_key, "Put the key back.");

    private static byte[] Bytes(int count, byte value) => [.. Enumerable.Range(0, count).Select(i => (byte)(value + (i % 251)))];

    private static byte[] Part(IDiskFile file, long offset, int count)
    {
        var buffer = new byte[count];
        return buffer[..file.Read(offset, buffer)];
    }

    private void AssertBroken(byte[] file)
    {
        DurableFile.Write(_below, "changed", file);
        Assert.Throws<SealBrokenException>(() => DurableFile.Read(Sealed(_below), "changed"));
    }
}
