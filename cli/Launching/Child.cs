using System.Diagnostics;
using System.Globalization;

namespace FederatedClinicalMl.Cli.Launching;

/// <summary>What to start.</summary>
/// <param name="Name">Name for people and for the log file.</param>
/// <param name="Program">Path of the executable; it is started in its own folder.</param>
/// <param name="Arguments">Arguments.</param>
/// <param name="Log">File that gets standard output and error.</param>
/// <param name="Environment">Variables to set besides the inherited ones.</param>
/// <param name="Account">Account to run under (Linux, as root); null: fcml's own.</param>
/// <param name="WithoutNetwork">Whether it starts in a network namespace of its own with nothing in it (Linux, as root).</param>
internal sealed record ChildSpecification(
    string Name,
    string Program,
    IReadOnlyList<string> Arguments,
    string Log,
    IReadOnlyDictionary<string, string>? Environment = null,
    Account? Account = null,
    bool WithoutNetwork = false);

/// <summary>A running child process: its output goes line by line to its log, and <see cref="Ready"/> completes on its ready line.</summary>
internal sealed class Child : IAsyncDisposable
{
    /// <summary>How a service's line on standard output begins that says that it answers.</summary>
    private const string ReadyStart = """{"ready":true""";

    private readonly Process _process;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly StreamWriter _log;
    private readonly Task _output;
    private string _lastLine = "";

    private Child(ChildSpecification specification, Process process, StreamWriter log)
    {
        Specification = specification;
        _process = process;
        _log = log;
        _output = Task.WhenAll(CopyAsync(process.StandardOutput, watch: true), CopyAsync(process.StandardError, watch: false));
        Ended = EndAsync();
    }

    public ChildSpecification Specification { get; }

    public int Id => _process.Id;

    /// <summary>Completes when the process says that it answers; faults if it ends before it does.</summary>
    public Task Ready => _ready.Task;

    /// <summary>The last line on standard output.</summary>
    public string Said { get; private set; } = "";

    /// <summary>Completes with the exit code once the process has ended and its output is in the log.</summary>
    public Task<int> Ended { get; }

    /// <summary>
    /// Starts the process. To be called from <see cref="ChildGroup"/>'s thread only: on Linux the kernel ends the child when the very
    /// thread that started it ends (PR_SET_PDEATHSIG), which is what makes SIGKILL of fcml take its children along.
    /// </summary>
    internal static Child Start(ChildSpecification specification)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(specification.Log)!);
        var start = new ProcessStartInfo
        {
            WorkingDirectory = Path.GetDirectoryName(specification.Program)!,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (PrivilegeTool is { } tool)
        {
            start.FileName = tool;
            start.ArgumentList.Add("--pdeathsig=KILL");
            if (specification.Account is { } account)
            {
                start.ArgumentList.Add(string.Create(CultureInfo.InvariantCulture, $"--reuid={account.User}"));
                start.ArgumentList.Add(string.Create(CultureInfo.InvariantCulture, $"--regid={account.Group}"));
                start.ArgumentList.Add("--clear-groups");
            }

            start.ArgumentList.Add("--");
            if (specification.WithoutNetwork)
            {
                start.ArgumentList.Add("unshare");
                start.ArgumentList.Add("--net");
            }

            start.ArgumentList.Add(specification.Program);
        }
        else
        {
            start.FileName = specification.Program;
        }

        foreach (var argument in specification.Arguments)
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in specification.Environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;

        var log = new StreamWriter(new FileStream(specification.Log, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };
        try
        {
            return new Child(specification, Process.Start(start)!, log);
        }
        catch
        {
            log.Dispose();
            throw;
        }
    }

    /// <summary>util-linux's setpriv: sets the parent-death signal and, as root, the account. Null elsewhere.</summary>
    public static string? PrivilegeTool { get; } =
        OperatingSystem.IsLinux() ? new[] { "/usr/bin/setpriv", "/bin/setpriv" }.FirstOrDefault(File.Exists) : null;

    /// <summary>Kills the process, and any that it started, and waits until its output is in the log.</summary>
    public async Task KillAsync()
    {
        _process.Kill(entireProcessTree: true);
        await Ended;
    }

    /// <summary>Asks the process to end (SIGTERM; on Windows it is killed) and waits for it; after <paramref name="patience"/> it is killed.</summary>
    public async Task StopAsync(TimeSpan patience, TimeProvider time)
    {
        if (!_process.HasExited)
            Signals.Terminate(_process);
        using var limit = new CancellationTokenSource(patience, time);
        await Task.WhenAny(Ended, Task.Delay(Timeout.InfiniteTimeSpan, time, limit.Token));
        await KillAsync();
    }

    /// <summary>Waits for the end and insists on exit code 0.</summary>
    public async Task SucceedAsync(CancellationToken cancel)
    {
        var code = await Ended.WaitAsync(cancel);
        if (code != 0)
            throw EndedEarly(code);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
        await _log.DisposeAsync();
    }

    /// <summary>What to say of a process that has ended before its time.</summary>
    public CliException EndedEarly() => EndedEarly(_process.ExitCode);

    private CliException EndedEarly(int code)
    {
        var last = _lastLine.Length == 0 ? "It said nothing." : $"Its last words: {_lastLine.TrimEnd('.')}.";
        return new CliException(ExitCode.ChildEnded, $"{Specification.Name} ended with exit code {code}. {last} Its log: {Specification.Log}.");
    }

    private async Task CopyAsync(StreamReader from, bool watch)
    {
        while (await from.ReadLineAsync() is { } line)
        {
            lock (_log)
            {
                _log.WriteLine(line);
                if (line.Length > 0)
                    _lastLine = line;
            }

            if (!watch)
                continue;
            Said = line;
            if (line.StartsWith(ReadyStart, StringComparison.Ordinal))
                _ready.TrySetResult();
        }
    }

    private async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync();
        await _output;
        _ready.TrySetException(EndedEarly(_process.ExitCode));
        _ = _ready.Task.Exception; // nobody may be waiting for it any more: it is observed here
        return _process.ExitCode;
    }
}
