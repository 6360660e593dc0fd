using System.Text.Json.Nodes;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Durability;

/// <summary>
/// An append-only, hash-chained, signed log: one canonical JSON object per line, <c>{"at", "body", "hash", "kind", "previous",
/// "sequence", "signature"}</c>.
/// <para>
/// Opening checks every line, number, link and hash, and the signature of the last entry, which vouches for all before it since each
/// hash covers the entry before, signature included. <see cref="Verify"/> also checks each signature. So a changed, removed, added or
/// moved entry is found when the log is opened, and the log is then refused (<see cref="LogBrokenException"/>).
/// </para>
/// <para>
/// What the file alone cannot show is that entries at its END were removed, for a shorter log is a valid log; whoever must know that
/// keeps the head elsewhere (<see cref="Head"/>) and compares. For the same reason the torn last line that a crash leaves is cut off,
/// not refused; <see cref="TornBytes"/> tells how much.
/// </para>
/// <para>
/// A log outlives its key: an entry <see cref="KeyRenewed"/> is signed by the key before and names, with both keys' signatures, the one that signs from there on. The key that the log is held
/// against is the last one; those before it are what leads to it.
/// </para>
/// Not for use by several threads at once.
/// </summary>
public sealed class ChainedLog : IDisposable
{
    /// <summary>The kind of the entry whose <c>renewal</c> (<see cref="KeyRenewal"/>) names the key of all entries after it.</summary>
    public const string KeyRenewed = "key-renewed";

    private readonly LineLog _lines;
    private readonly SigningKey _key;
    private readonly TimeProvider _time;
    private readonly List<LogEntry> _entries;

    private ChainedLog(LineLog lines, List<LogEntry> entries, SigningKey key, TimeProvider time)
    {
        _lines = lines;
        _entries = entries;
        _key = key;
        _time = time;
    }

    /// <summary>All entries, in order.</summary>
    public IReadOnlyList<LogEntry> Entries => _entries;

    /// <summary>Hash of the last entry; all zero where there is none.</summary>
    public Sha256Digest Head => _entries.Count == 0 ? default : _entries[^1].Hash;

    /// <summary>How many bytes of a torn last line were cut off when the log was opened.</summary>
    public int TornBytes => _lines.TornBytes;

    /// <summary>Opens a log, and makes it if it is missing; its directory must exist.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="path">The log's file.</param>
    /// <param name="key">Signs what is appended, and must be the key of what is there.</param>
    /// <param name="time">The clock of the entries.</param>
    /// <exception cref="LogBrokenException">The log does not hold what was written to it.</exception>
    public static ChainedLog Open(IDisk disk, string path, SigningKey key, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(key);
        var lines = LineLog.Open(disk, path, out var content);
        try
        {
            return new ChainedLog(lines, Check(path, content, key.PublicKey, everySignature: false, isAppended: true), key, time);
        }
        catch
        {
            lines.Dispose();
            throw;
        }
    }

    /// <summary>Reads the entries of a log without changing it, for whoever only looks; another may be writing it.</summary>
    /// <exception cref="LogBrokenException">An entry, a link or the last signature is wrong.</exception>
    public static IReadOnlyList<LogEntry> Read(IDisk disk, string path, VerifyingKey key) => Check(path, LineLog.Read(disk, path, out _), key, everySignature: false);

    /// <summary>Reads a log without changing it and checks everything in it, every signature included.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="path">The log's file.</param>
    /// <param name="key">As in <see cref="Read"/>.</param>
    public static LogVerification Verify(IDisk disk, string path, VerifyingKey key)
    {
        var content = LineLog.Read(disk, path, out var torn);
        try
        {
            var entries = Check(path, content, key, everySignature: true);
            return new LogVerification(entries.Count, entries.Count == 0 ? default : entries[^1].Hash, torn, null);
        }
        catch (LogBrokenException broken)
        {
            return new LogVerification(broken.Sequence - 1, default, torn, broken);
        }
    }

