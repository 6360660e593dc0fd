using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>The files of <see cref="ReleaseContents"/>: below <c>contents/</c> on a sealed disk, each under the SHA-256 of what it holds.</summary>
/// <param name="disk">The worker's folder, sealed.</param>
/// <param name="keepDays">For how many days a content is kept, from its release on.</param>
public sealed class ContentStore(IDisk disk, int keepDays)
{
    private const string Folder = "contents";
    private const string Suffix = ".json";

    /// <summary>For how many days a content is kept.</summary>
    public int KeepDays => keepDays;

    /// <summary>Keeps a content; returns once it is durable.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public void Write(Sha256Digest digest, ReadOnlySpan<byte> content)
    {
        var path = PathOf(digest);
        disk.CreateDirectory(Folder);
        try
        {
            DurableFile.Write(disk, path, content);
        }
        catch (IOException)
        {
            disk.Delete(path + DurableFile.TemporarySuffix); // half of it would take what room there is until it is looked for
            throw;
        }
    }

    /// <summary>Reads what lies under a digest, whatever it is.</summary>
    /// <returns>Null where nothing does.</returns>
    /// <exception cref="IOException">It cannot be opened, or is longer than any content.</exception>
    public byte[]? Read(Sha256Digest digest) => disk.Exists(PathOf(digest)) ? DurableFile.Read(disk, PathOf(digest), ReleaseManifest.MaximumJsonLength) : null;

    /// <summary>Removes every file but those of these contents, durably.</summary>
    /// <exception cref="IOException">The disk refused; what is left is removed by another call.</exception>
    public void KeepOnly(IReadOnlySet<Sha256Digest> contents)
    {
        var others = disk.List(Folder).Where(name => !(name.EndsWith(Suffix, StringComparison.Ordinal) && Sha256Digest.TryParse(name[..^Suffix.Length], out var digest) && contents.Contains(digest))).ToList();
        foreach (var name in others)
            disk.Delete($"{Folder}/{name}");
        if (others.Count > 0)
            disk.SyncDirectory(Folder);
    }

    private static string PathOf(Sha256Digest digest) => $"{Folder}/{digest}{Suffix}";
}
