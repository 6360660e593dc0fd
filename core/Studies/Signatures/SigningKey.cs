using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace FederatedClinicalMl.Studies;

/// <summary>
/// A signing key: ECDSA over P-256 with SHA-256 (FIPS 186-5). Every signed message begins with a context string, so that a signature
/// made for one purpose is worth nothing for another. Signatures are 64 bytes, IEEE P1363.
/// </summary>
public sealed class SigningKey : IDisposable
{
    private readonly ECDsa _key;

    private SigningKey(ECDsa key)
    {
        _key = key;
        PublicKey = new VerifyingKey(key.ExportSubjectPublicKeyInfo());
    }

    /// <summary>The public half.</summary>
    public VerifyingKey PublicKey { get; }

    /// <summary>Makes a new key from the operating system's generator.</summary>
    public static SigningKey Create() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>Reads a key from PKCS#8 PEM.</summary>
    /// <exception cref="CryptographicException">The text holds no P-256 private key.</exception>
    public static SigningKey FromPem(string pem)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
            if (key.KeySize != 256)
                throw new CryptographicException($"The key has {key.KeySize} bits; an ECDSA P-256 key is needed.");
            return new SigningKey(key);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    /// <summary>The key as PKCS#8 PEM. Whoever stores it restricts the file to its own account.</summary>
    public string ToPem() => _key.ExportPkcs8PrivateKeyPem();

    /// <summary>Signs <paramref name="message"/> for the purpose named by <paramref name="context"/> (see <see cref="SignatureContext"/>).</summary>
    public byte[] Sign(string context, ReadOnlySpan<byte> message) =>
        _key.SignData(SignatureContext.Bind(context, message), HashAlgorithmName.SHA256);

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();
}

/// <summary>The public half of a <see cref="SigningKey"/>: a DER SubjectPublicKeyInfo.</summary>
public sealed class VerifyingKey(byte[] subjectPublicKeyInfo) : IEquatable<VerifyingKey>
{
    private const int MostKept = 1024;
    private const int MostVerified = 4096;

    // Reading a key checks its point, which takes twice as long as verifying with it; so each is read once for all who have it. Strangers' keys only make it be read again.
    private static readonly ConcurrentDictionary<Sha256Digest, Lazy<ECDsa?>> s_read = new();

    // SHA-256 of key, signature and signed bytes that belong together: what was right once is right always, and a coordinator looks at each message twice, when it comes and when it is merged.
    private static readonly ConcurrentDictionary<Sha256Digest, bool> s_verified = new();

    /// <summary>DER SubjectPublicKeyInfo.</summary>
    public ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; } = subjectPublicKeyInfo;

    /// <summary>SHA-256 of the SubjectPublicKeyInfo: what stewards compare out of band.</summary>
    public Sha256Digest Fingerprint { get; } = Sha256Digest.Of(subjectPublicKeyInfo);

    /// <summary>Whether <paramref name="signature"/> was made by this key over this message for this purpose. Malformed keys verify nothing.</summary>
    public bool Verify(string context, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (Read() is not { } key)
            return false;
        var bound = SignatureContext.Bind(context, message);
        var name = Sha256Digest.Of([.. Fingerprint.Span, .. Sha256Digest.Of(signature).Span, .. bound]);
        if (s_verified.ContainsKey(name))
            return true;
        lock (key) // the platform promises nothing for several threads
        {
            if (!key.VerifyData(bound, signature, HashAlgorithmName.SHA256))
                return false;
        }

        if (s_verified.Count >= MostVerified)
            s_verified.Clear();
        s_verified.TryAdd(name, true);
        return true;
    }

    /// <inheritdoc/>
    public bool Equals(VerifyingKey? other) => other is not null && SubjectPublicKeyInfo.Span.SequenceEqual(other.SubjectPublicKeyInfo.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as VerifyingKey);

    /// <inheritdoc/>
    public override int GetHashCode() => Fingerprint.GetHashCode();

    // Null where it is malformed.
    private ECDsa? Read()
    {
        if (!s_read.TryGetValue(Fingerprint, out var read))
        {
            if (s_read.Count >= MostKept)
                s_read.Clear();
            read = s_read.GetOrAdd(Fingerprint, _ => new Lazy<ECDsa?>(() => Import(SubjectPublicKeyInfo.Span)));
        }

        return read.Value;
    }

    private static ECDsa? Import(ReadOnlySpan<byte> subjectPublicKeyInfo)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportSubjectPublicKeyInfo(subjectPublicKeyInfo, out var read);
            if (read == subjectPublicKeyInfo.Length && key.KeySize == 256)
                return key;
        }
        catch (Exception fault) when (fault is CryptographicException or PlatformNotSupportedException)
        {
            // not a key, or on a curve that this platform has never heard of: it has signed nothing
        }

        key.Dispose();
        return null;
    }
}

/// <summary>The purposes of signatures. A message is signed as <c>context || 0x00 || message</c>.</summary>
public static class SignatureContext
{
    /// <summary>A submitter's signature over a study's canonical bytes.</summary>
    public const string Study = "fcml-study-v1";

    /// <summary>A worker's signature over a release's manifest.</summary>
    public const string Release = "fcml-release-v1";

    /// <summary>A signature over an entry of a chained log.</summary>
    public const string LogEntry = "fcml-log-v1";

    /// <summary>A worker's proof that it holds its key, bound to a challenge.</summary>
    public const string WorkerKey = "fcml-worker-key";

    /// <summary>A worker's signature over a steward's verdict.</summary>
    public const string Verdict = "fcml-verdict-v1";

    /// <summary>The coordinator's signature over a round's participation record.</summary>
    public const string RoundRecord = "fcml-round-record-v1";

    /// <summary>The coordinator's signature over a registry entry's manifest.</summary>
    public const string Model = "fcml-model-v1";

    /// <summary>A worker's signature over a message of secure aggregation, whose first bytes tell its kind.</summary>
    public const string SecureAggregation = "fcml-secure-aggregation-v1";

    /// <summary>A worker's signature over the head of its privacy ledger, and whoever countersigns it.</summary>
    public const string LedgerHead = "fcml-ledger-head-v1";

    /// <summary>A worker's signature over the statement that its key gives way to a new one, and the new one's over the same.</summary>
    public const string KeyRenewal = "fcml-key-renewal-v1";

    /// <summary>A worker's signature over what came of computing its part of a run again.</summary>
    public const string Replay = "fcml-replay-v1";

    /// <summary>A worker's signature over the list of what it has released.</summary>
    public const string ReleaseList = "fcml-release-list-v1";

    /// <summary>The coordinator's signature over what it wants sites to serve of a line of models.</summary>
    public const string Serving = "fcml-serving-v1";

    internal static byte[] Bind(string context, ReadOnlySpan<byte> message)
    {
        var prefix = System.Text.Encoding.ASCII.GetBytes(context);
        var bound = new byte[prefix.Length + 1 + message.Length];
        prefix.CopyTo(bound, 0);
        message.CopyTo(bound.AsSpan(prefix.Length + 1));
        return bound;
    }
}
