namespace FederatedClinicalMl.Tests.Launching;

/// <summary>Waits for what a process writes into a file: a signal of the file system, not a clock.</summary>
internal static class FileSignal
{
    /// <summary>Completes once a line of the file, from the byte <paramref name="from"/> on, holds all of the given texts; gives the line.</summary>
    public static async Task<string> LineAsync(string path, long from, CancellationToken cancel, params string[] texts)
    {
        string? found = null;
        await UntilAsync(path, () => (found = Lines(path, from).FirstOrDefault(line => texts.All(text => line.Contains(text, StringComparison.Ordinal)))) is not null, cancel);
        return found!;
    }

    /// <summary>Completes once something holds that depends on a file alone: it is looked at again whenever the file is written, or another takes its place.</summary>
    public static async Task UntilAsync(string path, Func<bool> holds, CancellationToken cancel)
    {
        using var watcher = new FileSystemWatcher(Path.GetDirectoryName(path)!, Path.GetFileName(path)) { NotifyFilter = NotifyFilters.FileName | NotifyFilters.Size | NotifyFilters.LastWrite };
        var changed = NewSignal();
        void Look(object sender, FileSystemEventArgs change) => Volatile.Read(ref changed).TrySetResult();
        watcher.Changed += Look;
        watcher.Created += Look; // a rename, too, where its two halves are not read together
        watcher.Renamed += Look;
        watcher.EnableRaisingEvents = true;
        while (true)
        {
            var next = NewSignal();
            Volatile.Write(ref changed, next); // before the file is read: a change after that completes it
            if (holds())
                return;
            await next.Task.WaitAsync(cancel);
        }
    }

    /// <summary>The file's length now; 0 where there is none.</summary>
    public static long LengthOf(string path) => File.Exists(path) ? new FileInfo(path).Length : 0;

    private static IEnumerable<string> Lines(string path, long from)
    {
        if (!File.Exists(path))
            yield break;
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        stream.Position = from;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
            yield return line;
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
