using System.Buffers;
using System.Security.Cryptography;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>
/// What steps produced, under its own digest: parameter vectors (little-endian float32) and the sums that they were made of (little-endian int64), constants and metrics (canonical JSON). Content
/// is durable before its name is, so a name that exists is whole. What is removed is Retention's to say, and nothing of a run that made a model is: every model can be explained.
/// </summary>
public sealed class ResultStore
{
    private const int BlockLength = 1 << 20;

    private readonly IDisk _disk;
    private readonly string _directory;

    /// <summary>The store in a directory of <paramref name="disk"/>; what a crash left half-written is removed.</summary>
    public ResultStore(IDisk disk, string directory = "results")
    {
        ArgumentNullException.ThrowIfNull(disk);
        (_disk, _directory) = (disk, directory);
        disk.CreateDirectory(directory);
        foreach (var name in disk.List(directory).Where(name => name.EndsWith(DurableFile.TemporarySuffix, StringComparison.Ordinal)))
            disk.Delete($"{directory}/{name}");
    }

    /// <summary>Whether a result is there.</summary>
    public bool Contains(Sha256Digest digest) => _disk.Exists(Path(digest));

    /// <summary>Every result that is there.</summary>
    public IEnumerable<Sha256Digest> List() => _disk.List(_directory).Select(name => Sha256Digest.TryParse(name, out var digest) ? digest : (Sha256Digest?)null).OfType<Sha256Digest>();

    /// <summary>Bytes of a result.</summary>
    /// <exception cref="FileNotFoundException">There is no such result.</exception>
    public long LengthOf(Sha256Digest digest)
    {
        using var file = Open(digest);
        return file.Length;
    }

    /// <summary>Removes results, durably.</summary>
    /// <exception cref="IOException">The disk refused; some may be left.</exception>
    public void Remove(IReadOnlyCollection<Sha256Digest> digests)
    {
        ArgumentNullException.ThrowIfNull(digests);
        foreach (var digest in digests)
            _disk.Delete(Path(digest));
        _disk.SyncDirectory(_directory);
    }

    /// <summary>Opens a result for reading ranges of it; any number of readers at once.</summary>
    /// <exception cref="FileNotFoundException">There is no such result.</exception>
    public IDiskFile Open(Sha256Digest digest) => _disk.Open(Path(digest), DiskMode.Read);

    /// <summary>A whole result of at most <paramref name="maximumLength"/> bytes, held against its digest.</summary>
    /// <exception cref="IOException">It is not there, is longer, or its bytes have changed on the disk.</exception>
    public byte[] Read(Sha256Digest digest, int maximumLength = 16 << 20)
    {
        var content = DurableFile.Read(_disk, Path(digest), maximumLength);
        return Sha256Digest.Of(content) == digest ? content : throw Changed(digest);
    }

    /// <summary>Holds a stored result against its digest.</summary>
    /// <exception cref="IOException">It is not there, or its bytes have changed on the disk.</exception>
    public void Verify(Sha256Digest digest)
    {
        using var file = Open(digest);
        if (DigestOf(file) != digest)
            throw Changed(digest);
    }

    /// <summary>Stores a result and returns once it is durable.</summary>
    public Sha256Digest Write(ReadOnlySpan<byte> content)
    {
        var digest = Sha256Digest.Of(content);
        if (!Contains(digest))
        {
            DurableFile.Write(_disk, Path(digest), content);
            return digest;
        }

        _disk.SyncDirectory(_directory); // it may be there since a moment before a crash, its name not yet durable
        return digest;
    }

    /// <summary>Begins a result whose digest shows at its end.</summary>
    /// <param name="name">Unlike any other that is being written.</param>
    public ResultWriter Begin(string name) => new(_disk, _directory, $"{_directory}/{name}{DurableFile.TemporarySuffix}");

    internal static Sha256Digest DigestOf(IDiskFile file)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(BlockLength);
        try
        {
            for (long offset = 0; ;)
            {
                var read = file.Read(offset, buffer);
                if (read == 0)
                    return Sha256Digest.Of(hash);
                hash.AppendData(buffer, 0, read);
                offset += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private string Path(Sha256Digest digest) => $"{_directory}/{digest}";

    private IOException Changed(Sha256Digest digest) =>
        new($"'{Path(digest)}' does not hold the bytes that its name says: the disk changed them. Restore the file from a backup.");
}

/// <summary>A result that is being written, front to back.</summary>
public sealed class ResultWriter : IDisposable
{
    private readonly IDisk _disk;
    private readonly string _directory;
    private readonly string _path;
    private readonly IDiskFile _file;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    internal ResultWriter(IDisk disk, string directory, string path)
    {
        (_disk, _directory, _path) = (disk, directory, path);
        _file = disk.Open(path, DiskMode.Replace);
    }

    /// <summary>Bytes written so far.</summary>
    public long Length { get; private set; }

    /// <summary>Writes the next bytes.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        _file.Write(Length, bytes);
        _hash.AppendData(bytes);
        Length += bytes.Length;
    }

    /// <summary>Gives the result its name, and returns once it is durable.</summary>
    public Sha256Digest Complete()
    {
        var digest = Place();
        _disk.SyncDirectory(_directory);
        return digest;
    }

    /// <summary>Gives the result its name. Its content is durable when this returns, its name once another result of the store is complete: of two that belong together the first is placed.</summary>
    public Sha256Digest Place()
    {
        _file.Sync();
        _file.Dispose();
        var digest = Sha256Digest.Of(_hash);
        _disk.Rename(_path, $"{_directory}/{digest}");
        return digest;
    }

    /// <summary>Lets go of the file. One that was not completed is removed when the store is opened again, or written over.</summary>
    public void Dispose()
    {
        _file.Dispose();
        _hash.Dispose();
    }
}
