using System.Security.Cryptography;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>
/// The secret roots of the noise that this coordinator adds where a study's placement is central, one of 256 bits for each such run. A root is durable before the run is journaled, so that a sum that is
/// merged again after a kill gets the same noise; it is erased when the run is over, so that nobody who gets hold of this folder later takes the noise off again.
/// </summary>
/// <param name="disk">The coordinator's folder.</param>
/// <param name="draw">Fills a new root: the operating system's generator. The simulator gives another.</param>
public sealed class NoiseRoots(IDisk disk, Action<RunId, byte[]> draw)
{
    /// <summary>Where they lie, below the coordinator's folder.</summary>
    public const string Folder = "noise";

    private const int Length = 32;

    /// <summary>Roots from the operating system's generator.</summary>
    public NoiseRoots(IDisk disk)
        : this(disk, (_, root) => RandomNumberGenerator.Fill(root))
    {
    }

    /// <summary>Makes a run's root, durably, where it has none.</summary>
    public void Require(RunId run)
    {
        disk.CreateDirectory(Folder);
        if (disk.Exists(PathOf(run)))
            return;
        var root = new byte[Length];
        draw(run, root);
        DurableFile.Write(disk, PathOf(run), root);
        CryptographicOperations.ZeroMemory(root);
    }

    /// <summary>The noise of one sum: the same for the same step and sum, on every machine and after every restart.</summary>
    /// <param name="step">Of which step.</param>
    /// <param name="parameters">The parameters that the sum's gradients were computed from.</param>
    /// <param name="words">The sum before noise.</param>
    /// <exception cref="IOException">The root is not there: without it nothing of the sum may be seen.</exception>
    public KeyStream StreamFor(StepId step, Sha256Digest parameters, ReadOnlySpan<byte> words)
    {
        var root = DurableFile.Read(disk, PathOf(step.Run), Length);
        if (root.Length != Length)
            throw new IOException($"'{PathOf(step.Run)}' is no root of noise: restore the coordinator's whole folder from one backup, or cancel the run.");
        var stream = KeyStream.Derive(root, "fcml-central-noise-v1", System.Text.Encoding.ASCII.GetBytes($"{step}\n{parameters}\n{Sha256Digest.Of(words)}"));
        CryptographicOperations.ZeroMemory(root);
        return stream;
    }

    /// <summary>Erases the root of a run that is over, durably.</summary>
    public void Erase(RunId run)
    {
        if (!disk.Exists(PathOf(run)))
            return;
        disk.Delete(PathOf(run));
        disk.SyncDirectory(Folder);
    }

    /// <summary>Erases every root but those of these runs: what a kill kept from being erased.</summary>
    public void KeepOnly(IEnumerable<RunId> open)
    {
        disk.CreateDirectory(Folder);
        var kept = open.Select(run => run.Value).ToHashSet(StringComparer.Ordinal);
        var others = disk.List(Folder).Where(name => !kept.Contains(name)).ToList();
        foreach (var name in others)
            disk.Delete($"{Folder}/{name}");
        if (others.Count > 0)
            disk.SyncDirectory(Folder);
    }

    private static string PathOf(RunId run) => $"{Folder}/{run}";
}
