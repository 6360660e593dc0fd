using System.Security.Cryptography;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>The files of <see cref="RunRoots"/>: one root of 256 bits for each run, below <c>roots/</c> on a sealed disk.</summary>
/// <param name="disk">The worker's folder, sealed.</param>
/// <param name="keepDays">For how many days a root is kept, from when it is made on.</param>
/// <param name="draw">Fills a new root: the operating system's generator, and never a study's seed. Tests give another.</param>
public sealed class RootStore(IDisk disk, int keepDays, Action<byte[]> draw)
{
    private const string Folder = "roots";
    private const string Suffix = ".root";
    private const int Length = 32;

    /// <summary>Roots from the operating system's generator.</summary>
    public RootStore(IDisk disk, int keepDays)
        : this(disk, keepDays, bytes => RandomNumberGenerator.Fill(bytes))
    {
    }

    /// <summary>For how many days a root is kept.</summary>
    public int KeepDays => keepDays;

    /// <summary>Makes a run's root, durably. One that is there was never committed to, or the caller would not make another.</summary>
    /// <returns>The commitment.</returns>
    /// <exception cref="IOException">The disk refused.</exception>
    public Sha256Digest Make(RunId run)
    {
        var root = new byte[Length];
        draw(root);
        disk.CreateDirectory(Folder);
        DurableFile.Write(disk, PathOf(run), root);
        var commitment = CommitmentOf(root);
        CryptographicOperations.ZeroMemory(root);
        return commitment;
    }

    /// <summary>Reads a run's root.</summary>
    /// <returns>Null where it is not there, cannot be opened, or is not the one that was committed to.</returns>
    public byte[]? Read(RunId run, Sha256Digest commitment)
    {
        try
        {
            if (!disk.Exists(PathOf(run)))
                return null;
            var root = DurableFile.Read(disk, PathOf(run), Length);
            return root.Length == Length && CommitmentOf(root) == commitment ? root : null;
        }
        catch (SealBrokenException)
        {
            return null;
        }
    }

    /// <summary>Removes every root but those of these runs, durably.</summary>
    /// <exception cref="IOException">The disk refused; what is left is removed by another call.</exception>
    public void KeepOnly(IReadOnlySet<RunId> runs)
    {
        var others = disk.List(Folder).Where(name => !(name.EndsWith(Suffix, StringComparison.Ordinal) && RunId.TryParse(name[..^Suffix.Length], out var run) && runs.Contains(run))).ToList();
        foreach (var name in others)
            disk.Delete($"{Folder}/{name}");
        if (others.Count > 0)
            disk.SyncDirectory(Folder);
    }

    // A root is uniform, so that its hash confirms no guess.
    private static Sha256Digest CommitmentOf(ReadOnlySpan<byte> root) => Sha256Digest.Of([.. "fcml-root-commitment-v1\n"u8, .. root]);

    private static string PathOf(RunId run) => $"{Folder}/{run}{Suffix}";
}
