using System.Security.Cryptography;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>A file that a release was computed from.</summary>
/// <param name="Digest">SHA-256 of its bytes, by which it is known.</param>
/// <param name="Longest">Most bytes that it can have.</param>
internal readonly record struct WantedFile(Sha256Digest Digest, long Longest);

/// <summary>The files that a replay was given: none holds anything of a patient, and none outlives the release that it is for.</summary>
internal sealed class ReplayFiles
{
    private readonly IDisk _scratch;

    public ReplayFiles(IDisk scratch)
    {
        _scratch = scratch;
        scratch.CreateDirectory(ExchangePaths.Incoming); // the names that a round's files have, so that the same code reads them
        KeepOnly([]);
    }

    public bool Has(Sha256Digest digest) => _scratch.Exists(PathOf(digest));

    /// <summary>Removes whatever is not one of these.</summary>
    public void KeepOnly(IReadOnlyList<WantedFile> wanted)
    {
        foreach (var name in _scratch.List(ExchangePaths.Incoming).Where(name => wanted.All(file => file.Digest.ToString() != name)))
            _scratch.Delete($"{ExchangePaths.Incoming}/{name}");
    }

    public void Put(Sha256Digest digest, ReadOnlySpan<byte> content)
    {
        using var file = _scratch.Open(PathOf(digest), DiskMode.Replace);
        file.Write(0, content);
    }

    public GivenFile Take(WantedFile wanted) => new(_scratch.Open(PathOf(wanted.Digest), DiskMode.Replace), wanted);

    /// <exception cref="StepDeclinedException">It is missing, or not what its name says.</exception>
    public byte[] Read(Sha256Digest digest, long longest) => IncomingFile.Read(_scratch, digest, longest);

    public IncomingParameters Parameters(Sha256Digest digest) => new(_scratch, digest);

    private static string PathOf(Sha256Digest digest) => $"{ExchangePaths.Incoming}/{digest}";
}

/// <summary>A file that is being given, front to back.</summary>
internal sealed class GivenFile(IDiskFile file, WantedFile wanted) : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _length;

    /// <summary>Takes the next bytes.</summary>
    /// <exception cref="StewardException">They are more than it can have.</exception>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (_length + bytes.Length > wanted.Longest)
            throw Wrong();
        file.Write(_length, bytes);
        _hash.AppendData(bytes);
        _length += bytes.Length;
    }

    /// <summary>Holds what was given against the digest.</summary>
    /// <exception cref="StewardException">It is something else.</exception>
    public void End()
    {
        if (Sha256Digest.Of(_hash) != wanted.Digest)
            throw Wrong();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        file.Dispose();
        _hash.Dispose();
    }

    private StewardException Wrong() => new($"What was given as the file {wanted.Digest} is not that file: the exported model was changed. Have it exported again, and check it with 'fcml models verify --folder'.");
}
