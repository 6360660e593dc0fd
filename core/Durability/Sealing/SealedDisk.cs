namespace FederatedClinicalMl.Durability;

/// <summary>
/// A disk whose files' content is encrypted and authenticated on another disk (AES-256-GCM, NIST SP 800-38D), so that whoever has the medium
/// without the key has names, sizes and times, and nothing of the content.
/// </summary>
/// <remarks>
/// <para>A file is a header (8 bytes of format, 16 random bytes: its id) and chunks of 64 KiB: nonce, ciphertext, tag. The key of a file is derived
/// from the disk's key and its id (HKDF, RFC 5869). Each chunk that is written has a fresh random nonce of 96 bits; a file may be given 2^32 of them.
/// Authenticated with a chunk are its index and whether it is the last one (after STREAM: Hoang, Reyhanitabar, Rogaway, Vizár, "Online
/// Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", CRYPTO 2015), and the last one is looked at when a file is opened.</para>
/// <para>Noticed as <see cref="SealBrokenException"/>: another key, any changed byte, chunks that were exchanged, repeated or taken from another file,
/// a file that was cut or lengthened anywhere. Not noticed: an older copy of a whole file, or of one chunk of the same file in its place, files of
/// one key that were exchanged for one another, and a file that was removed.</para>
/// <para>Durability is the other disk's for what was written once and synced. What is appended or overwritten rewrites whole chunks in place: a loss of power
/// before the next sync can break a chunk that was durable before. So this is for files that are written, synced and then named (see
/// <see cref="DurableFile"/>), not for logs. After a write that failed, the file may be broken. A reader beside a writer on another thread may be told
/// that a chunk is broken that is just being written, and an open file is for one thread at a time.</para>
/// </remarks>
public sealed class SealedDisk : IDisk
{
    /// <summary>Length of the disk's key in bytes.</summary>
    public const int KeyLength = 32;

    private readonly IDisk _disk;
    private readonly byte[] _key;
    private readonly string _remedy;

    /// <summary>Files sealed under a key, on another disk.</summary>
    /// <param name="disk">Where they lie.</param>
    /// <param name="key">32 secret bytes.</param>
    /// <param name="remedy">What to do about a file that cannot be opened, in whole sentences, for people.</param>
    public SealedDisk(IDisk disk, ReadOnlySpan<byte> key, string remedy)
    {
        ArgumentNullException.ThrowIfNull(disk);
        if (key.Length != KeyLength)
            throw new ArgumentException($"A disk's key has {KeyLength} bytes; here are {key.Length}.", nameof(key));
        (_disk, _key, _remedy) = (disk, key.ToArray(), remedy);
    }

    /// <inheritdoc/>
    /// <exception cref="SealBrokenException">It was not sealed under this key, or not all of it is there.</exception>
    public IDiskFile Open(string path, DiskMode mode)
    {
        var file = _disk.Open(path, mode);
        try
        {
            return new SealedFile(file, mode, _key, what => new SealBrokenException(path, what, _remedy));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public bool Exists(string path) => _disk.Exists(path);

    /// <inheritdoc/>
    public IReadOnlyList<string> List(string directory) => _disk.List(directory);

    /// <inheritdoc/>
    public IReadOnlyList<string> ListDirectories(string directory) => _disk.ListDirectories(directory);

    /// <inheritdoc/>
    public void CreateDirectory(string directory) => _disk.CreateDirectory(directory);

    /// <inheritdoc/>
    public void DeleteDirectory(string directory) => _disk.DeleteDirectory(directory);

    /// <inheritdoc/>
    public void Rename(string from, string to) => _disk.Rename(from, to);

    /// <inheritdoc/>
    public void Delete(string path) => _disk.Delete(path);

    /// <inheritdoc/>
    public void SyncDirectory(string directory) => _disk.SyncDirectory(directory);
}
