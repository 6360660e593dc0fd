using System.Runtime.InteropServices;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>What the running account may do with a directory: the kernel's own answer (access(2)); on Windows by trying.</summary>
internal sealed partial record DirectoryRights(bool Exists, bool Readable, bool Writable)
{
    private const int Read = 4, Write = 2, Search = 1;

    public static DirectoryRights Of(string directory)
    {
        if (!Directory.Exists(directory))
            return new DirectoryRights(false, false, false);
        return OperatingSystem.IsWindows()
            ? new DirectoryRights(
                true,
                Try(() => _ = Directory.EnumerateFiles(directory).Any()),
                Try(() => File.Create(Path.Combine(directory, ".doctor"), 1, FileOptions.DeleteOnClose).Dispose()))
            : new DirectoryRights(true, Access(directory, Read | Search) == 0, Access(directory, Write | Search) == 0);
    }

    private static bool Try(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "access", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Access(string path, int mode);
}
