using System.Buffers.Binary;
using System.Security.Cryptography;

namespace FederatedClinicalMl.Durability;

/// <summary>An open file of a <see cref="SealedDisk"/>. Holds one chunk in the clear, so that small reads and appends cost one decryption, not many.</summary>
internal sealed class SealedFile : IDiskFile
{
    private const int HeaderLength = 8 + IdLength;
    private const int IdLength = 16;
    private const int ChunkLength = 64 << 10;
    private const int NonceLength = 12;
    private const int TagLength = 16;
    private const int Overhead = NonceLength + TagLength;

    private readonly IDiskFile _file;
    private readonly Func<string, SealBrokenException> _broken; // what is wrong, as the end of a sentence
    private readonly AesGcm _cipher;
    private readonly byte[] _sealed = new byte[ChunkLength + Overhead];

    // The chunk that was read or written last, in the clear. Its nonce says whether it still is what lies on the disk: each writing has another.
    private readonly byte[] _plain = new byte[ChunkLength];
    private readonly byte[] _heldNonce = new byte[NonceLength];
    private (long Index, int Length, bool IsLast) _held = (-1, 0, false);

    public SealedFile(IDiskFile file, DiskMode mode, ReadOnlySpan<byte> diskKey, Func<string, SealBrokenException> broken)
    {
        (_file, _broken) = (file, broken);
        var isNew = mode != DiskMode.Read && file.Length == 0; // also one whose making was killed before its header was written
        var header = new byte[HeaderLength];
        if (isNew)
        {
            Format.CopyTo(header);
            RandomNumberGenerator.Fill(header.AsSpan(Format.Length));
            file.Write(0, header);
        }
        else if (file.Read(0, header) < HeaderLength || !header.AsSpan().StartsWith(Format))
        {
            throw broken("its beginning is not that of a sealed file. It was written by a version that did not seal, or is cut");
        }

        var key = new byte[SealedDisk.KeyLength];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, diskKey, key, salt: header.AsSpan(Format.Length), info: "fcml-sealed-file-v1"u8);
        _cipher = new AesGcm(key, TagLength);
        CryptographicOperations.ZeroMemory(key);
        try
        {
            if (isNew)
                Seal(0, 0, isLast: true); // an empty file has an empty chunk: else a file cut to its header would pass for one
            else
                Unseal(LastOf(Length), Length);
        }
        catch
        {
            _cipher.Dispose();
            throw;
        }
    }

    public long Length
    {
        get
        {
            var body = _file.Length - HeaderLength;
            var (whole, rest) = Math.DivRem(body, ChunkLength + Overhead);
            return (whole, rest) switch
            {
                ( > 0, 0) => whole * ChunkLength,
                (0, Overhead) => 0,
                ( >= 0, > Overhead) => (whole * ChunkLength) + rest - Overhead,
                _ => throw _broken("it is cut"),
            };
        }
    }

    private static ReadOnlySpan<byte> Format => "FCMLSEA1"u8;

    public int Read(long offset, Span<byte> buffer)
    {
        var length = Length;
        var count = (int)Math.Clamp(length - offset, 0, buffer.Length);
        for (var done = 0; done < count;)
        {
            var (index, start) = Math.DivRem(offset + done, ChunkLength);
            Unseal(index, length);
            var part = _plain.AsSpan((int)start, Math.Min(_held.Length - (int)start, count - done));
            part.CopyTo(buffer[done..]);
            done += part.Length;
        }

        return count;
    }

    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return;
        if (offset > Length)
            Lengthen(offset);
        Put(offset, bytes);
    }

    public void Truncate(long length)
    {
        var before = Length;
        if (length > before)
        {
            Lengthen(length);
        }
        else if (length < before)
        {
            var last = LastOf(length);
            Unseal(last, before);
            _file.Truncate(PlaceOf(last));
            Seal(last, (int)(length - (last * ChunkLength)), isLast: true);
        }
    }

    public void Sync() => _file.Sync();

    public void Dispose()
    {
        _cipher.Dispose();
        CryptographicOperations.ZeroMemory(_plain);
        _file.Dispose();
    }

    private static long LastOf(long length) => Math.Max(0, length - 1) / ChunkLength;

    private static long PlaceOf(long index) => HeaderLength + (index * (ChunkLength + Overhead));

    private void Lengthen(long length)
    {
        var zeros = new byte[ChunkLength];
        for (var at = Length; at < length; at = Length)
            Put(at, zeros.AsSpan(0, (int)Math.Min(ChunkLength, length - at)));
    }

    // Writes inside the file or right at its end.
    private void Put(long offset, ReadOnlySpan<byte> bytes)
    {
        var before = Length;
        var after = Math.Max(before, offset + bytes.Length);
        // A chunk that was the last one and is so no longer is sealed anew, whether or not any of the bytes are in it.
        var first = LastOf(after) > LastOf(before) ? Math.Min(LastOf(before), offset / ChunkLength) : offset / ChunkLength;
        for (var index = first; index <= (offset + bytes.Length - 1) / ChunkLength; index++)
        {
            var begin = index * ChunkLength;
            var had = (int)Math.Clamp(before - begin, 0, ChunkLength);
            var (from, to) = (Math.Max(offset, begin), Math.Min(offset + bytes.Length, begin + ChunkLength));
            if (had > 0 && (from > begin || to < begin + had))
                Unseal(index, before);
            if (to > from)
                bytes[(int)(from - offset)..(int)(to - offset)].CopyTo(_plain.AsSpan((int)(from - begin)));
            Seal(index, (int)(Math.Min(after, begin + ChunkLength) - begin), isLast: index == LastOf(after));
        }
    }

    // Writes the chunk that is held in the clear.
    private void Seal(long index, int length, bool isLast)
    {
        _held = (-1, 0, false);
        var nonce = _sealed.AsSpan(0, NonceLength);
        RandomNumberGenerator.Fill(nonce);
        _cipher.Encrypt(nonce, _plain.AsSpan(0, length), _sealed.AsSpan(NonceLength, length), _sealed.AsSpan(NonceLength + length, TagLength), Label(stackalloc byte[9], index, isLast));
        _file.Write(PlaceOf(index), _sealed.AsSpan(0, length + Overhead));
        nonce.CopyTo(_heldNonce);
        _held = (index, length, isLast);
    }

    // Reads a chunk of a file of a length, unless it is the one that is held.
    private void Unseal(long index, long fileLength)
    {
        var length = (int)Math.Min(ChunkLength, fileLength - (index * ChunkLength));
        var isLast = index == LastOf(fileLength);
        var nonce = _sealed.AsSpan(0, NonceLength);
        if (_held == (index, length, isLast) && _file.Read(PlaceOf(index), nonce) == NonceLength && nonce.SequenceEqual(_heldNonce))
            return;
        _held = (-1, 0, false);
        if (_file.Read(PlaceOf(index), _sealed.AsSpan(0, length + Overhead)) < length + Overhead)
            throw _broken("it is cut");
        try
        {
            _cipher.Decrypt(nonce, _sealed.AsSpan(NonceLength, length), _sealed.AsSpan(NonceLength + length, TagLength), _plain.AsSpan(0, length), Label(stackalloc byte[9], index, isLast));
        }
        catch (AuthenticationTagMismatchException)
        {
            throw _broken("its key is another one, or its bytes were changed, cut or only partly written");
        }

        nonce.CopyTo(_heldNonce);
        _held = (index, length, isLast);
    }

    // What a chunk is, authenticated with it. The file's id is in its key.
    private static Span<byte> Label(Span<byte> label, long index, bool isLast)
    {
        BinaryPrimitives.WriteInt64LittleEndian(label, index);
        label[8] = isLast ? (byte)1 : (byte)0;
        return label;
    }
}
