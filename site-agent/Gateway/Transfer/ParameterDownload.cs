using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>
/// Brings a parameter vector into the incoming directory: <c>&lt;sha256&gt;.part</c> while it grows, <c>&lt;sha256&gt;</c> once all its
/// bytes are there. Goes on at the last byte after a broken connection and after a restart. Nothing is fsynced or hashed: the directory is a
/// cache, and the worker, who believes no file that another account writes, holds it against its digest in the pass that reads it. Where that
/// fails, the file is dropped and fetched from its first byte.
/// </summary>
internal sealed class ParameterDownload(string incoming, FileDownload files)
{
    /// <summary>The digests of all files in the directory, whole or in part. Anything else that lies there is left alone.</summary>
    public static IReadOnlyList<Sha256Digest> ListFiles(string incoming) =>
        [.. new DirectoryInfo(incoming).EnumerateFiles()
            .Select(f => Sha256Digest.TryParse(f.Name[..Math.Min(f.Name.Length, 2 * Sha256Digest.Length)], out var digest) ? digest : (Sha256Digest?)null)
            .OfType<Sha256Digest>().Distinct()];

    /// <summary>Removes what there is of a vector.</summary>
    public void Remove(Sha256Digest digest)
    {
        File.Delete(PathOf(digest));
        File.Delete(PathOf(digest) + ".part");
    }

    /// <summary>Fetches; waits out errors of the network and of the disk for as long as it takes.</summary>
    /// <returns>Whether the file is there; false: the coordinator does not have it, or has it in another length than it offered.</returns>
    public Task<bool> FetchAsync(Sha256Digest digest, long length, CancellationToken stop) => files.FetchAsync($"/v1/parameters/{digest}", PathOf(digest), length, stop);

    private string PathOf(Sha256Digest digest) => Path.Combine(incoming, digest.ToString());
}
