using System.Diagnostics;

namespace FederatedClinicalMl.Tests.Faults;

/// <summary>A file system of one megabyte over a directory of the federation's, to be filled to the brim (Linux, as root).</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private readonly string _path;

    private SmallDisk(string path) => _path = path;

    private string Filler => Path.Combine(_path, "filler");

    /// <summary>Whether this account can mount.</summary>
    public static bool IsPossible => OperatingSystem.IsLinux() && Environment.UserName == "root" && File.Exists("/bin/mount");

    /// <summary>Mounts over a directory, which keeps its owner and mode; nobody may have a file of it open.</summary>
    public static async Task<SmallDisk> MountAsync(string path)
    {
        if (OperatingSystem.IsWindows())
            throw new PlatformNotSupportedException("Windows has no mount for this; ask IsPossible first.");
        var mode = Convert.ToString((int)File.GetUnixFileMode(path), 8);
        await RunAsync("/bin/mount", "-t", "tmpfs", "-o", $"size=1m,mode={mode}", "tmpfs", path);
        return new SmallDisk(path);
    }

    /// <summary>Fills it: not a byte can be written any more.</summary>
    public void Fill()
    {
        using var file = new FileStream(Filler, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var block = new byte[4096];
        try
        {
            while (true)
                file.Write(block);
        }
        catch (IOException full) when (full.Message.Contains("No space left", StringComparison.Ordinal))
        {
            // as wanted
        }
    }

    /// <summary>Makes room again.</summary>
    public void Empty() => File.Delete(Filler);

    public async ValueTask DisposeAsync() => await RunAsync("/bin/umount", _path);

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {error}");
    }
}