    /// <summary>Appends an entry and returns once it is durable.</summary>
    /// <param name="kind">What it records.</param>
    /// <param name="body">What is recorded.</param>
    /// <param name="accept">Hears the entry before it is written; by an exception it keeps it out, for what is in the log stays there.</param>
    /// <exception cref="IOException">The disk refused; the log is as it was (see <see cref="LineLog.Append"/>).</exception>
    public LogEntry Append(string kind, JsonObject body, Action<LogEntry>? accept = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(kind);
        ArgumentNullException.ThrowIfNull(body);
        if (kind == KeyRenewed && RenewalOf(body)?.Old.Equals(_key.PublicKey) != true)
            throw new ArgumentException("A log's key is renewed by what its own key has signed.", nameof(body));
        if (_entries is [.., { Kind: KeyRenewed } renewed] && !RenewalOf(renewed.Body)!.New.Equals(_key.PublicKey))
            throw new InvalidOperationException("The log's key was renewed: it is opened again with the new one.");
        var entry = LogEntry.Make(_entries.Count + 1, _time.GetUtcNow(), kind, body, Head, _key);
        accept?.Invoke(entry);
        _lines.Append(entry.Line.Span);
        _entries.Add(entry);
        return entry;
    }

    /// <inheritdoc/>
    public void Dispose() => _lines.Dispose();

    private static List<LogEntry> Check(string path, IReadOnlyList<ReadOnlyMemory<byte>> lines, VerifyingKey key, bool everySignature, bool isAppended = false)
    {
        var entries = new List<LogEntry>(lines.Count);
        var previous = default(Sha256Digest);
        var signer = FirstSigner(lines) ?? key;
        for (var i = 0; i < lines.Count; i++)
        {
            try
            {
                var entry = LogEntry.Parse(lines[i], i + 1, previous, out var signature);
                var (isLast, isRenewal) = (i == lines.Count - 1, entry.Kind == KeyRenewed);
                if ((everySignature || isLast || isRenewal) && !signature.IsBy(signer))
                    throw new FormatException($"its signature is not by the key with the fingerprint {signer.Fingerprint}.");
                var ends = signer;
                if (isRenewal)
                    signer = RenewalOf(entry.Body) is { } renewal && renewal.Old.Equals(signer) ? renewal.New : throw new FormatException("it renews the key, and the key before has not signed that.");
                if (isLast && !signer.Equals(key) && (isAppended || !ends.Equals(key)))
                    throw new FormatException($"the log's key has the fingerprint {signer.Fingerprint} from here on; it is held against {key.Fingerprint}.");
                entries.Add(entry);
                previous = entry.Hash;
            }
            catch (FormatException fault)
            {
                throw new LogBrokenException(path, i + 1, fault.Message);
            }
        }

        return entries;
    }

    // Only a claim: it holds where the renewals lead from it, each signed by the key before, to the key that the log is held against.
    private static VerifyingKey? FirstSigner(IEnumerable<ReadOnlyMemory<byte>> lines)
    {
        foreach (var line in lines)
        {
            if (line.Span.IndexOf("\"kind\":\"key-renewed\""u8) < 0)
                continue;
            try
            {
                return CanonicalJson.Read(line.Span) is JsonObject entry && entry["body"] is JsonObject body ? RenewalOf(body)?.Old : null;
            }
            catch (FormatException)
            {
                return null; // no entry: said when its turn comes
            }
        }

        return null;
    }

    private static KeyRenewal? RenewalOf(JsonObject body) => KeyRenewal.Read(body["renewal"]);
}

/// <summary>What <see cref="ChainedLog.Verify"/> found.</summary>
/// <param name="Entries">Number of entries that are right, from the start.</param>
/// <param name="Head">Hash of the last one where the log is intact.</param>
/// <param name="TornBytes">Bytes of a torn last line that a crash left; they are cut off when the log is opened.</param>
/// <param name="Fault">The first broken entry, and how; null where the log is intact.</param>
public sealed record LogVerification(long Entries, Sha256Digest Head, int TornBytes, LogBrokenException? Fault)
{
    /// <summary>Whether nothing is broken.</summary>
    public bool Intact => Fault is null;

    /// <summary>Whether nothing is broken and the last line is whole: a changed line end looks the same as a torn line.</summary>
    public bool IsWhole => Intact && TornBytes == 0;

    /// <summary>
    /// What was found, in a sentence: the number of entries and the head, or the line that is wrong and how. The line is that of the file, from
    /// 1, which is also the entry's number.
    /// </summary>
    public string Describe() => Fault is { } fault ? $"line {fault.Sequence} is BROKEN: {fault.How} The {Entries} entries before it are right."
        : TornBytes > 0 ? $"line {Entries + 1} is not whole ({TornBytes} bytes): a crash cut it off, it is being written just now, or its end was changed. The {Entries} entries before it are right."
        : $"intact: {Entries} entries, head {Head}";
}
