using FederatedClinicalMl.Durability;

namespace FederatedClinicalMl.Cli.Bench;

/// <summary>How long this disk takes to make a little durable: the unit in which durable rounds are paid for.</summary>
internal static class DiskSpeed
{
    private const int Writes = 200;
    private const int Length = 4096;

    /// <summary>Milliseconds of 200 writes of 4 KiB, each followed by a sync, to one file in <paramref name="folder"/>.</summary>
    public static Spread Measure(string folder, TimeProvider time)
    {
        const string Name = "sync-probe";
        var disk = new FileDisk(folder);
        var bytes = new byte[Length];
        var milliseconds = new List<double>(Writes);
        using (var file = disk.Open(Name, DiskMode.Replace))
        {
            for (var i = 0; i < Writes; i++)
            {
                var start = time.GetTimestamp();
                file.Write((long)i * Length, bytes);
                file.Sync();
                milliseconds.Add(time.GetElapsedTime(start).TotalMilliseconds);
            }
        }

        disk.Delete(Name);
        return Spread.Of(milliseconds);
    }
}
