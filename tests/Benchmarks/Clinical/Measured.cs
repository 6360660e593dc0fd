using System.Diagnostics;

namespace FederatedClinicalMl.Benchmarks;

/// <summary>What some work took: processor time of the whole process, user and system, and time on the wall.</summary>
/// <param name="Cpu">Seconds of processors.</param>
/// <param name="Wall">Seconds on the wall.</param>
internal readonly record struct Measured(double Cpu, double Wall)
{
    /// <summary>Does some work again and again, and measures each time.</summary>
    public static Measured[] Times(int times, Action work) => [.. Enumerable.Range(0, times).Select(_ => Once(work))];

    /// <summary>Does some work, and measures it.</summary>
    public static Measured Once(Action work)
    {
        using var process = Process.GetCurrentProcess();
        var (cpu, wall) = (process.TotalProcessorTime, Stopwatch.GetTimestamp());
        work();
        var elapsed = Stopwatch.GetElapsedTime(wall);
        process.Refresh();
        return new Measured((process.TotalProcessorTime - cpu).TotalSeconds, elapsed.TotalSeconds);
    }

    /// <summary>The value in the middle.</summary>
    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }
}
