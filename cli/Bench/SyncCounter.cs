using System.Diagnostics;
using System.Globalization;
using FederatedClinicalMl.Cli.Launching;

namespace FederatedClinicalMl.Cli.Bench;

/// <summary>Syncs of one run, by the kind of process that asked for them.</summary>
internal sealed record Syncs(long Coordinator, long Gateways, long Workers);

/// <summary>
/// Counts fsync and fdatasync of running processes with strace (Linux). It slows what it counts: a run that is counted is not timed.
/// </summary>
internal sealed class SyncCounter : IAsyncDisposable
{
    private const string Strace = "/usr/bin/strace";

    private readonly List<(Child Counted, Process Tracer, string File)> _tracers = [];

    /// <summary>Attaches to every process of a federation; returns once all are being counted.</summary>
    /// <exception cref="CliException">There is no strace, or it may not attach.</exception>
    public static async Task<SyncCounter> StartAsync(LocalFederation federation, CancellationToken cancel)
    {
        if (!File.Exists(Strace))
            throw new CliException(ExitCode.Usage, $"Counting syncs needs strace at {Strace}; install the package strace (Linux).");
        var counter = new SyncCounter();
        try
        {
            foreach (var child in federation.Sites.SelectMany(site => (Child[])[site.Gateway!, site.Worker!]).Prepend(federation.Coordinator!))
                await counter.AttachAsync(child, Path.Combine(federation.Logs, $"{child.Id}.syncs"), cancel);
            return counter;
        }
        catch
        {
            await counter.DisposeAsync();
            throw;
        }
    }

    /// <summary>Detaches, and gives what was counted.</summary>
    public async Task<Syncs> EndAsync(LocalFederation federation, CancellationToken cancel)
    {
        var counts = new Dictionary<Child, long>();
        foreach (var (counted, tracer, file) in _tracers)
        {
            Signals.Terminate(tracer); // strace detaches, and writes its table
            await tracer.WaitForExitAsync(cancel);
            counts[counted] = File.ReadLines(file).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(fields => fields.Length > 0 && fields[^1] is "fsync" or "fdatasync").Sum(fields => long.Parse(fields[3], CultureInfo.InvariantCulture));
        }

        return new Syncs(counts[federation.Coordinator!], federation.Sites.Sum(site => counts[site.Gateway!]), federation.Sites.Sum(site => counts[site.Worker!]));
    }

    private async Task AttachAsync(Child child, string file, CancellationToken cancel)
    {
        var tracer = Process.Start(new ProcessStartInfo(Strace, ["-f", "-c", "-e", "trace=fsync,fdatasync", "-o", file, "-p", $"{child.Id}"]) { RedirectStandardError = true })!;
        _tracers.Add((child, tracer, file));
        if (await tracer.StandardError.ReadLineAsync(cancel) is not { } said || !said.Contains("attached", StringComparison.Ordinal))
            throw new CliException(ExitCode.Usage, $"strace cannot attach to {child.Specification.Name}: it needs root, or kernel.yama.ptrace_scope=0.");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var (_, tracer, _) in _tracers)
        {
            if (!tracer.HasExited)
                Signals.Terminate(tracer);
            await tracer.WaitForExitAsync();
            tracer.Dispose();
        }
    }
}
