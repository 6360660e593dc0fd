namespace FederatedClinicalMl.Durability;

/// <summary>Paths inside a disk: names joined by '/', relative to its root; the root itself is the empty path.</summary>
public static class DiskPath
{
    /// <summary>Refuses a path that is absolute, climbs, or holds a character that some file system reads as a separator.</summary>
    /// <exception cref="ArgumentException">The path is none.</exception>
    public static void Check(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (path.Length == 0)
            return;
        foreach (var part in path.Split('/'))
        {
            if (part.Length == 0 || part is "." or ".." || part.AsSpan().IndexOfAny('\\', ':', '\0') >= 0)
                throw new ArgumentException($"'{path}' is no path inside the disk: names joined by '/', without '.', '..', '\\' or ':'.", nameof(path));
        }
    }

    /// <summary>The directory that holds <paramref name="path"/>; empty for the root.</summary>
    public static string Directory(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var end = path.LastIndexOf('/');
        return end < 0 ? "" : path[..end];
    }

    /// <summary>The last name of <paramref name="path"/>.</summary>
    public static string Name(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path[(path.LastIndexOf('/') + 1)..];
    }
}
