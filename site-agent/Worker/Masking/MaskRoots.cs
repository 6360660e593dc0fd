using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// One root for each run: the 256 secret bits that every mask, key and share of this site in the run is derived from, so that none of them is stored and all are
/// the same after a kill. A root is durable before it is used. Not for use by several threads at once.
/// </summary>
/// <param name="disk">Where roots lie; sealed, in production.</param>
/// <param name="draw">Draws <see cref="Length"/> bytes from the operating system; a test gives its own.</param>
public sealed class MaskRoots(IDisk disk, Func<int, byte[]> draw)
{
    /// <summary>Bytes of a root.</summary>
    public const int Length = 32;

    private const string Directory = "roots";

    private readonly Dictionary<RunId, byte[]> _known = [];

    /// <summary>The root of a run.</summary>
    /// <param name="run">The run.</param>
    /// <param name="isNew">Whether nothing of the run has been derived from a root yet: only then is one drawn.</param>
    /// <returns>The root; null where it is gone.</returns>
    /// <exception cref="IOException">The disk failed.</exception>
    public ReadOnlyMemory<byte>? Of(RunId run, bool isNew)
    {
        if (_known.TryGetValue(run, out var known))
            return known;
        var path = $"{Directory}/{run}";
        if (disk.Exists(path))
        {
            var root = DurableFile.Read(disk, path);
            if (root.Length != Length)
                return null;
            disk.SyncDirectory(Directory); // it may be there since a moment before a crash, its name not yet durable
            return _known[run] = root;
        }

        if (!isNew)
            return null;
        var drawn = draw(Length);
        disk.CreateDirectory(Directory);
        DurableFile.Write(disk, path, drawn);
        return _known[run] = drawn;
    }
}
