using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using FederatedClinicalMl.Durability;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>
/// An append-only, encrypted file of groups of lines. Each group is one line of the file: base64 of nonce, ciphertext and tag (AES-256-GCM), authenticated with the file's id and the group's number, so
/// that groups that were changed, exchanged, repeated or taken from another file are noticed, and that the file's end was cut off is not. A group is one write and one sync: a crash leaves it whole or
/// not at all.
/// </summary>
/// <remarks>Not a file of a <see cref="SealedDisk"/>: there what is appended rewrites a chunk in place, and a power cut can break what was durable.</remarks>
internal sealed class DayFile : IDisposable
{
    private const string Format = "fcml-day-1 ";
    private const int IdLength = 16;
    private const int NonceLength = 12;
    private const int TagLength = 16;
    private const int Block = 1 << 20;

    private readonly IDiskFile _file;
    private readonly Sealer _sealer;
    private long _length;
    private long _groups;
    private bool _torn; // behind _length there may be bytes of a write that failed

    private DayFile(IDiskFile file, Sealer sealer, long length, long groups) => (_file, _sealer, _length, _groups) = (file, sealer, length, groups);

    /// <summary>Opens a file for appending, and makes it if it is missing. What a crash has left of a group is cut off.</summary>
    public static DayFile Open(IDisk disk, string path, ReadOnlySpan<byte> key)
    {
        var file = disk.Open(path, DiskMode.Write);
        try
        {
            disk.SyncDirectory(DiskPath.Directory(path));
            var (length, lines, id) = (0L, 0L, (byte[]?)null);
            foreach (var line in Lines(file))
            {
                id ??= IdOf(line);
                (length, lines) = (length + line.Length + 1, lines + 1);
            }

            if (id is null)
            {
                id = RandomNumberGenerator.GetBytes(IdLength);
                var header = Encoding.ASCII.GetBytes($"{Format}{Convert.ToHexStringLower(id)}\n");
                file.Write(0, header);
                (length, lines) = (header.Length, 1);
            }

            if (file.Length > length)
                file.Truncate(length);
            file.Sync();
            return new DayFile(file, new Sealer(key, id), length, lines - 1);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The groups of a file, in order.</summary>
    /// <exception cref="InvalidDataException">One was changed, or its key is another.</exception>
    public static IEnumerable<byte[]> Read(IDisk disk, string path, byte[] key)
    {
        using var file = disk.Open(path, DiskMode.Read);
        Sealer? sealer = null;
        var group = 0L;
        try
        {
            foreach (var line in Lines(file))
            {
                if (sealer is null)
                    sealer = new Sealer(key, IdOf(line));
                else
                    yield return sealer.Unseal(line, group++);
            }
        }
        finally
        {
            sealer?.Dispose();
        }
    }

    /// <summary>Appends a group and returns once it is durable.</summary>
    /// <exception cref="IOException">The disk refused; the file is as it was before, at the latest once a later call has succeeded.</exception>
    public void Append(ReadOnlySpan<byte> group)
    {
        var line = _sealer.Seal(group, _groups);
        if (_torn)
            _file.Truncate(_length);
        _torn = true;
        _file.Write(_length, line);
        _file.Sync();
        _torn = false;
        _length += line.Length;
        _groups++;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sealer.Dispose();
        _file.Dispose();
    }

    private static byte[] IdOf(byte[] header) =>
        Encoding.ASCII.GetString(header) is var text && text.StartsWith(Format, StringComparison.Ordinal) && text.Length == Format.Length + (2 * IdLength) && text[Format.Length..].All(char.IsAsciiHexDigit)
            ? Convert.FromHexString(text[Format.Length..]) : throw new InvalidDataException("A day's file does not begin as one does.");

    // Whole lines, without their line feeds.
    private static IEnumerable<byte[]> Lines(IDiskFile file)
    {
        var (buffer, held, offset) = (new byte[Block], 0, 0L);
        for (int read; (read = file.Read(offset, buffer.AsSpan(held))) > 0;)
        {
            offset += read;
            held += read;
            var start = 0;
            for (int end; (end = buffer.AsSpan(start, held - start).IndexOf((byte)'\n')) >= 0; start += end + 1)
                yield return buffer[start..(start + end)];
            buffer.AsSpan(start, held - start).CopyTo(buffer);
            held -= start;
            if (held == buffer.Length)
                Array.Resize(ref buffer, buffer.Length * 2);
        }
    }

    private sealed class Sealer : IDisposable
    {
        private readonly AesGcm _cipher;
        private readonly byte[] _label = new byte[IdLength + sizeof(long)];
        private byte[] _sealed = [];
        private byte[] _line = [];

        public Sealer(ReadOnlySpan<byte> key, ReadOnlySpan<byte> id)
        {
            Span<byte> own = stackalloc byte[SealedDisk.KeyLength];
            HKDF.DeriveKey(HashAlgorithmName.SHA256, key, own, salt: id, info: "fcml-day-file-v1"u8);
            _cipher = new AesGcm(own, TagLength);
            CryptographicOperations.ZeroMemory(own);
            id.CopyTo(_label);
        }

        // In room that is kept: groups of a batch are megabytes. What is returned holds until the next call.
        public ReadOnlySpan<byte> Seal(ReadOnlySpan<byte> group, long number)
        {
            var length = NonceLength + group.Length + TagLength;
            if (_sealed.Length < length)
                (_sealed, _line) = (new byte[2 * length], new byte[Base64.GetMaxEncodedToUtf8Length(2 * length) + 1]);
            var nonce = _sealed.AsSpan(0, NonceLength);
            RandomNumberGenerator.Fill(nonce);
            _cipher.Encrypt(nonce, group, _sealed.AsSpan(NonceLength, group.Length), _sealed.AsSpan(NonceLength + group.Length, TagLength), Label(number));
            Base64.EncodeToUtf8(_sealed.AsSpan(0, length), _line, out _, out var written);
            _line[written] = (byte)'\n';
            return _line.AsSpan(0, written + 1);
        }

        public byte[] Unseal(byte[] line, long number)
        {
            var bytes = new byte[line.Length];
            if (!Convert.TryFromBase64String(Encoding.ASCII.GetString(line), bytes, out var length) || length < NonceLength + TagLength)
                throw Broken();
            var group = new byte[length - NonceLength - TagLength];
            try
            {
                _cipher.Decrypt(bytes.AsSpan(0, NonceLength), bytes.AsSpan(NonceLength, group.Length), bytes.AsSpan(NonceLength + group.Length, TagLength), group, Label(number));
                return group;
            }
            catch (AuthenticationTagMismatchException)
            {
                throw Broken();
            }
        }

        public void Dispose() => _cipher.Dispose();

        private byte[] Label(long number)
        {
            BinaryPrimitives.WriteInt64LittleEndian(_label.AsSpan(IdLength), number);
            return _label;
        }

        private static InvalidDataException Broken() => new("A day's file was changed, or its key is another one. Restore the folder and its key from one backup.");
    }
}
