namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>A path without symbolic links, so that two paths can be compared.</summary>
internal static class RealPath
{
    private const int MostLinks = 40; // as Linux allows

    /// <summary>The full path of what <paramref name="path"/> names, each link on the way followed; what is not there stays as it is written.</summary>
    /// <exception cref="IOException">The links lead in a circle.</exception>
    public static string Of(string path)
    {
        var links = 0;
        return Follow(Path.GetFullPath(path), ref links);
    }

    private static string Follow(string full, ref int links)
    {
        if (Path.GetDirectoryName(full) is not { } parent)
            return full;
        var folder = Follow(parent, ref links);
        var here = Path.Join(folder, Path.GetFileName(full));
        if (new FileInfo(here).LinkTarget is not { } target)
            return here;
        return ++links <= MostLinks ? Follow(Path.GetFullPath(target, folder), ref links) : throw new IOException($"The links on the way of '{full}' lead in a circle.");
    }
}
