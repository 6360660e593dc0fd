using System.Diagnostics;
using FederatedClinicalMl.Cli.Launching;

namespace FederatedClinicalMl.Cli.Bench;

/// <summary>What one kind of process used.</summary>
/// <param name="CpuSeconds">Processor time, user and system, of all processes of the kind together.</param>
/// <param name="PeakBytes">Peak of the resident memory of the one that had most (VmHWM on Linux).</param>
internal readonly record struct Used(double CpuSeconds, long PeakBytes)
{
    /// <summary>Of running processes, since their start.</summary>
    public static Used Of(IEnumerable<Child> children)
    {
        var used = default(Used);
        foreach (var child in children)
        {
            using var process = Process.GetProcessById(child.Id);
            used = new Used(used.CpuSeconds + process.TotalProcessorTime.TotalSeconds, Math.Max(used.PeakBytes, process.PeakWorkingSet64));
        }

        return used;
    }
}

/// <summary>What a federation's processes used since their start, by kind.</summary>
internal sealed record Usage(Used Coordinator, Used Gateways, Used Workers)
{
    public static Usage Of(LocalFederation federation) => new(
        Used.Of([federation.Coordinator!]),
        Used.Of(federation.Sites.Select(site => site.Gateway!)),
        Used.Of(federation.Sites.Select(site => site.Worker!)));
}
