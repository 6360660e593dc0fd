using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// Secret pseudo-random bytes for sampling, noise and masks: AES-256 in counter mode (NIST SP 800-38A, 6.5; counter blocks from 0, big-endian), keyed
/// by HKDF-SHA256 (RFC 5869) of a secret and everything that the bytes may depend on. The same secret, purpose and inputs give the same bytes on every
/// machine and after every restart; any other input gives bytes that nobody can relate to them. Not for use by several threads at once.
/// </summary>
public sealed class KeyStream : IDisposable
{
    private const int BlockLength = 16;

    // Counter blocks are encrypted in place, so many at a time that a call costs nothing, so few that they stay in the first-level cache.
    private readonly byte[] _buffer = new byte[1024 * BlockLength];
    private readonly Aes _aes;
    private readonly ICryptoTransform _encryptor;
    private ulong _counter;
    private int _used;

    private KeyStream(byte[] key)
    {
        _aes = Aes.Create();
        _aes.Mode = CipherMode.ECB;
        _aes.Padding = PaddingMode.None;
        _aes.Key = key;
        _encryptor = _aes.CreateEncryptor();
        _used = _buffer.Length;
    }

    /// <summary>The stream that a secret, a purpose and inputs name.</summary>
    /// <param name="secret">At least 32 uniform secret bytes: a run's root, or what a key agreement gave.</param>
    /// <param name="purpose">What the bytes are for, a constant of the code such as "fcml-noise-v1".</param>
    /// <param name="inputs">All else that they may depend on, in one unambiguous form: a digest of it, where there is much.</param>
    /// <exception cref="ArgumentException">The secret is shorter, or the purpose is empty or no ASCII.</exception>
    public static KeyStream Derive(ReadOnlySpan<byte> secret, string purpose, ReadOnlySpan<byte> inputs)
    {
        ArgumentException.ThrowIfNullOrEmpty(purpose);
        if (secret.Length < 32)
            throw new ArgumentException("A key stream is derived from at least 32 secret bytes.", nameof(secret));
        if (!Ascii.IsValid(purpose) || purpose.Contains('\n'))
            throw new ArgumentException("A purpose is one line of ASCII.", nameof(purpose));

        // A line feed ends the purpose, so that no purpose with inputs is another purpose with others.
        byte[] info = [.. Encoding.ASCII.GetBytes(purpose), (byte)'\n', .. inputs];
        var key = new byte[32];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, key, salt: default, info);
        var stream = new KeyStream(key);
        CryptographicOperations.ZeroMemory(key);
        return stream;
    }

    /// <summary>The next bytes of the stream.</summary>
    public void Fill(Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            if (_used == _buffer.Length)
                Refill();
            var count = Math.Min(destination.Length, _buffer.Length - _used);
            _buffer.AsSpan(_used, count).CopyTo(destination);
            _used += count;
            destination = destination[count..];
        }
    }

    /// <summary>The next 8 bytes, little-endian.</summary>
    public ulong NextUInt64()
    {
        // Every other draw is of 8 bytes, so that the buffer ends between two of them; where it does not, the word is put together.
        if (_buffer.Length - _used >= sizeof(ulong))
        {
            var word = BinaryPrimitives.ReadUInt64LittleEndian(_buffer.AsSpan(_used));
            _used += sizeof(ulong);
            return word;
        }

        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        Fill(bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    /// <summary>Adds the stream's next words, little-endian, to those given, modulo 2^32 or 2^64, without a copy between.</summary>
    /// <typeparam name="T"><see cref="uint"/> or <see cref="ulong"/>.</typeparam>
    /// <exception cref="InvalidOperationException">Bytes were drawn before that are not whole words.</exception>
    public void AddTo<T>(Span<T> words)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => Combine(words, subtract: false);

    /// <summary>Subtracts the stream's next words: undoes <see cref="AddTo"/> by the same part of the same stream.</summary>
    /// <inheritdoc cref="AddTo"/>
    public void SubtractFrom<T>(Span<T> words)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => Combine(words, subtract: true);

    /// <inheritdoc/>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_buffer);
        _encryptor.Dispose();
        _aes.Dispose();
    }

    private void Combine<T>(Span<T> words, bool subtract)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (!BitConverter.IsLittleEndian)
            throw new PlatformNotSupportedException("Masks are added in place as little-endian words; this machine is big-endian.");
        if (_used % Unsafe.SizeOf<T>() != 0)
            throw new InvalidOperationException("The bytes that were drawn before are not whole words; draw only words from a stream of masks.");
        while (words.Length > 0)
        {
            if (_used == _buffer.Length)
                Refill();
            var stream = MemoryMarshal.Cast<byte, T>(_buffer.AsSpan(_used));
            var count = Math.Min(words.Length, stream.Length);
            Combine(words[..count], stream[..count], subtract);
            _used += count * Unsafe.SizeOf<T>();
            words = words[count..];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Combine<T>(Span<T> words, ReadOnlySpan<T> stream, bool subtract)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        var target = MemoryMarshal.Cast<T, Vector<T>>(words);
        var source = MemoryMarshal.Cast<T, Vector<T>>(stream)[..target.Length];
        for (var i = 0; i < source.Length; i++)
            target[i] = subtract ? target[i] - source[i] : target[i] + source[i];
        for (var i = target.Length * Vector<T>.Count; i < words.Length; i++)
            words[i] = unchecked(subtract ? words[i] - stream[i] : words[i] + stream[i]);
    }

    private void Refill()
    {
        var blocks = MemoryMarshal.Cast<byte, ulong>(_buffer.AsSpan());
        for (var at = 0; at < blocks.Length; at += 2)
        {
            blocks[at] = 0;
            blocks[at + 1] = BinaryPrimitives.ReverseEndianness(_counter++);
        }

        _encryptor.TransformBlock(_buffer, 0, _buffer.Length, _buffer, 0);
        _used = 0;
    }
}
